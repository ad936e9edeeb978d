// What a connection proves and checks: TLS and the API key. Internal to the library.
#ifndef TQDB_CLIENT_CPP_CREDENTIALS_H_
#define TQDB_CLIENT_CPP_CREDENTIALS_H_

#include <grpcpp/security/credentials.h>

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cpp/client.h"

namespace tqdb::client {

// Of a channel. InvalidArgument names the option and what is wrong with it; an error of a file its
// path.
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeCredentials(const TlsOptions& tls);

// InvalidArgument when the key cannot travel as metadata. The message does not hold it.
absl::Status CheckApiKey(absl::string_view key);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CPP_CREDENTIALS_H_
