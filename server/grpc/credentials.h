// Guards the gRPC port: with TLS, API keys, both or neither.
//
// gRPC's own hook checks the keys, before a call reaches any service. So the check covers every
// method of every service, reflection and future methods included, and no method can forget it. The
// C++ interface has this hook for TLS only. The C interface, which is used here, has it for every
// kind of port.
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
  // Called for every refused call with the code of its status, on threads of gRPC. May be empty.
  std::function<void(absl::StatusCode)> on_refused;
};

// Returns the credentials of a port with this guard.
std::shared_ptr<grpc::ServerCredentials> MakeCredentials(Guard guard);

}  // namespace tqdb::server

#endif  // TQDB_SERVER_GRPC_CREDENTIALS_H_
