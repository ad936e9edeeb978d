#include "server/grpc/credentials.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "grpc/grpc.h"
#include "grpc/grpc_security.h"
#include "grpc/slice.h"
#include "grpc/status.h"
#include "server/grpc/access.h"
#include "server/grpc/grpc_status.h"

namespace tqdb::server {

namespace {

// State of the hook. It lives as long as gRPC keeps the port.
struct Checker {
  std::shared_ptr<const ApiKeys> keys;
  std::function<void(absl::StatusCode)> on_refused;
};

absl::string_view View(const grpc_slice& slice) {
  return absl::string_view(reinterpret_cast<const char*>(GRPC_SLICE_START_PTR(slice)),
                           GRPC_SLICE_LENGTH(slice));
}

// Checks the key of a call. It answers on the thread that read the call's metadata, because a
// digest and a few comparisons take too little time for another thread.
void Check(void* state, grpc_auth_context*, const grpc_metadata* metadata, size_t count,
           grpc_process_auth_metadata_done_cb done, void* call) {
  const auto* checker = static_cast<const Checker*>(state);
  absl::string_view path;
  std::optional<absl::string_view> authorization;
  const grpc_metadata* consumed = nullptr;  // services have no use for a key
  for (size_t i = 0; i < count; ++i) {
    const absl::string_view key = View(metadata[i].key);
    if (key == ":path") path = View(metadata[i].value);
    if (key == "authorization") {
      authorization = View(metadata[i].value);
      consumed = &metadata[i];
    }
  }
  const absl::Status status = Authorize(*checker->keys, path, authorization);
  if (status.ok()) {
    done(call, consumed, consumed == nullptr ? 0 : 1, nullptr, 0, GRPC_STATUS_OK, nullptr);
    return;
  }
  if (checker->on_refused) checker->on_refused(status.code());
  // The numbers of both enumerations are the same.
  done(call, nullptr, 0, nullptr, 0, static_cast<grpc_status_code>(status.code()),
       StatusMessage(status.message()).c_str());
}

void Destroy(void* state) { delete static_cast<Checker*>(state); }

// The credentials of a port, made through gRPC's C interface for the reason that credentials.h
// gives. The C++ server only needs something that can add a port.
class GuardedCredentials final : public grpc::ServerCredentials {
 public:
  explicit GuardedCredentials(const Guard& guard) {
    if (guard.tls.has_value()) {
      grpc_ssl_pem_key_cert_pair pair = {guard.tls->key.c_str(), guard.tls->certificate.c_str()};
      const bool ask = !guard.tls->client_ca.empty();
      credentials_ = grpc_ssl_server_credentials_create_ex(
          ask ? guard.tls->client_ca.c_str() : nullptr, &pair, 1,
          ask ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
              : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE,
          nullptr);
    } else {
      credentials_ = grpc_insecure_server_credentials_create();
    }
    if (guard.keys == nullptr) return;
    grpc_server_credentials_set_auth_metadata_processor(
        credentials_, {&Check, &Destroy, new Checker{guard.keys, guard.on_refused}});
  }
  ~GuardedCredentials() override { grpc_server_credentials_release(credentials_); }

  // Does nothing: the guard checks the keys, and no second processor may replace it.
  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  grpc_server_credentials* credentials_;
};

}  // namespace

std::shared_ptr<grpc::ServerCredentials> MakeCredentials(Guard guard) {
  return std::make_shared<GuardedCredentials>(guard);
}

}  // namespace tqdb::server
