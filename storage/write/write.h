// Writes, as they wait in the commit queue.
//
// Most of them are records. Others are steps of upkeep, for example a vacuum. They change nothing
// that a caller could see, but must not run at the same time as a record, so they take their turn
// in the same queue.
//
// A write is owned by the thread that queued it. This thread sleeps until the write is done, so the
// memory that the write borrows from its caller stays valid. The methods of a write run on the
// leader of the queue, one thread at a time.
#ifndef TQDB_STORAGE_WRITE_WRITE_H_
#define TQDB_STORAGE_WRITE_WRITE_H_

#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "storage/api/options.h"
#include "storage/memory/collection_state.h"
#include "storage/write/planner.h"
#include "storage/write/record.h"

namespace tqdb::storage {

class Write {
 public:
  // `bytes` is an estimate of the log bytes that the write takes.
  Write(size_t bytes, Durability durability)
      : bytes_(bytes), sync_(durability == Durability::kSync) {}
  virtual ~Write() = default;
  Write(const Write&) = delete;
  Write& operator=(const Write&) = delete;

  size_t bytes() const { return bytes_; }
  bool sync() const { return sync_; }

  // Place that a write may have in a batch. All writes of a batch are planned before the first of
  // them is on disk or in memory.
  enum class Sharing {
    kAny,    // anywhere: the planner itself keeps track of its effects
    kFirst,  // at the front: it reads the disk, so earlier writes must be there
    kAlone,  // in a batch of its own: it changes means or indexes, by which others are planned
  };
  virtual Sharing sharing() const = 0;
  // Returns whether the write is counted, so that its batch sets a position. Only records are.
  virtual bool numbered() const = 0;
  // Adds the changes of the write to the planner. An error means that it has added none, and fails
  // this write alone.
  virtual absl::Status Plan(Planner& planner) = 0;
  // Does work for which there is no change, after the changes of the batch are applied. An error
  // means that memory and disk may differ, and makes the collection read-only.
  virtual absl::Status Finish(CollectionState&) { return absl::OkStatus(); }

  // Result of the write. The committer sets it before the queue wakes the owner.
  const absl::Status& status() const { return status_; }
  void set_status(const absl::Status& status) { status_ = status; }

 private:
  friend class CommitQueue;
  const size_t bytes_;
  const bool sync_;
  absl::Status status_;
  // State that belongs to the queue and is guarded by its lock.
  Write* next_ = nullptr;
  bool done_ = false;
  absl::CondVar wake_;  // signalled when the write is done, or when its owner becomes the leader
};

// A write that consists of one record.
class RecordWrite : public Write {
 public:
  // Hashes the record here, on the writer's own thread, so that the leader need not. Requires:
  // `record` outlives the write.
  RecordWrite(const WriteRecord& record, PreparedParts parts, size_t bytes, Durability durability)
      : Write(bytes, durability), record_(record), parts_(std::move(parts)) {
    if (!parts_.content) parts_.content = ContentDigest(record);
  }
  Sharing sharing() const override {
    switch (KindOf(record_)) {
      case RecordKind::kUpsert:
        return std::get<UpsertRecord>(record_).reads_points() ? Sharing::kFirst : Sharing::kAny;
      case RecordKind::kDelete: return Sharing::kAny;
      case RecordKind::kEdit: return Sharing::kFirst;
      case RecordKind::kMean:
      case RecordKind::kIndex:
      case RecordKind::kMetadata: break;
    }
    return Sharing::kAlone;
  }
  bool numbered() const override { return true; }
  absl::Status Plan(Planner& planner) override {
    return planner.Plan(record_, parts_, result_, rejected_);
  }
  // Returns the effect of the record. Requires: it is committed.
  const WriteResult& result() const { return result_; }
  // Returns the reason why the record was counted but changed nothing; OK if it was carried out.
  const absl::Status& rejected() const { return rejected_; }

 private:
  const WriteRecord& record_;
  PreparedParts parts_;
  WriteResult result_;
  absl::Status rejected_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_WRITE_WRITE_H_
