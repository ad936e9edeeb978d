// Group commit: many writers, one log write and one fsync a group.
//
// A writer prepares what it can, queues its write and waits. The writer at the front is the leader:
// it takes every queued write up to a byte bound, commits them as one group in queue order, and
// wakes their owners; the next in the queue leads the next group. While a leader waits for the
// disk, others validate, encode and queue, so the next group is larger: throughput follows load
// without a timer.
//
// The queue allocates nothing, but for a list of the group that it can do without. So a process
// that runs out of memory still tells every writer its fate.
//
// Thread-safe.
#ifndef TQDB_STORAGE_WRITE_COMMIT_QUEUE_H_
#define TQDB_STORAGE_WRITE_COMMIT_QUEUE_H_

#include <cstddef>
#include <functional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "storage/write/write.h"

namespace tqdb::storage {

class CommitQueue {
 public:
  // Commits a group in order and sets the status of each write. Never called by two threads at
  // once. If it throws, all writes of the group have failed.
  using CommitFn = std::function<void(absl::Span<Write* const> group)>;

  CommitQueue(size_t max_group_bytes, CommitFn commit)
      : max_group_bytes_(max_group_bytes),
        commit_(std::move(commit)),
        thrown_(absl::InternalError("an exception ended the commit")) {}

  // Returns the status of `write` once it is committed or has failed.
  absl::Status Commit(Write& write) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  const size_t max_group_bytes_;
  const CommitFn commit_;
  const absl::Status thrown_;  // made beforehand: when it is needed, there may be no memory
  absl::Mutex mutex_;
  // Writes that wait or are being committed, linked by Write::next_.
  Write* first_ ABSL_GUARDED_BY(mutex_) = nullptr;
  Write* last_ ABSL_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_WRITE_COMMIT_QUEUE_H_
