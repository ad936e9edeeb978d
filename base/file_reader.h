// A regular file, or a part of one, read by offset.
#ifndef TQDB_BASE_FILE_READER_H_
#define TQDB_BASE_FILE_READER_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tqdb {

// Movable, closes itself. Const calls are thread-safe.
class FileReader {
 public:
  // NotFound, PermissionDenied; InvalidArgument when it is not a regular file.
  static absl::StatusOr<FileReader> Open(const std::string& path);
  // Takes over an open descriptor, and closes it in the end. Messages call the file `name`. Returns
  // InvalidArgument when it is not a regular file.
  static absl::StatusOr<FileReader> Adopt(std::string name, int descriptor);
  // Returns a reader of `bytes` bytes from `offset` on, as if they were a file of their own.
  // DataLoss when the file ends before.
  absl::StatusOr<FileReader> Slice(std::string name, uint64_t offset, uint64_t bytes) const;
  FileReader(FileReader&& other) noexcept;
  FileReader& operator=(FileReader&& other) noexcept;
  ~FileReader();

  // Reads exactly `bytes` from `offset`; DataLoss when the file ends before.
  absl::Status Read(uint64_t offset, size_t bytes, void* out) const;

  const std::string& path() const { return path_; }
  uint64_t bytes() const { return bytes_; }  // when it was opened

 private:
  FileReader(std::string path, int descriptor, uint64_t begin, uint64_t bytes);

  std::string path_;
  int descriptor_ = -1;
  uint64_t begin_ = 0;  // position in the file of the first byte
  uint64_t bytes_ = 0;
};

}  // namespace tqdb

#endif  // TQDB_BASE_FILE_READER_H_
