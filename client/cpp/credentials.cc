#include "client/cpp/credentials.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/read_file.h"

namespace tqdb::client {
namespace {

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
