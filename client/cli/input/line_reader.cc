#include "client/cli/input/line_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace tqdb::client {
namespace {

constexpr size_t kReadBytes = 1 << 18;

}  // namespace

LineReader::LineReader(std::string path, gzFile file, uint64_t file_bytes)
    : path_(std::move(path)), file_(file), file_bytes_(file_bytes) {}

LineReader::~LineReader() { gzclose(file_); }

absl::StatusOr<std::unique_ptr<LineReader>> LineReader::Open(const std::string& path) {
  const bool standard_input = path == "-";
  const int descriptor =
      standard_input ? dup(STDIN_FILENO) : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const std::string name = standard_input ? "standard input" : path;
  if (descriptor < 0) return absl::ErrnoToStatus(errno, name);
  struct stat stat = {};
  if (fstat(descriptor, &stat) != 0) {
    const int error = errno;
    close(descriptor);
    return absl::ErrnoToStatus(error, name);
  }
  if (S_ISDIR(stat.st_mode)) {
    close(descriptor);
    return absl::InvalidArgumentError(absl::StrCat(name, ": is a directory"));
  }
  const gzFile file = gzdopen(descriptor, "rb");
  if (file == nullptr) {
    close(descriptor);
    return absl::ResourceExhaustedError(absl::StrCat(name, ": no memory to read it"));
  }
  gzbuffer(file, kReadBytes);
  const uint64_t bytes = S_ISREG(stat.st_mode) ? static_cast<uint64_t>(stat.st_size) : 0;
  return std::unique_ptr<LineReader>(new LineReader(name, file, bytes));
}

absl::StatusOr<bool> LineReader::Fill() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ >= kMaxLineBytes) {
    return absl::InvalidArgumentError(absl::StrCat(path_, ": line ", line_number_ + 1,
                                                   " is longer than ", kMaxLineBytes, " bytes"));
  }
  buffer_.resize(std::max(buffer_.size(), end_ + kReadBytes));
  const int got = gzread(file_, buffer_.data() + end_, kReadBytes);
  int error = Z_OK;
  const char* message = gzerror(file_, &error);
  // At the end of a file that was cut off, gzread returns the bytes that it has, and then 0 with
  // Z_BUF_ERROR. Z_STREAM_END is the proper end.
  if (got < 0 || (got == 0 && error != Z_OK && error != Z_STREAM_END)) {
    if (error == Z_ERRNO) return absl::ErrnoToStatus(errno, path_);
    return absl::DataLossError(
        absl::StrCat(path_, ": compressed data is damaged or cut off: ", message));
  }
  end_ += static_cast<size_t>(got);
  return got > 0;
}

absl::StatusOr<bool> LineReader::Next(std::string& line) {
  size_t searched = 0;  // from begin_
  while (true) {
    const char* start = buffer_.data() + begin_;
    const void* newline = end_ - begin_ > searched
                              ? std::memchr(start + searched, '\n', end_ - begin_ - searched)
                              : nullptr;
    size_t length = 0;
    size_t consumed = 0;
    if (newline != nullptr) {
      length = static_cast<size_t>(static_cast<const char*>(newline) - start);
      consumed = length + 1;
    } else {
      searched = end_ - begin_;
      absl::StatusOr<bool> filled = Fill();
      if (!filled.ok()) return filled.status();
      if (*filled) continue;
      if (begin_ == end_) return false;
      length = consumed = end_ - begin_;
    }
    line.assign(buffer_.data() + begin_, length);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    begin_ += consumed;
    ++line_number_;
    return true;
  }
}

double LineReader::fraction_read() const {
  if (file_bytes_ == 0) return 0;
  const double offset = static_cast<double>(gzoffset(file_));
  return std::clamp(offset / static_cast<double>(file_bytes_), 0.0, 1.0);
}

}  // namespace tqdb::client
