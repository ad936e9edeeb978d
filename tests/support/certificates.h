// Certificates for tests, made by the command `openssl`.
#ifndef TQDB_TESTS_SUPPORT_CERTIFICATES_H_
#define TQDB_TESTS_SUPPORT_CERTIFICATES_H_

#include <string>

#include "absl/status/status.h"

namespace tqdb::testing {

// Writes DIRECTORY/NAME.pem and NAME.key: an authority that signs itself.
absl::Status MakeAuthority(const std::string& directory, const std::string& name);
// Writes DIRECTORY/NAME.pem and NAME.key, for localhost and 127.0.0.1, signed by an authority of
// the directory.
absl::Status MakeCertificate(const std::string& directory, const std::string& name,
                             const std::string& authority);

}  // namespace tqdb::testing

#endif  // TQDB_TESTS_SUPPORT_CERTIFICATES_H_
