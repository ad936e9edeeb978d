// Writes, as they wait in the commit queue: records, and the steps of upkeep that are ordered among
// them.
//
// A write is owned by the thread that queued it, which sleeps meanwhile: the memory that it borrows
// from its caller stays valid. Its methods run on the leader of the queue, one thread at a time.
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
  // `bytes`: about how much log the write takes.
  Write(size_t bytes, Durability durability)
      : bytes_(bytes), sync_(durability == Durability::kSync) {}
  virtual ~Write() = default;
  Write(const Write&) = delete;
  Write& operator=(const Write&) = delete;

  size_t bytes() const { return bytes_; }
  bool sync() const { return sync_; }

  // Which writes may share a batch with this one.
  enum class Sharing {
    kAny,
    kFirst,  // it reads the disk, so those before it must be there
    kAlone,  // it changes what others are planned by: means and indexes
  };
  virtual Sharing sharing() const = 0;
  // True when the write is counted, so that its batch has a position.
  virtual bool numbered() const = 0;
  // Adds the changes of the write. An error means that it has added none; others may go on.
  virtual absl::Status Plan(Planner& planner) = 0;
  // Does what has no change, once the changes of the batch are applied. An error means that memory
  // can no longer be relied on.
  virtual absl::Status Finish(CollectionState&) { return absl::OkStatus(); }

  // The fate of the write: set by the committer before the queue wakes the owner.
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
  absl::CondVar wake_;
};

// One record.
class RecordWrite : public Write {
 public:
  // `record` outlives this. Prepares and hashes here, on the writer's own thread, so that the
  // leader need not.
  RecordWrite(const WriteRecord& record, PreparedParts parts, size_t bytes, Durability durability)
      : Write(bytes, durability), record_(record), parts_(std::move(parts)) {
    if (!parts_.content) parts_.content = ContentDigest(record);
  }
  Sharing sharing() const override {
    switch (KindOf(record_)) {
      case RecordKind::kUpsert:
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
  // What the record came to, once it is committed.
  const WriteResult& result() const { return result_; }
  // Why the record was counted and changed nothing; OK when it did what was asked.
  const absl::Status& rejected() const { return rejected_; }

 private:
  const WriteRecord& record_;
  PreparedParts parts_;
  WriteResult result_;
  absl::Status rejected_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_WRITE_WRITE_H_
