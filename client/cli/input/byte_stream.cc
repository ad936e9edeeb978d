#include "client/cli/input/byte_stream.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace tqdb::client {
namespace {

constexpr size_t kReadBytes = 1 << 18;
// Interval at which a wait looks whether the user has interrupted.
constexpr absl::Duration kPollInterval = absl::Milliseconds(100);
constexpr unsigned char kGzipMagic[2] = {0x1f, 0x8b};
// Tells zlib to expect the header of gzip and the largest window.
constexpr int kGzipWindowBits = 15 + 16;

}  // namespace

ByteStream::ByteStream(std::string name, int descriptor, bool regular, uint64_t bytes,
                       std::function<bool()> interrupted)
    : name_(std::move(name)),
      descriptor_(descriptor),
      regular_(regular),
      file_bytes_(bytes),
      interrupted_(std::move(interrupted)) {}

ByteStream::~ByteStream() {
  if (form_ == Form::kGzip) inflateEnd(&inflater_);
  close(descriptor_);
}

absl::StatusOr<std::unique_ptr<ByteStream>> ByteStream::Open(const std::string& path,
                                                             std::function<bool()> interrupted) {
  const bool standard_input = path == "-";
  const std::string name = standard_input ? "standard input" : path;
  const int descriptor = standard_input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                                        : open(path.c_str(), O_RDONLY | O_CLOEXEC);
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
  const bool regular = S_ISREG(stat.st_mode);
  return std::unique_ptr<ByteStream>(
      new ByteStream(name, descriptor, regular, regular ? static_cast<uint64_t>(stat.st_size) : 0,
                     std::move(interrupted)));
}

bool ByteStream::Await(absl::Time deadline) {
  if (regular_ || at_end_ || raw_begin_ < raw_end_) return true;
  while (true) {
    if (interrupted_ && interrupted_()) return true;
    const absl::Duration left = std::min(deadline - absl::Now(), kPollInterval);
    if (left < absl::ZeroDuration()) return false;
    pollfd poller = {descriptor_, POLLIN, 0};
    const int ready = poll(&poller, 1, static_cast<int>(absl::ToInt64Milliseconds(left)) + 1);
    // An error other than an interrupted call will be reported by Read.
    if (ready > 0 || (ready < 0 && errno != EINTR)) return true;
  }
}

absl::Status ByteStream::FillRaw() {
  if (at_end_) return absl::OkStatus();
  if (raw_begin_ > 0) {
    std::memmove(raw_.data(), raw_.data() + raw_begin_, raw_end_ - raw_begin_);
    raw_end_ -= raw_begin_;
    raw_begin_ = 0;
  }
  raw_.resize(std::max(raw_.size(), raw_end_ + kReadBytes));
  while (true) {
    if (!regular_) {
      while (!Await(absl::Now() + kPollInterval)) {
      }
      if (interrupted_ && interrupted_()) {
        return absl::CancelledError(absl::StrCat(name_, ": interrupted"));
      }
    }
    const ssize_t got = read(descriptor_, raw_.data() + raw_end_, kReadBytes);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return absl::ErrnoToStatus(errno, name_);
    at_end_ = got == 0;
    raw_end_ += static_cast<size_t>(got);
    raw_total_ += static_cast<uint64_t>(got);
    return absl::OkStatus();
  }
}

absl::Status ByteStream::DetectForm() {
  while (raw_end_ - raw_begin_ < sizeof(kGzipMagic) && !at_end_) {
    // A first byte of another value decides without the second one, which may come much later.
    if (raw_begin_ < raw_end_ && static_cast<unsigned char>(raw_[raw_begin_]) != kGzipMagic[0]) {
      break;
    }
    if (absl::Status status = FillRaw(); !status.ok()) return status;
  }
  if (raw_end_ - raw_begin_ < sizeof(kGzipMagic) ||
      std::memcmp(raw_.data() + raw_begin_, kGzipMagic, sizeof(kGzipMagic)) != 0) {
    form_ = Form::kPlain;
    return absl::OkStatus();
  }
  if (inflateInit2(&inflater_, kGzipWindowBits) != Z_OK) {
    return absl::ResourceExhaustedError(absl::StrCat(name_, ": no memory to decompress it"));
  }
  form_ = Form::kGzip;
  return absl::OkStatus();
}

absl::Status ByteStream::Damaged(const char* reason) const {
  return absl::DataLossError(
      absl::StrCat(name_, ": compressed data is damaged or cut off: ", reason));
}

absl::StatusOr<size_t> ByteStream::Inflate(char* out, size_t size) {
  inflater_.next_out = reinterpret_cast<Bytef*>(out);
  inflater_.avail_out = static_cast<uInt>(std::min<size_t>(size, kReadBytes));
  const uInt wanted = inflater_.avail_out;
  while (inflater_.avail_out == wanted) {
    if (raw_begin_ == raw_end_) {
      if (absl::Status status = FillRaw(); !status.ok()) return status;
    }
    if (raw_begin_ == raw_end_) {
      if (within_member_) return Damaged("unexpected end of file");
      return 0;
    }
    if (!within_member_) {
      // Another member may follow, as in the output of `cat a.gz b.gz`. Other bytes are padding.
      if (static_cast<unsigned char>(raw_[raw_begin_]) != kGzipMagic[0]) {
        raw_begin_ = raw_end_ = 0;
        at_end_ = true;
        return 0;
      }
      inflateReset(&inflater_);
      within_member_ = true;
    }
    inflater_.next_in = reinterpret_cast<Bytef*>(raw_.data() + raw_begin_);
    inflater_.avail_in = static_cast<uInt>(raw_end_ - raw_begin_);
    const int result = inflate(&inflater_, Z_NO_FLUSH);
    raw_begin_ = raw_end_ - inflater_.avail_in;
    if (result == Z_STREAM_END) {
      within_member_ = false;
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      return Damaged(inflater_.msg != nullptr ? inflater_.msg : "unknown format");
    }
  }
  return wanted - inflater_.avail_out;
}

absl::StatusOr<size_t> ByteStream::Read(char* out, size_t size) {
  if (form_ == Form::kUnknown) {
    if (absl::Status status = DetectForm(); !status.ok()) return status;
  }
  if (form_ == Form::kGzip) return Inflate(out, size);
  if (raw_begin_ == raw_end_) {
    if (absl::Status status = FillRaw(); !status.ok()) return status;
  }
  const size_t count = std::min(size, raw_end_ - raw_begin_);
  std::memcpy(out, raw_.data() + raw_begin_, count);
  raw_begin_ += count;
  return count;
}

double ByteStream::fraction_read() const {
  if (file_bytes_ == 0) return 0;
  const double used = static_cast<double>(raw_total_ - (raw_end_ - raw_begin_));
  return std::clamp(used / static_cast<double>(file_bytes_), 0.0, 1.0);
}

}  // namespace tqdb::client
