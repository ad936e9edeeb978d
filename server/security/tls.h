// The certificate and the key of the gRPC port. They are read and checked before anything listens,
// so that a bad file stops the start with a message.
#ifndef TQDB_SERVER_SECURITY_TLS_H_
#define TQDB_SERVER_SECURITY_TLS_H_

#include <string>

#include "absl/status/statusor.h"

namespace tqdb::server {

// Paths of files in PEM form. If all are empty, the server uses no TLS.
struct TlsFiles {
  // Certificate of the server, followed by those of intermediate authorities.
  std::string certificate;
  std::string key;        // private key of the certificate, not encrypted
  std::string client_ca;  // authorities that must have signed clients' certificates; may be empty

  bool enabled() const { return !certificate.empty(); }
};

// Contents of these files.
struct TlsMaterial {
  std::string certificate;
  std::string key;
  std::string client_ca;  // empty: clients need no certificate
};

// Returns the contents of the files. InvalidArgument names the option, the file and the fault: not
// PEM, an encrypted key, a key that belongs to another certificate. Only logs an expired
// certificate. Requires: files.enabled().
absl::StatusOr<TlsMaterial> LoadTls(const TlsFiles& files);

}  // namespace tqdb::server

#endif  // TQDB_SERVER_SECURITY_TLS_H_
