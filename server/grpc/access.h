// Decides by the path and the metadata of a gRPC call whether the call may reach its service.
//
// Thread-safe: free functions without state.
#ifndef TQDB_SERVER_GRPC_ACCESS_H_
#define TQDB_SERVER_GRPC_ACCESS_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "server/security/api_keys.h"
#include "service/method.h"

namespace tqdb::server {

// Returns OK when the call may go on. `path` is the path of the method, for example
// "/tqdb.v1.PointService/Search", and `authorization` is the metadata of that name. Health
// (grpc.health.v1) is open to everybody, and reflection to every key. Returns Unauthenticated when
// there is no key or an unknown one, and PermissionDenied when a read-only key may not call it.
absl::Status Authorize(const ApiKeys& keys, absl::string_view path,
                       std::optional<absl::string_view> authorization);

// Returns the method of a path; nullopt when the path does not belong to the API.
std::optional<service::Method> MethodOf(absl::string_view path);

}  // namespace tqdb::server

#endif  // TQDB_SERVER_GRPC_ACCESS_H_
