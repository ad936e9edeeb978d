// The certificate and the key of the gRPC port, read and checked before anything listens.
#ifndef TQDB_SERVER_SECURITY_TLS_H_
#define TQDB_SERVER_SECURITY_TLS_H_

#include <string>

#include "absl/status/statusor.h"

namespace tqdb::server {

// Files in PEM form. All empty: no TLS.
struct TlsFiles {
  std::string certificate;  // of the server, with those of intermediate authorities after it
  std::string key;          // of the certificate, not encrypted
  std::string client_ca;    // empty: clients need no certificate; else one that these signed

  bool enabled() const { return !certificate.empty(); }
};

struct TlsMaterial {
  std::string certificate;
  std::string key;
  std::string client_ca;  // empty: clients need no certificate
};

// Requires files.enabled(). InvalidArgument names the option, the file and what is wrong: not PEM,
// an encrypted key, a key that belongs to another certificate. An expired certificate is logged.
absl::StatusOr<TlsMaterial> LoadTls(const TlsFiles& files);

}  // namespace tqdb::server

#endif  // TQDB_SERVER_SECURITY_TLS_H_
