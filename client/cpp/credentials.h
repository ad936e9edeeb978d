// Credentials of a connection: TLS and the API key. Internal to the library.
//
// gRPC reports bad files and keys only as a failed connection, much later. So everything is checked
// here, with messages that name the option.
#ifndef TQDB_CLIENT_CPP_CREDENTIALS_H_
#define TQDB_CLIENT_CPP_CREDENTIALS_H_

#include <grpcpp/security/credentials.h>

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cpp/client.h"

namespace tqdb::client {

// Returns the credentials of a channel. InvalidArgument names the option and the fault. Errors of
// reading a file name the option and the path.
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeCredentials(const TlsOptions& tls);

// Returns InvalidArgument if the key cannot be sent as metadata of HTTP/2. The message does not
// contain the key, because messages end up in logs.
absl::Status CheckApiKey(absl::string_view key);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CPP_CREDENTIALS_H_
