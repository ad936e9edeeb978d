#include "core/worker_pool.h"

#include <algorithm>

namespace tqdb {

WorkerPool::WorkerPool(size_t threads) {
  threads_.reserve(threads);
  for (size_t t = 0; t < threads; ++t) threads_.emplace_back([this] { WorkerLoop(); });
}

WorkerPool::~WorkerPool() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  for (std::thread& thread : threads_) thread.join();
}

WorkerPool& WorkerPool::Shared() {
  // Never destroyed: threads may still search while the process exits.
  static WorkerPool* pool = new WorkerPool(std::max(1u, std::thread::hardware_concurrency()) - 1);
  return *pool;
}

bool WorkerPool::RunNext(Work& work) {
  if (work.next == work.count) return false;
  const size_t index = work.next++;
  if (work.next == work.count) queue_.erase(std::find(queue_.begin(), queue_.end(), &work));
  mutex_.Unlock();
  work.part(index);
  mutex_.Lock();
  ++work.done;
  return true;
}

void WorkerPool::Run(size_t count, absl::FunctionRef<void(size_t)> part) {
  if (count == 0) return;
  if (count == 1 || threads_.empty()) {
    for (size_t i = 0; i < count; ++i) part(i);
    return;
  }
  Work work = {part, count};
  absl::MutexLock lock(&mutex_);
  queue_.push_back(&work);
  while (RunNext(work)) {
  }
  mutex_.Await(absl::Condition(
      +[](Work* w) { return w->done == w->count; }, &work));
}

void WorkerPool::WorkerLoop() {
  absl::MutexLock lock(&mutex_);
  while (true) {
    mutex_.Await(absl::Condition(
        +[](WorkerPool* pool) ABSL_EXCLUSIVE_LOCKS_REQUIRED(pool->mutex_) {
          return pool->stopping_ || !pool->queue_.empty();
        },
        this));
    if (stopping_) return;
    RunNext(*queue_.front());
  }
}

}  // namespace tqdb
