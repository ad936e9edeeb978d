#include "client/cpp/credentials.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/read_file.h"

namespace tqdb::client {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using PrivateKey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

Bio Open(const std::string& pem) {
  return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
}

// Returns no password. OpenSSL's own function would ask for one at the terminal.
int NoPassword(char*, int, int, void*) { return 0; }

// Checks that the key is readable and belongs to the certificate. Empties OpenSSL's queue of
// errors, because a later call on this thread would take what is left there for an error of its
// own.
absl::Status CheckKey(const TlsOptions& tls, const std::string& cert, const std::string& key) {
  if (absl::StrContains(key, "ENCRYPTED")) {
    return absl::InvalidArgumentError(absl::StrCat(
        "tls.key_file: ", tls.key_file,
        " is encrypted by a passphrase; decrypt it (openssl pkey -in FILE -out FILE)"));
  }
  const Bio cert_bio = Open(cert);
  const Certificate certificate(PEM_read_bio_X509(cert_bio.get(), nullptr, &NoPassword, nullptr),
                                &X509_free);
  const Bio key_bio = Open(key);
  const PrivateKey private_key(
      PEM_read_bio_PrivateKey(key_bio.get(), nullptr, &NoPassword, nullptr), &EVP_PKEY_free);
  absl::Status status;
  if (certificate == nullptr) {
    status = absl::InvalidArgumentError(
        absl::StrCat("tls.cert_file: ", tls.cert_file, " holds no certificate in PEM form"));
  } else if (private_key == nullptr) {
    status = absl::InvalidArgumentError(
        absl::StrCat("tls.key_file: ", tls.key_file, " holds no private key in PEM form"));
  } else if (X509_check_private_key(certificate.get(), private_key.get()) != 1) {
    status = absl::InvalidArgumentError(absl::StrCat(
        "tls.key_file: ", tls.key_file, " is not the key of tls.cert_file ", tls.cert_file));
  }
  ERR_clear_error();
  return status;
}

// Returns the text of a PEM file, or "" without a path. A file that holds no `what` is refused
// here, because gRPC would only say that the connection failed.
absl::StatusOr<std::string> ReadPem(const std::string& path, const char* field, const char* what) {
  if (path.empty()) return std::string();
  absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) {
    return absl::Status(text.status().code(), absl::StrCat(field, ": ", text.status().message()));
  }
  if (!absl::StrContains(*text, "-----BEGIN ") || !absl::StrContains(*text, what)) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ": ", path, " holds no ", what, " in PEM form"));
  }
  return text;
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeCredentials(const TlsOptions& tls) {
  if (!tls.enabled) {
    if (tls.ca_file.empty() && tls.cert_file.empty() && tls.key_file.empty()) {
      return grpc::InsecureChannelCredentials();
    }
    return absl::InvalidArgumentError("tls: files are given, and TLS is not enabled");
  }
  if (tls.cert_file.empty() != tls.key_file.empty()) {
    return absl::InvalidArgumentError(
        "tls.cert_file and tls.key_file: one is useless without the other");
  }
  grpc::SslCredentialsOptions options;
  for (const auto& [file, field, what, pem] :
       {std::tuple{&tls.ca_file, "tls.ca_file", "CERTIFICATE", &options.pem_root_certs},
        std::tuple{&tls.cert_file, "tls.cert_file", "CERTIFICATE", &options.pem_cert_chain},
        std::tuple{&tls.key_file, "tls.key_file", "PRIVATE KEY", &options.pem_private_key}}) {
    absl::StatusOr<std::string> text = ReadPem(*file, field, what);
    if (!text.ok()) return text.status();
    *pem = *std::move(text);
  }
  if (!tls.cert_file.empty()) {
    absl::Status status = CheckKey(tls, options.pem_cert_chain, options.pem_private_key);
    if (!status.ok()) return status;
  }
  return grpc::SslCredentials(options);
}

absl::Status CheckApiKey(absl::string_view key) {
  const bool printable = std::all_of(key.begin(), key.end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c));
  });
  if (printable) return absl::OkStatus();
  return absl::InvalidArgumentError("api_key: holds a space or a character beyond printable ASCII");
}

}  // namespace tqdb::client
