#include "storage/write/commit_queue.h"

#include <vector>

namespace tqdb::storage {

absl::Status CommitQueue::Commit(QueuedWrite& write) {
  std::vector<QueuedWrite*> group;
  {
    absl::MutexLock lock(&mutex_);
    queue_.push_back(&write);
    while (!write.done_ && queue_.front() != &write) write.wake_.Wait(&mutex_);
    if (write.done_) return write.status_;
    // Leader. Its group stays in the queue while it commits, so nobody else can come to the front.
    size_t bytes = 0;
    for (QueuedWrite* queued : queue_) {
      if (!group.empty() && bytes + queued->bytes() > max_group_bytes_) break;
      bytes += queued->bytes();
      group.push_back(queued);
    }
  }
  const absl::Status status = commit_(group);
  absl::MutexLock lock(&mutex_);
  for (QueuedWrite* member : group) {
    queue_.pop_front();
    if (member == &write) continue;
    member->status_ = status;
    member->done_ = true;
    member->wake_.Signal();
  }
  if (!queue_.empty()) queue_.front()->wake_.Signal();
  return status;
}

}  // namespace tqdb::storage
