#include "tests/support/certificates.h"

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/process.h"

namespace tqdb::testing {
namespace {

absl::Status OpenSsl(std::vector<std::string> arguments, const std::string& directory) {
  arguments.insert(arguments.begin(), {"/usr/bin/env", "openssl"});
  const absl::StatusOr<CommandResult> result = RunCommand(arguments, directory);
  if (!result.ok()) return result.status();
  if (result->code == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("openssl exited with ", result->code, ": ", result->err));
}

}  // namespace

absl::Status MakeAuthority(const std::string& directory, const std::string& name) {
  const std::string stem = absl::StrCat(directory, "/", name);
  return OpenSsl({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                  "-nodes", "-days", "2", "-subj", "/CN=" + name, "-addext",
                  "keyUsage=critical,keyCertSign", "-keyout", stem + ".key", "-out", stem + ".pem"},
                 directory);
}

absl::Status MakeCertificate(const std::string& directory, const std::string& name,
                             const std::string& authority) {
  const std::string stem = absl::StrCat(directory, "/", name);
  const std::string signer = absl::StrCat(directory, "/", authority);
  const absl::Status request =
      OpenSsl({"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
               "-subj", "/CN=" + name, "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
               "-keyout", stem + ".key", "-out", stem + ".csr"},
              directory);
  if (!request.ok()) return request;
  return OpenSsl(
      {"x509", "-req", "-in", stem + ".csr", "-CA", signer + ".pem", "-CAkey", signer + ".key",
       "-CAcreateserial", "-days", "2", "-copy_extensions", "copy", "-out", stem + ".pem"},
      directory);
}

}  // namespace tqdb::testing
