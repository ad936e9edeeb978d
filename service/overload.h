// The status of a call that is refused because the server has too much to do.
//
// Thread-safe: free functions without state.
#ifndef TQDB_SERVICE_OVERLOAD_H_
#define TQDB_SERVICE_OVERLOAD_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace tqdb::service {

// Returns RESOURCE_EXHAUSTED that is worth another try after `retry_after_s` seconds. A full disk
// has the same code without a delay, because another try would not help.
absl::Status OverloadedError(absl::string_view message, int retry_after_s);

// Returns the delay of an OverloadedError in seconds, and nothing for every other status.
std::optional<int> RetryAfterS(const absl::Status& status);

}  // namespace tqdb::service

#endif  // TQDB_SERVICE_OVERLOAD_H_
