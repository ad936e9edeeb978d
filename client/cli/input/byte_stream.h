// Reads the bytes of a file, a pipe or the standard input, and decompresses gzip. The first bytes
// tell whether they are compressed, so the name of a file does not matter.
//
// A pipe may give its bytes slowly, or never. So a caller can ask whether there is something to
// read, up to a moment, and a wait ends when the user interrupts.
#ifndef TQDB_CLIENT_CLI_INPUT_BYTE_STREAM_H_
#define TQDB_CLIENT_CLI_INPUT_BYTE_STREAM_H_

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tqdb::client {

// Not thread-safe.
class ByteStream {
 public:
  // Opens a file; "-" is the standard input. NotFound and PermissionDenied name the path, and a
  // directory is InvalidArgument. `interrupted` is asked about ten times a second while the stream
  // waits for bytes; it may be empty.
  static absl::StatusOr<std::unique_ptr<ByteStream>> Open(
      const std::string& path, std::function<bool()> interrupted = nullptr);
  ~ByteStream();
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  // Returns true as soon as Read would not wait: there are bytes, or the end, or an error. Returns
  // false if there is nothing at `deadline`. Always true for regular files.
  bool Await(absl::Time deadline);
  // Reads 1 to `size` bytes, and waits for the first of them. Returns 0 at the end. DataLoss if
  // compressed data is damaged or cut off; Cancelled once the user interrupts a wait.
  absl::StatusOr<size_t> Read(char* out, size_t size);

  // Returns the path, or "standard input".
  const std::string& name() const { return name_; }
  // Returns whether it can be opened again and has the same bytes then.
  bool is_regular_file() const { return regular_; }
  // Returns the part of the file that was read, 0 to 1; 0 if its size is not known.
  double fraction_read() const;

 private:
  enum class Form { kUnknown, kPlain, kGzip };

  ByteStream(std::string name, int descriptor, bool regular, uint64_t bytes,
             std::function<bool()> interrupted);
  // Reads more bytes of the file into raw_. Sets at_end_ at the end.
  absl::Status FillRaw();
  // Finds out the form from the first two bytes.
  absl::Status DetectForm();
  absl::StatusOr<size_t> Inflate(char* out, size_t size);
  absl::Status Damaged(const char* reason) const;

  const std::string name_;
  const int descriptor_;
  const bool regular_;
  const uint64_t file_bytes_;  // 0 if it is not known
  const std::function<bool()> interrupted_;
  Form form_ = Form::kUnknown;
  z_stream inflater_ = {};     // initialised once form_ is kGzip
  bool within_member_ = true;  // of gzip data: between the start of a member and its end
  std::vector<char> raw_;      // raw_[raw_begin_, raw_end_) was read from the file and not used
  size_t raw_begin_ = 0;
  size_t raw_end_ = 0;
  uint64_t raw_total_ = 0;  // number of bytes read from the file
  bool at_end_ = false;     // the file has no more bytes
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_INPUT_BYTE_STREAM_H_
