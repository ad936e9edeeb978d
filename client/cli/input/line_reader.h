// Reads the lines of a text file in UTF-8, plain or compressed by gzip.
#ifndef TQDB_CLIENT_CLI_INPUT_LINE_READER_H_
#define TQDB_CLIENT_CLI_INPUT_LINE_READER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/cli/input/byte_stream.h"

namespace tqdb::client {

// Not thread-safe.
class LineReader {
 public:
  static constexpr size_t kMaxLineBytes = size_t{64} << 20;

  // Opens a file as ByteStream::Open does.
  static absl::StatusOr<std::unique_ptr<LineReader>> Open(
      const std::string& path, std::function<bool()> interrupted = nullptr);
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // Returns true as soon as Next would not wait for a pipe, and false if that is not so at
  // `deadline`. Reads what the pipe has so far.
  bool Await(absl::Time deadline);
  // Reads the next line, without its end (\n or \r\n). Returns false after the last line. A byte
  // order mark of UTF-8 before the first line is passed over. InvalidArgument if a line exceeds
  // kMaxLineBytes and if the file is UTF-16; the errors of ByteStream::Read.
  absl::StatusOr<bool> Next(std::string& line);

  // Returns the path, or "standard input".
  const std::string& path() const { return bytes_->name(); }
  uint64_t line_number() const { return line_number_; }  // number of the last line, from 1
  // Returns whether the lines can be read a second time.
  bool is_regular_file() const { return bytes_->is_regular_file(); }
  // Returns the part of the file that was read, 0 to 1; 0 if its size is not known.
  double fraction_read() const { return bytes_->fraction_read(); }

 private:
  explicit LineReader(std::unique_ptr<ByteStream> bytes) : bytes_(std::move(bytes)) {}
  // Returns whether buffer_ has a whole line at begin_, and remembers how far it has searched.
  bool HasLine();
  // Reads more bytes into buffer_. Sets ended_ at the end, and error_.
  void Fill();

  const std::unique_ptr<ByteStream> bytes_;
  std::vector<char> buffer_;
  size_t begin_ = 0;  // buffer_[begin_, end_) was read and not returned
  size_t end_ = 0;
  size_t searched_ = 0;  // the first `searched_` bytes from begin_ on have no end of line
  bool ended_ = false;
  absl::Status error_;
  uint64_t line_number_ = 0;
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_INPUT_LINE_READER_H_
