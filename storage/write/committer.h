// Commits writes: orders them, plans them, puts them on disk and then into memory.
//
// A group goes through four steps, on the thread of its leader: plan (planner.h), write (one batch,
// one fsync), apply (memory/apply.h), answer. Whatever fails on the way, every write of the group
// is answered, and memory says what the disk says or the collection takes no more writes:
//
//   step    after an error or an exception
//   plan    nothing has happened; the writes of the part fail, and the next ones go on
//   write   whether the batch is on disk is unknown until the next start: read-only
//   apply   it is on disk, and memory may have half of it: read-only
//
// A collection that is read-only goes on reading, and says why it is so.
//
// Three libraries end the process when they have no memory, in spite of all this: RocksDB within a
// write, which would leave its locks taken; the JSON library where it destroys a tree; and the hash
// tables of payload and text indexes where they grow (base/ending_allocator.h). What was
// acknowledged is on disk then, and a restart serves it.
//
// Thread-safe.
#ifndef TQDB_STORAGE_WRITE_COMMITTER_H_
#define TQDB_STORAGE_WRITE_COMMITTER_H_

#include <cstddef>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "storage/disk/store.h"
#include "storage/memory/collection_state.h"
#include "storage/write/commit_queue.h"
#include "storage/write/write.h"

namespace tqdb::storage {

class Committer {
 public:
  // `name` is the collection's, for messages. Store and state must outlive the committer.
  Committer(std::string name, Store& store, CollectionState& state);

  // Returns once the write is committed or has failed. For a record, use the call below.
  absl::Status Commit(Write& write);
  // Commits a record. Returns its result, or the reason why it was rejected. `bytes` is an estimate
  // of the log bytes that it takes.
  absl::StatusOr<WriteResult> Commit(const WriteRecord& record, PreparedParts parts, size_t bytes,
                                     Durability durability);

  // Returns OK while writes are taken, otherwise why not.
  absl::Status CheckWritable() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Returns the error that made the collection read-only, OK while writes are taken. If it is a
  // shortage (storage/disk/shortage.h), the collection can be closed and opened once that is over.
  absl::Status ReadOnlyCause() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // Commits a group in parts, and sets the status of every write.
  void CommitGroup(absl::Span<Write* const> group);
  // Commits a part of a group, in one write to disk. Sets the status of a write that fails by
  // itself, and returns the status of all others. Sets `synced` when it wrote something with an
  // fsync. Catches every exception.
  absl::Status CommitPart(absl::Span<Write* const> part, bool sync, bool& synced);
  // Does the work of CommitPart, but lets exceptions pass. Sets `step` to the step that has begun,
  // so that the caller knows whether anything can have happened.
  enum class Step { kPlan, kWrite, kApply };
  absl::Status TryPart(absl::Span<Write* const> part, bool sync, Step& step, bool& synced);
  // Makes the collection read-only. Returns the reason in the words of CheckWritable.
  absl::Status MarkReadOnly(const absl::Status& cause) ABSL_LOCKS_EXCLUDED(mutex_);

  const std::string name_;
  Store& store_;
  CollectionState& state_;
  // Errors that are made beforehand: when they are needed, there may be no memory for a message.
  const absl::Status out_of_memory_;
  const absl::Status memory_differs_;
  CommitQueue queue_;

  mutable absl::Mutex mutex_;                         // a leaf of the lock order
  absl::Status write_error_ ABSL_GUARDED_BY(mutex_);  // the first one; OK while writes are taken
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_WRITE_COMMITTER_H_
