// Finds an array in a .npz file: a ZIP archive of .npy files, as numpy.savez and
// numpy.savez_compressed write it.
#ifndef TQDB_CLIENT_CLI_INPUT_NPZ_H_
#define TQDB_CLIENT_CLI_INPUT_NPZ_H_

#include <string>

#include "absl/status/statusor.h"
#include "base/file_reader.h"

namespace tqdb::client {

// Returns a reader of the .npy file of one array. Without a name, the archive must have only one.
// An array that is compressed goes to a temporary file. InvalidArgument lists the names of the
// arrays if none was chosen or if the name is not among them; DataLoss for a damaged archive.
absl::StatusOr<FileReader> OpenNpzArray(const FileReader& archive, const std::string& array);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_INPUT_NPZ_H_
