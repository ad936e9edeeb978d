// How the gRPC port is guarded: TLS, API keys, both or neither.
//
// Keys are checked by gRPC's own hook for that, before a call reaches any service. So the check
// holds for every method of every service, reflection and methods to come included, and none can
// forget it. The C++ interface has the hook for TLS alone; the C interface, which is used here, for
// every kind of port.
#ifndef TQDB_SERVER_GRPC_CREDENTIALS_H_
#define TQDB_SERVER_GRPC_CREDENTIALS_H_

#include <functional>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "grpcpp/security/server_credentials.h"
#include "server/security/api_keys.h"
#include "server/security/tls.h"

namespace tqdb::server {

struct Guard {
  std::optional<TlsMaterial> tls;
  std::shared_ptr<const ApiKeys> keys;  // null: everybody may call
  // Told of every call that is refused, on threads of gRPC. May be empty.
  std::function<void(absl::StatusCode)> on_refused;
};

std::shared_ptr<grpc::ServerCredentials> MakeCredentials(Guard guard);

}  // namespace tqdb::server

#endif  // TQDB_SERVER_GRPC_CREDENTIALS_H_
