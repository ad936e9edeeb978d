// The few file operations beside RocksDB: durable creation, renaming, removal, sizes, the lock.
//
// Thread-safe. Errors name the path and the reason: ResourceExhausted for a full disk, Internal
// otherwise.
#ifndef TQDB_STORAGE_DISK_FILES_H_
#define TQDB_STORAGE_DISK_FILES_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tqdb::storage {

// Makes the directory and its parents; no error when it exists.
absl::Status MakeDirectories(const std::string& path);
bool PathExists(const std::string& path);
// NotFound when there is no such file.
absl::StatusOr<std::string> ReadFile(const std::string& path);
// Writes a temporary file beside, syncs it and renames it: after a crash the file is old or new.
absl::Status WriteFileAtomically(const std::string& path, absl::string_view contents);
// Makes creations, renames and removals of names in the directory durable.
absl::Status SyncDirectory(const std::string& path);
// Renames and syncs both parent directories. Fails when `to` is a directory that is not empty.
absl::Status RenameDurably(const std::string& from, const std::string& to);
// Removes a tree; no error when it does not exist.
absl::Status RemoveTree(const std::string& path);
// Names of the sub-directories, sorted.
absl::StatusOr<std::vector<std::string>> ListDirectories(const std::string& path);
// Sum of the sizes of all files below; files that vanish meanwhile count nothing.
uint64_t TreeBytes(const std::string& path);

// An exclusive lock on a data directory, held while the object lives. The kernel drops it when the
// process dies, however it dies.
class DirectoryLock {
 public:
  // Unavailable when another holder has it; the message names the directory and the holder's pid.
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
