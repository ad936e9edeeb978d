// Small files that a caller names. Internal to the library and the command line.
#ifndef TQDB_CLIENT_CPP_READ_FILE_H_
#define TQDB_CLIENT_CPP_READ_FILE_H_

#include <string>

#include "absl/status/statusor.h"

namespace tqdb::client {

// The whole of a file or a pipe. The message of an error names the path.
absl::StatusOr<std::string> ReadFile(const std::string& path);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CPP_READ_FILE_H_
