// Changes as bytes: the one way of a write to the disk.
//
// docs/format.md has the bytes. The way back, from the disk to changes, is row_scanner.h.
#ifndef TQDB_STORAGE_DISK_CHANGE_FORMAT_H_
#define TQDB_STORAGE_DISK_CHANGE_FORMAT_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/api/options.h"
#include "storage/disk/change.h"
#include "storage/disk/digest.h"
#include "storage/disk/store.h"

namespace tqdb::storage {

// How far a collection has come: the records that it was given, counted from 1, and their digest.
struct Position {
  uint64_t sequence = 0;
  Digest digest;
  friend bool operator==(const Position&, const Position&) = default;
};

// Adds the keys and values of a change to the batch. `config` is that of the collection.
void AppendChange(const Change& change, const CollectionConfig& config, Batch& batch);
// Adds the first free row number. It belongs into every batch that takes rows.
void AppendNextRow(uint64_t next_row, Batch& batch);
// Adds the position that the batch leads to. It belongs into every batch that holds a record, so
// that a position is on disk exactly when its record is.
void AppendPosition(const Position& position, Batch& batch);
// Makes the collection one of kNumberedFormatVersion: builds that would not count refuse it then.
void AppendFormatVersion(uint32_t version, Batch& batch);

// DataLoss when the bytes are no position.
absl::StatusOr<Position> DecodePosition(absl::string_view bytes);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_DISK_CHANGE_FORMAT_H_
