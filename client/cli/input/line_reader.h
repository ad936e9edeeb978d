// Lines of a text file, plain or compressed by gzip: which of the two is seen from its first bytes.
#ifndef TQDB_CLIENT_CLI_INPUT_LINE_READER_H_
#define TQDB_CLIENT_CLI_INPUT_LINE_READER_H_

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tqdb::client {

// Not thread-safe.
class LineReader {
 public:
  static constexpr size_t kMaxLineBytes = size_t{64} << 20;

  // "-" is the standard input. NotFound, PermissionDenied.
  static absl::StatusOr<std::unique_ptr<LineReader>> Open(const std::string& path);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // The next line without its end (\n or \r\n); false after the last. DataLoss when compressed data
  // is damaged or cut off, InvalidArgument when a line exceeds kMaxLineBytes.
  absl::StatusOr<bool> Next(std::string& line);

  const std::string& path() const { return path_; }
  uint64_t line_number() const { return line_number_; }  // of the line returned last, from 1
  // Part of the file that was read, 0..1; 0 when its size is not known.
  double fraction_read() const;

 private:
  LineReader(std::string path, gzFile file, uint64_t file_bytes);
  // Appends to buffer_; false at the end.
  absl::StatusOr<bool> Fill();

  const std::string path_;
  const gzFile file_;
  const uint64_t file_bytes_;
  std::vector<char> buffer_;
  size_t begin_ = 0;  // of what was not returned yet
  size_t end_ = 0;
  uint64_t line_number_ = 0;
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_INPUT_LINE_READER_H_
