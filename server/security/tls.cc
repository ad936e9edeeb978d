#include "server/security/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "base/read_file.h"
#include "base/status_macros.h"
#include "spdlog/spdlog.h"

namespace tqdb::server {

namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using PrivateKey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

Bio Open(const std::string& pem) {
  return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
}

// Returns no password. OpenSSL's own function would ask for one at the terminal.
int NoPassword(char*, int, int, void*) { return 0; }

// Returns the contents of a file. Errors name the option.
absl::StatusOr<std::string> Read(const std::string& path, const char* option) {
  absl::StatusOr<std::string> text = ReadFile(path);
  if (text.ok()) return text;
  return absl::Status(text.status().code(), absl::StrCat(option, ": ", text.status().message()));
}

// Returns InvalidArgument. Empties OpenSSL's queue of errors, because a later call on this thread
// would take what is left there for an error of its own.
absl::Status Fault(const char* option, const std::string& path, const char* fault) {
  ERR_clear_error();
  return absl::InvalidArgumentError(absl::StrCat(option, " ", path, ": ", fault));
}

// Returns the first certificate of the text. gRPC reads the others, if there are any.
absl::StatusOr<Certificate> ParseCertificate(const std::string& pem, const char* option,
                                             const std::string& path) {
  const Bio bio = Open(pem);
  Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, &NoPassword, nullptr), &X509_free);
  if (certificate == nullptr) return Fault(option, path, "holds no certificate in PEM form");
  if (X509_cmp_current_time(X509_get0_notAfter(certificate.get())) < 0) {
    spdlog::warn("{} {}: the certificate has expired", option, path);
  }
  return certificate;
}

}  // namespace

absl::StatusOr<TlsMaterial> LoadTls(const TlsFiles& files) {
  TlsMaterial material;
  TQDB_ASSIGN_OR_RETURN(material.certificate, Read(files.certificate, "--tls-cert"));
  TQDB_ASSIGN_OR_RETURN(material.key, Read(files.key, "--tls-key"));
  TQDB_ASSIGN_OR_RETURN(const Certificate certificate,
                        ParseCertificate(material.certificate, "--tls-cert", files.certificate));
  const Bio bio = Open(material.key);
  const PrivateKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, &NoPassword, nullptr),
                       &EVP_PKEY_free);
  if (key == nullptr) {
    return Fault("--tls-key", files.key, "holds no private key in PEM form, or an encrypted one");
  }
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return Fault("--tls-key", files.key,
                 absl::StrCat("is not the key of --tls-cert ", files.certificate).c_str());
  }
  if (!files.client_ca.empty()) {
    TQDB_ASSIGN_OR_RETURN(material.client_ca, Read(files.client_ca, "--tls-client-ca"));
    TQDB_RETURN_IF_ERROR(
        ParseCertificate(material.client_ca, "--tls-client-ca", files.client_ca).status());
  }
  return material;
}

}  // namespace tqdb::server
