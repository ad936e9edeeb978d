// The few file operations that RocksDB does not do for us. These are durable creation, renaming and
// removal of files and directories, their sizes, and the lock of a data directory.
//
// A collection begins and ends by a rename (docs/format.md), so a rename must survive a power
// failure. POSIX promises that only after an fsync of the directory that holds the name.
//
// Thread-safe. Errors name the path and the reason. They are ResourceExhausted for a full disk
// and for too few descriptors or too little memory, Unavailable if the system refuses access,
// NotFound for a missing path, and Internal otherwise.
#ifndef TQDB_STORAGE_DISK_FILES_H_
#define TQDB_STORAGE_DISK_FILES_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tqdb::storage {

// Makes the directory and its parents. A directory that exists is not an error.
absl::Status MakeDirectories(const std::string& path);
// Returns whether the path exists. A symbolic link exists even if its target does not.
bool PathExists(const std::string& path);
// Writes PATH.tmp, syncs it and renames it to `path`. After a crash the file has either its old or
// its new contents, never a part.
absl::Status WriteFileAtomically(const std::string& path, absl::string_view contents);
// Makes earlier creations, renames and removals of names in the directory durable.
absl::Status SyncDirectory(const std::string& path);
// Renames and syncs both parent directories. Fails if `to` is a directory that is not empty.
absl::Status RenameDurably(const std::string& from, const std::string& to);
// Removes a file or a tree of directories. A path that does not exist is not an error.
absl::Status RemoveTree(const std::string& path);
// A directory below another one, or a symbolic link to a directory.
struct DirectoryEntry {
  std::string name;
  bool is_link = false;
  // Device and inode of the directory itself, behind the link. Two names of one directory have the
  // same.
  std::pair<uint64_t, uint64_t> identity;
  // Unavailable for a link that leads nowhere, for example to a volume that is not mounted.
  absl::Status status;
};
// Describes one path. Returns nothing if there is no directory and no link that leads nowhere.
std::optional<DirectoryEntry> DescribeDirectory(const std::string& path);
// Returns the sub-directories: those with a name of their own, then the links, each in the order of
// names. A link to something that is no directory is left out.
absl::StatusOr<std::vector<DirectoryEntry>> ListDirectories(const std::string& path);
// Returns OK if a directory can be written to now: its disk has `bytes` free, some descriptors can
// be opened, and a small file can be written, synced and removed.
absl::Status CheckRoom(const std::string& directory, uint64_t bytes);
// Returns the sum of the sizes of all files below `path`, in bytes. Files that vanish during the
// call count 0.
uint64_t TreeBytes(const std::string& path);

// An exclusive lock on a data directory, held while the object lives. The kernel drops it when the
// process dies, however it dies.
class DirectoryLock {
 public:
  // Takes the lock, without waiting. Unavailable if another process holds it; the message names the
  // directory and the pid of the holder.
  static absl::StatusOr<std::unique_ptr<DirectoryLock>> Acquire(const std::string& directory);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  const int fd_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_DISK_FILES_H_
