// Errors of the operating system that pass by themselves: a full disk, no descriptors, no memory,
// missing rights, a file system that is mounted for reading.
//
// They say nothing about the bytes on disk. So they must never be taken for damage: a collection
// that meets one is not quarantined. It waits, and is opened again when the cause is gone.
#ifndef TQDB_STORAGE_DISK_SHORTAGE_H_
#define TQDB_STORAGE_DISK_SHORTAGE_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace tqdb::storage {

// Returns the status of a failed call of the operating system. ResourceExhausted ("disk is full")
// for a full disk, a quota and the limit of a file's size, Unavailable for every other shortage,
// NotFound for a name that does not exist, Internal for the rest.
absl::Status StatusOfErrno(int error, absl::string_view message);

// The same for a message that has the text of the error in it, as those of RocksDB have. Internal
// if it has none of a shortage.
absl::Status StatusOfErrorText(absl::string_view message);

// Returns whether a status of this file, or of one that passes it on, means a shortage.
inline bool IsShortage(const absl::Status& status) {
  return absl::IsResourceExhausted(status) || absl::IsUnavailable(status);
}

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_DISK_SHORTAGE_H_
