// Reads small files that a user names: keys, certificates, filters. Internal to the library and to
// the command line.
#ifndef TQDB_CLIENT_CPP_READ_FILE_H_
#define TQDB_CLIENT_CPP_READ_FILE_H_

#include <string>

#include "absl/status/statusor.h"

namespace tqdb::client {

// Returns the whole contents of a file or a pipe. The message of an error names the path.
absl::StatusOr<std::string> ReadFile(const std::string& path);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CPP_READ_FILE_H_
