// Reads a small file whole: keys, certificates, filters, the format of a data directory.
#ifndef TQDB_BASE_READ_FILE_H_
#define TQDB_BASE_READ_FILE_H_

#include <string>

#include "absl/status/statusor.h"

namespace tqdb {

// Returns the contents of a file or a pipe. The code of an error is that of errno (NotFound,
// PermissionDenied, ...); its message names the step, the path and the reason.
absl::StatusOr<std::string> ReadFile(const std::string& path);

}  // namespace tqdb

#endif  // TQDB_BASE_READ_FILE_H_
