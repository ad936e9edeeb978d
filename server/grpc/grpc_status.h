// Converts absl::Status to grpc::Status.
//
// Thread-safe: free functions without state.
#ifndef TQDB_SERVER_GRPC_GRPC_STATUS_H_
#define TQDB_SERVER_GRPC_GRPC_STATUS_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/status.h"

namespace tqdb::server {

// Longest message that is sent, in bytes. It is part of the HTTP/2 trailers, which many peers cap
// at 8 KiB after percent-encoding (three bytes for one).
inline constexpr size_t kMaxStatusMessageBytes = 2000;

// Returns a status with the same code, and with the message cut to kMaxStatusMessageBytes. The two
// enumerations of codes are equal by design.
grpc::Status ToGrpc(const absl::Status& status);

// Returns `message`, cut to kMaxStatusMessageBytes with a mark if it is longer. Never cuts within a
// UTF-8 character.
std::string StatusMessage(absl::string_view message);

// Adds the trailing metadata `retry-after`, in seconds, when the status says that another try is
// worth while after a delay.
void AddRetryAfter(const absl::Status& status, grpc::ServerContextBase* context);

}  // namespace tqdb::server

#endif  // TQDB_SERVER_GRPC_GRPC_STATUS_H_
