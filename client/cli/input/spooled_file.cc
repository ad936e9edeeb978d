#include "client/cli/input/spooled_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace tqdb::client {
namespace {

constexpr size_t kCopyBytes = 1 << 18;

}  // namespace

TemporaryFile::TemporaryFile(int descriptor, std::string directory)
    : descriptor_(descriptor), directory_(std::move(directory)) {}

TemporaryFile::TemporaryFile(TemporaryFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), directory_(std::move(other.directory_)) {}

TemporaryFile::~TemporaryFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

absl::StatusOr<TemporaryFile> TemporaryFile::Create() {
  const char* variable = std::getenv("TMPDIR");
  const std::string directory = variable != nullptr && *variable != '\0' ? variable : "/tmp";
  std::string path = directory + "/tqdb-import-XXXXXX";
  const int descriptor = mkstemp(path.data());
  if (descriptor < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("making a temporary file in ", directory));
  }
  unlink(path.c_str());
  return TemporaryFile(descriptor, directory);
}

absl::Status TemporaryFile::Append(const char* bytes, size_t size) {
  while (size > 0) {
    const ssize_t written = write(descriptor_, bytes, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      return absl::ErrnoToStatus(errno, absl::StrCat("writing a temporary file in ", directory_,
                                                     " (TMPDIR names another directory)"));
    }
    bytes += written;
    size -= static_cast<size_t>(written);
  }
  return absl::OkStatus();
}

absl::StatusOr<FileReader> TemporaryFile::Finish(const std::string& name) && {
  return FileReader::Adopt(name, std::exchange(descriptor_, -1));
}

absl::StatusOr<FileReader> Spool(ByteStream& bytes) {
  absl::StatusOr<TemporaryFile> file = TemporaryFile::Create();
  if (!file.ok()) return file.status();
  std::vector<char> buffer(kCopyBytes);
  while (true) {
    const absl::StatusOr<size_t> got = bytes.Read(buffer.data(), buffer.size());
    if (!got.ok()) return got.status();
    if (*got == 0) return (*std::move(file)).Finish(bytes.name());
    if (absl::Status s = file->Append(buffer.data(), *got); !s.ok()) return s;
  }
}

absl::StatusOr<FileReader> OpenSpooled(const std::string& path, std::function<bool()> interrupted) {
  struct stat stat = {};
  if (path != "-" && ::stat(path.c_str(), &stat) == 0 && S_ISREG(stat.st_mode)) {
    return FileReader::Open(path);
  }
  absl::StatusOr<std::unique_ptr<ByteStream>> bytes =
      ByteStream::Open(path, std::move(interrupted));
  if (!bytes.ok()) return bytes.status();
  return Spool(**bytes);
}

}  // namespace tqdb::client
