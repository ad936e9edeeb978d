// Views of a RocksDB: states that stay readable while writes go on.
//
// Only rocks_store.cc includes this file.
#ifndef TQDB_STORAGE_DISK_ROCKS_VIEW_H_
#define TQDB_STORAGE_DISK_ROCKS_VIEW_H_

#include <rocksdb/db.h>

#include <atomic>
#include <cstdint>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "storage/disk/store.h"

namespace tqdb::storage {

// A RocksDB snapshot, released when the object ends.
class RocksReadView : public ReadView {
 public:
  explicit RocksReadView(rocksdb::DB* db) : db_(db), snapshot_(db->GetSnapshot()) {}
  ~RocksReadView() override { db_->ReleaseSnapshot(snapshot_); }
  const rocksdb::Snapshot* get() const { return snapshot_; }

 private:
  rocksdb::DB* const db_;
  const rocksdb::Snapshot* const snapshot_;
};

// A view of the store that is older than all others, and is moved on rarely.
//
// Every write publishes a view, and releases the one before it. When the oldest view of a RocksDB
// is released, RocksDB rewrites every table file that holds numbers of writes below the next view,
// in order to drop what no view sees any more. For rows that only arrive there is nothing to drop,
// but each file would be written twice: an ingest took 7 to 18 % more of the processor. While the
// anchor stays, it is the oldest view, and nothing is rewritten. What was replaced or deleted since
// then stays on disk. So the anchor moves when there is enough of that for a rewrite to pay.
//
// Thread-safe.
class ViewAnchor {
 public:
  explicit ViewAnchor(rocksdb::DB* db) : db_(db), view_(std::make_unique<RocksReadView>(db)) {}

  // Notes that a write has replaced or deleted so many values.
  void Add(uint64_t outdated) {
    if (outdated != 0) outdated_.fetch_add(outdated, std::memory_order_relaxed);
  }
  // Moves to the state now, if that pays. With `force`, if it frees anything.
  void Move(bool force) ABSL_LOCKS_EXCLUDED(mutex_) {
    if (outdated_.load(std::memory_order_relaxed) < (force ? 1 : kOutdated)) return;
    absl::MutexLock lock(&mutex_);
    outdated_.store(0, std::memory_order_relaxed);
    view_ = std::make_unique<RocksReadView>(db_);
  }

 private:
  // Values that are outdated when the anchor moves: some 20,000 points that were replaced.
  static constexpr uint64_t kOutdated = 1 << 16;

  rocksdb::DB* const db_;
  std::atomic<uint64_t> outdated_{0};
  absl::Mutex mutex_;
  std::unique_ptr<RocksReadView> view_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_DISK_ROCKS_VIEW_H_
