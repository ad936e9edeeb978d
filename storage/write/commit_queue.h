// Group commit: many writers, one log write and one fsync a group.
//
// A writer prepares what it can, queues an operation and waits. The writer at the front is the
// leader: it takes every queued operation up to a byte bound, commits them as one group in queue
// order, and wakes their owners; the next in the queue leads the next group. While a leader waits
// for the disk, others validate, encode and queue, so the next group is larger: throughput follows
// load without a timer.
//
// Thread-safe.
#ifndef TQDB_STORAGE_WRITE_COMMIT_QUEUE_H_
#define TQDB_STORAGE_WRITE_COMMIT_QUEUE_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"

namespace tqdb::storage {

// One write waiting to be committed; what it holds is its subclass's affair. Lives on its writer's
// stack.
class QueuedWrite {
 public:
  explicit QueuedWrite(size_t bytes) : bytes_(bytes) {}
  virtual ~QueuedWrite() = default;
  QueuedWrite(const QueuedWrite&) = delete;
  QueuedWrite& operator=(const QueuedWrite&) = delete;
  // About how much log it will write.
  size_t bytes() const { return bytes_; }

 private:
  friend class CommitQueue;
  const size_t bytes_;
  bool done_ = false;
  absl::Status status_;
  absl::CondVar wake_;
};

class CommitQueue {
 public:
  // Commits a group in order. Never called by two threads at once. Its status is that of every
  // write.
  using CommitFn = std::function<absl::Status(absl::Span<QueuedWrite* const> group)>;

  CommitQueue(size_t max_group_bytes, CommitFn commit)
      : max_group_bytes_(max_group_bytes), commit_(std::move(commit)) {}

  // Returns once `write` is committed or has failed.
  absl::Status Commit(QueuedWrite& write) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  const size_t max_group_bytes_;
  const CommitFn commit_;
  absl::Mutex mutex_;
  std::deque<QueuedWrite*> queue_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_WRITE_COMMIT_QUEUE_H_
