// How RocksDB is set up, for every store. Only rocks_store.cc includes this file.
//
// - Column families are split by how they are read. Codes are read once, in sequence, at start-up.
//   Originals and payloads are read at random, for the hits of a search. One family for all would
//   drag the originals, 6 KB a vector at dim 1536, through each scan of codes.
// - Rows are numbered in order of arrival and never reused. So codes, vectors and payloads of one
//   space are written in key order. Flushed files hardly overlap, and compaction moves them without
//   rewriting them.
// - Points and payloads are compressed. Codes and vectors are not: their bytes are nearly random,
//   and a compressor would only cost time.
// - Originals of 512 bytes and more lie in blob files. They are written twice (to the log and to
//   the blob file), and ordinary compaction does not rewrite them. Garbage is collected from the
//   oldest quarter of the blob files, at the latest when half of it is garbage.
// - The log is recovered with kTolerateCorruptedTailRecords. A crash can leave a torn record at the
//   end of the log, from a write that was never acknowledged. With kAbsoluteConsistency the start
//   would fail then. Any other damage is an error and quarantines the collection:
//   kPointInTimeRecovery would silently drop every acknowledged write behind the damage. One case
//   remains: a log that is cut off while no process runs looks like a torn record. For logs that
//   were closed, the MANIFEST knows the synced size, so the open fails
//   (track_and_verify_wals_in_manifest).
//
// Left out: what depends on the call or the database: whether a store is made, and what it shares
// with others (rocks_store.cc).
#ifndef TQDB_STORAGE_DISK_ROCKS_OPTIONS_H_
#define TQDB_STORAGE_DISK_ROCKS_OPTIONS_H_

#include <rocksdb/cache.h>
#include <rocksdb/options.h>

#include <memory>

#include "storage/disk/store.h"

namespace tqdb::storage {

// Returns the settings of a store.
rocksdb::DBOptions RocksOptions();
// Returns the settings of one family. Memtable sizes follow the bytes of a row. Codes and vectors
// get the largest ones, so that a flush writes files of useful size.
rocksdb::ColumnFamilyOptions RocksFamilyOptions(Family family,
                                                const std::shared_ptr<rocksdb::Cache>& cache);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_DISK_ROCKS_OPTIONS_H_
