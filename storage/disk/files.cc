#include "storage/disk/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/read_file.h"
#include "base/status_macros.h"
#include "storage/disk/shortage.h"

namespace tqdb::storage {

namespace fs = std::filesystem;

namespace {

// Returns the status of a failed call: "ACTION PATH: reason".
absl::Status FromErrno(int error, absl::string_view action, absl::string_view path) {
  return StatusOfErrno(error, absl::StrCat(action, " ", path, ": ", std::strerror(error)));
}

absl::Status FromErrorCode(const std::error_code& error, absl::string_view action,
                           absl::string_view path) {
  return error ? FromErrno(error.value(), action, path) : absl::OkStatus();
}

// What CheckRoom tries: descriptors held at once, and a file that is written and removed.
constexpr size_t kProbedDescriptors = 32;
constexpr absl::string_view kProbeFile = "room.probe";
constexpr size_t kProbeBytes = 256 << 10;

// A file descriptor that is closed at the end of the scope. A negative one is not closed.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

std::string ParentOf(const std::string& path) {
  const std::string parent = fs::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

// Writes all of `contents`. One write() may take only a part, or be interrupted by a signal.
absl::Status WriteAll(int fd, absl::string_view contents, const std::string& path) {
  while (!contents.empty()) {
    const ssize_t written = write(fd, contents.data(), contents.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return FromErrno(errno, "writing", path);
    }
    contents.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status MakeDirectories(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (!error && !fs::is_directory(path, error))
    error = std::make_error_code(std::errc::not_a_directory);
  return FromErrorCode(error, "creating directory", path);
}

bool PathExists(const std::string& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

absl::Status WriteFileAtomically(const std::string& path, absl::string_view contents) {
  // In the directory of the file, because a rename is atomic only within one file system.
  const std::string temporary = path + ".tmp";
  {
    const Descriptor file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
    if (file.get() < 0) return FromErrno(errno, "creating", temporary);
    TQDB_RETURN_IF_ERROR(WriteAll(file.get(), contents, temporary));
    // The sync must come before the rename. Otherwise the name could be durable before the
    // contents, and a crash would leave an empty file in place of the old one.
    if (fsync(file.get()) != 0) return FromErrno(errno, "syncing", temporary);
  }
  if (rename(temporary.c_str(), path.c_str()) != 0) return FromErrno(errno, "renaming to", path);
  return SyncDirectory(ParentOf(path));
}

absl::Status SyncDirectory(const std::string& path) {
  const Descriptor directory(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0) return FromErrno(errno, "opening directory", path);
  if (fsync(directory.get()) != 0) return FromErrno(errno, "syncing directory", path);
  return absl::OkStatus();
}

absl::Status RenameDurably(const std::string& from, const std::string& to) {
  if (rename(from.c_str(), to.c_str()) != 0) {
    return FromErrno(errno, absl::StrCat("renaming ", from, " to"), to);
  }
  // The new name is made durable before the end of the old one, so that no crash leaves the tree
  // without a name.
  TQDB_RETURN_IF_ERROR(SyncDirectory(ParentOf(to)));
  return SyncDirectory(ParentOf(from));
}

absl::Status RemoveTree(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  return FromErrorCode(error, "removing", path);
}

std::optional<DirectoryEntry> DescribeDirectory(const std::string& path) {
  DirectoryEntry entry;
  entry.name = fs::path(path).filename().string();
  struct stat info;
  if (lstat(path.c_str(), &info) != 0) return std::nullopt;
  entry.is_link = S_ISLNK(info.st_mode);
  if (entry.is_link && stat(path.c_str(), &info) != 0) {
    const int reason = errno;  // before the next call changes it
    std::error_code ignored;
    entry.status = absl::UnavailableError(
        absl::StrCat("the symbolic link ", path, " to ", fs::read_symlink(path, ignored).string(),
                     " leads nowhere (", std::strerror(reason), "); is its volume mounted?"));
    return entry;
  }
  if (!S_ISDIR(info.st_mode)) return std::nullopt;
  entry.identity = {info.st_dev, info.st_ino};
  return entry;
}

absl::StatusOr<std::vector<DirectoryEntry>> ListDirectories(const std::string& path) {
  std::vector<DirectoryEntry> entries;
  std::error_code error;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    std::optional<DirectoryEntry> entry = DescribeDirectory(it->path().string());
    if (entry.has_value()) entries.push_back(*std::move(entry));
  }
  TQDB_RETURN_IF_ERROR(FromErrorCode(error, "listing", path));
  std::sort(entries.begin(), entries.end(), [](const DirectoryEntry& a, const DirectoryEntry& b) {
    return std::tie(a.is_link, a.name) < std::tie(b.is_link, b.name);
  });
  return entries;
}

absl::Status CheckRoom(const std::string& directory, uint64_t bytes) {
  struct statvfs disk;
  if (statvfs(directory.c_str(), &disk) != 0) return FromErrno(errno, "looking at", directory);
  if (disk.f_bavail * disk.f_frsize < bytes) {
    return StatusOfErrno(ENOSPC, absl::StrCat(directory, " has less than ", bytes, " bytes free"));
  }
  // Opening a collection takes some descriptors for a moment, and a few for good.
  std::vector<std::unique_ptr<Descriptor>> descriptors;
  while (descriptors.size() < kProbedDescriptors) {
    const int fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return FromErrno(errno, "opening directory", directory);
    descriptors.push_back(std::make_unique<Descriptor>(fd));
  }
  descriptors.clear();
  // Free space is not all: a quota, missing rights and a failing disk show when something is
  // written.
  const std::string path = absl::StrCat(directory, "/", kProbeFile);
  absl::Status status = WriteFileAtomically(path, std::string(kProbeBytes, '\0'));
  status.Update(RemoveTree(path + ".tmp"));
  status.Update(RemoveTree(path));
  return status;
}

uint64_t TreeBytes(const std::string& path) {
  uint64_t bytes = 0;
  std::error_code error;
  // RocksDB deletes files while this walk goes on, so a file that cannot be read is skipped.
  for (fs::recursive_directory_iterator it(path, error), end; !error && it != end;
       it.increment(error)) {
    std::error_code vanished;
    if (!it->is_regular_file(vanished) || vanished) continue;
    const uint64_t size = it->file_size(vanished);
    if (!vanished) bytes += size;
  }
  return bytes;
}

absl::StatusOr<std::unique_ptr<DirectoryLock>> DirectoryLock::Acquire(
    const std::string& directory) {
  const std::string path = absl::StrCat(directory, "/LOCK");
  // The file is never deleted: another process could hold the lock of a file that has no name any
  // more, and both would believe that they are alone. O_CLOEXEC keeps child processes from holding
  // the lock longer than this one.
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (fd < 0) return FromErrno(errno, "opening", path);
  auto lock = std::unique_ptr<DirectoryLock>(new DirectoryLock(fd));
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return FromErrno(errno, "locking", path);
    const absl::StatusOr<std::string> holder = ReadFile(path);
    const absl::string_view pid =
        holder.ok() ? absl::StripSuffix(*holder, "\n") : absl::string_view();
    return absl::UnavailableError(
        absl::StrCat("data directory ", directory, " is in use by another process",
                     pid.empty() ? "" : absl::StrCat(" (pid ", pid, ")")));
  }
  // The pid only helps people to find the holder. The lock itself is flock's, not the file. So a
  // disk without room for the pid does not keep the database from being opened.
  if (ftruncate(fd, 0) == 0) WriteAll(fd, absl::StrCat(getpid(), "\n"), path).IgnoreError();
  return lock;
}

DirectoryLock::~DirectoryLock() { close(fd_); }

}  // namespace tqdb::storage
