// Who may call what.
//
// Thread-safe: free functions without state. A protocol finds the role of its caller, for example
// from an API key, and asks here before it dispatches the call.
#ifndef TQDB_SERVICE_ROLE_H_
#define TQDB_SERVICE_ROLE_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "service/method.h"

namespace tqdb::service {

enum class Role {
  kReader,  // may call methods that change nothing
  kWriter,  // may call every method
};

// Returns OK when the role may call the method, otherwise PermissionDenied. `method` is empty when
// the protocol does not know the name: a new method stays closed to readers until it is listed.
// `name` is the method as the caller wrote it, for the message.
absl::Status CheckRole(Role role, std::optional<Method> method, absl::string_view name);

}  // namespace tqdb::service

#endif  // TQDB_SERVICE_ROLE_H_
