#include "base/file_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tqdb {

absl::StatusOr<FileReader> FileReader::Open(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return absl::ErrnoToStatus(errno, path);
  return Adopt(path, descriptor);
}

absl::StatusOr<FileReader> FileReader::Adopt(std::string name, int descriptor) {
  FileReader reader(std::move(name), descriptor, 0, 0);
  struct stat stat = {};
  if (fstat(descriptor, &stat) != 0) return absl::ErrnoToStatus(errno, reader.path_);
  if (!S_ISREG(stat.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(reader.path_, ": not a regular file"));
  }
  reader.bytes_ = static_cast<uint64_t>(stat.st_size);
  return reader;
}

absl::StatusOr<FileReader> FileReader::Slice(std::string name, uint64_t offset,
                                             uint64_t bytes) const {
  if (offset > bytes_ || bytes > bytes_ - offset) {
    return absl::DataLossError(absl::StrCat(name, ": truncated: ", path_, " has ", bytes_,
                                            " bytes, and it needs ", bytes, " from byte ", offset,
                                            " on"));
  }
  const int descriptor = fcntl(descriptor_, F_DUPFD_CLOEXEC, 0);
  if (descriptor < 0) return absl::ErrnoToStatus(errno, name);
  return FileReader(std::move(name), descriptor, begin_ + offset, bytes);
}

FileReader::FileReader(std::string path, int descriptor, uint64_t begin, uint64_t bytes)
    : path_(std::move(path)), descriptor_(descriptor), begin_(begin), bytes_(bytes) {}

FileReader::FileReader(FileReader&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      begin_(other.begin_),
      bytes_(other.bytes_) {}

FileReader& FileReader::operator=(FileReader&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(begin_, other.begin_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

FileReader::~FileReader() {
  if (descriptor_ >= 0) close(descriptor_);
}

absl::Status FileReader::Read(uint64_t offset, size_t bytes, void* out) const {
  // A slice must not read on into what lies behind it.
  if (offset > bytes_ || bytes > bytes_ - offset) {
    return absl::DataLossError(absl::StrCat(path_, ": truncated: ends at byte ", bytes_,
                                            " where byte ", offset + bytes, " was expected"));
  }
  size_t done = 0;
  while (done < bytes) {
    const ssize_t got = pread(descriptor_, static_cast<char*>(out) + done, bytes - done,
                              static_cast<off_t>(begin_ + offset + done));
    if (got < 0) {
      if (errno == EINTR) continue;
      return absl::ErrnoToStatus(errno, path_);
    }
    if (got == 0) {
      return absl::DataLossError(absl::StrCat(path_, ": truncated: ends at byte ", offset + done,
                                              " where byte ", offset + bytes, " was expected"));
    }
    done += static_cast<size_t>(got);
  }
  return absl::OkStatus();
}

}  // namespace tqdb
