// Opens files that must be read at any position. A pipe and the standard input cannot be, so their
// bytes go to a temporary file first.
#ifndef TQDB_CLIENT_CLI_INPUT_SPOOLED_FILE_H_
#define TQDB_CLIENT_CLI_INPUT_SPOOLED_FILE_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "base/file_reader.h"
#include "client/cli/input/byte_stream.h"

namespace tqdb::client {

// Opens a file; "-" is the standard input. A regular file is opened as it is. Other bytes are
// copied to a file without a name in TMPDIR, else /tmp, which is gone with the process. Errors of
// that file name the directory. Cancelled once `interrupted` returns true.
absl::StatusOr<FileReader> OpenSpooled(const std::string& path, std::function<bool()> interrupted);

// Copies the rest of a stream to such a file.
absl::StatusOr<FileReader> Spool(ByteStream& bytes);

// An open file without a name, in TMPDIR, else /tmp.
class TemporaryFile {
 public:
  static absl::StatusOr<TemporaryFile> Create();
  TemporaryFile(TemporaryFile&& other) noexcept;
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile();

  absl::Status Append(const char* bytes, size_t size);
  // Returns a reader of what was appended. Messages call the file `name`. The last call.
  absl::StatusOr<FileReader> Finish(const std::string& name) &&;

 private:
  TemporaryFile(int descriptor, std::string directory);

  int descriptor_;
  std::string directory_;
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_INPUT_SPOOLED_FILE_H_
