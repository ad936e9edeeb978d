// Reads the lines of a text file, plain or compressed by gzip. The first bytes of the file tell
// which of the two it is. So the name does not matter.
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

  // Opens a file; "-" is the standard input. NotFound and PermissionDenied name the path.
  static absl::StatusOr<std::unique_ptr<LineReader>> Open(const std::string& path);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // Reads the next line, without its end (\n or \r\n). Returns false after the last line. DataLoss
  // if compressed data is damaged or cut off; InvalidArgument if a line exceeds kMaxLineBytes.
  absl::StatusOr<bool> Next(std::string& line);

  const std::string& path() const { return path_; }
  uint64_t line_number() const { return line_number_; }  // number of the last line, from 1
  // Returns the part of the file that was read, 0 to 1; 0 if its size is not known.
  double fraction_read() const;

 private:
  LineReader(std::string path, gzFile file, uint64_t file_bytes);
  // Reads more bytes into buffer_. Returns false at the end of the file.
  absl::StatusOr<bool> Fill();

  const std::string path_;
  const gzFile file_;
  const uint64_t file_bytes_;
  std::vector<char> buffer_;
  size_t begin_ = 0;  // buffer_[begin_, end_) was read and not returned
  size_t end_ = 0;
  uint64_t line_number_ = 0;
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_INPUT_LINE_READER_H_
