#include "storage/write/commit_queue.h"

#include <new>
#include <vector>

namespace tqdb::storage {

absl::Status CommitQueue::Commit(Write& write) {
  std::vector<Write*> list;
  Write* alone = &write;
  absl::Span<Write* const> group(&alone, 1);
  {
    absl::MutexLock lock(&mutex_);
    (last_ != nullptr ? last_->next_ : first_) = &write;
    last_ = &write;
    while (!write.done_ && first_ != &write) write.wake_.Wait(&mutex_);
    if (write.done_) return write.status_;
    // This thread is the leader. Its group stays in the queue while it commits. So no other writer
    // comes to the front, and there is one leader at a time.
    try {
      size_t bytes = 0;
      for (Write* queued = first_; queued != nullptr; queued = queued->next_) {
        // The first write is taken whatever its size, because somebody must commit it.
        if (!list.empty() && bytes + queued->bytes() > max_group_bytes_) break;
        bytes += queued->bytes();
        list.push_back(queued);
      }
      group = list;
    } catch (const std::bad_alloc&) {
      // Without a list the leader commits its own write alone. The others lead groups of their own.
    }
  }
  try {
    commit_(group);
  } catch (...) {
    for (Write* member : group) member->set_status(thrown_);
  }
  absl::MutexLock lock(&mutex_);
  for (Write* member : group) {
    // The lock is held for all of this. As soon as it is free, an owner whose write is done may
    // return, and destroy the write with its condition variable.
    first_ = member->next_;
    if (member == &write) continue;
    member->done_ = true;
    member->wake_.Signal();
  }
  if (first_ == nullptr) {
    last_ = nullptr;
  } else {
    // One writer is woken to lead, and not all of them: the others would find that it is not their
    // turn.
    first_->wake_.Signal();
  }
  return write.status_;
}

}  // namespace tqdb::storage
