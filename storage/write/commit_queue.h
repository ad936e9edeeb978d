// Group commit: many writers, one log write and one fsync a group.
//
// The simple idea: an fsync takes as long for a hundred writes as for one, so writes that come
// together share one. A writer prepares as much as it can, queues its write and waits. The writer
// at the front is the leader. It takes every queued write up to a byte bound, commits them as one
// group in queue order, and wakes their owners. The next writer in the queue leads the next group.
// While a leader waits for the disk, others validate, encode and queue, so the next group is
// larger. Throughput follows load without a timer, and a lone writer never waits for company.
//
// Example: A finds an empty queue and leads. B, C and D queue up during A's fsync. When A is done,
// B becomes the leader and commits B, C and D with the second fsync.
//
// The only memory that the queue allocates is a list of the group, and it can do without. So a
// process that runs out of memory still tells every writer its fate.
//
// Left out of this file: the commit itself (committer.h), and threads of its own. The leader is
// always a thread of a caller.
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
  // Commits a group in order and sets the status of each write. The queue never calls it on two
  // threads at once. If it throws, all writes of the group have failed.
  using CommitFn = std::function<void(absl::Span<Write* const> group)>;

  CommitQueue(size_t max_group_bytes, CommitFn commit)
      : max_group_bytes_(max_group_bytes),
        commit_(std::move(commit)),
        thrown_(absl::InternalError("an exception ended the commit")) {}

  // Queues `write`, and returns its status once it is committed or has failed. The caller may
  // commit other writers' writes on the way.
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
