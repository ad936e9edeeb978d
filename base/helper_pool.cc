#include "base/helper_pool.h"

#include <algorithm>

namespace tqdb {

HelperPool::HelperPool(size_t threads) {
  threads_.reserve(threads);
  for (size_t t = 0; t < threads; ++t) threads_.emplace_back([this] { WorkerLoop(); });
}

HelperPool::~HelperPool() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  for (std::thread& thread : threads_) thread.join();
}

HelperPool& HelperPool::Shared() {
  // It is never destroyed, because threads may still search while the process exits.
  static HelperPool* pool = new HelperPool(std::max(1u, std::thread::hardware_concurrency()) - 1);
  return *pool;
}

bool HelperPool::RunNext(Work& work) {
  if (work.next == work.count) return false;
  const size_t index = work.next++;
  // The last part is taken, so no other thread may find this work. It lives on a stack that is gone
  // once `done` has reached `count`.
  if (work.next == work.count) queue_.erase(std::find(queue_.begin(), queue_.end(), &work));
  // The lock is not held during a part. `work` stays alive, since its caller waits for `done`.
  mutex_.Unlock();
  work.part(index);
  mutex_.Lock();
  ++work.done;
  return true;
}

void HelperPool::Run(size_t count, absl::FunctionRef<void(size_t)> part) {
  if (count == 0) return;
  // No other thread is needed or exists, so the lock is not taken at all.
  if (count == 1 || threads_.empty()) {
    for (size_t i = 0; i < count; ++i) part(i);
    return;
  }
  Work work = {part, count};
  absl::MutexLock lock(&mutex_);
  queue_.push_back(&work);
  // The caller takes parts like every helper. Even if all helpers are busy elsewhere, the work gets
  // done.
  while (RunNext(work)) {
  }
  // Parts that helpers have taken may still run.
  mutex_.Await(absl::Condition(
      +[](Work* w) { return w->done == w->count; }, &work));
}

void HelperPool::WorkerLoop() {
  absl::MutexLock lock(&mutex_);
  while (true) {
    mutex_.Await(absl::Condition(
        +[](HelperPool* pool) ABSL_EXCLUSIVE_LOCKS_REQUIRED(pool->mutex_) {
          return pool->stopping_ || !pool->queue_.empty();
        },
        this));
    if (stopping_) return;
    RunNext(*queue_.front());
  }
}

}  // namespace tqdb
