// Threads that lend a hand with the parts of one piece of work.
//
// Thread-safe. Lock order: the pool's lock is held across no call of a part.
#ifndef TQDB_BASE_HELPER_POOL_H_
#define TQDB_BASE_HELPER_POOL_H_

#include <cstddef>
#include <deque>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/synchronization/mutex.h"

namespace tqdb {

class HelperPool {
 public:
  // `threads` beside those of the callers; none is allowed.
  explicit HelperPool(size_t threads);
  // No Run may be in progress.
  ~HelperPool();
  HelperPool(const HelperPool&) = delete;
  HelperPool& operator=(const HelperPool&) = delete;

  // One thread for every hardware thread but the caller's; made at the first call.
  static HelperPool& Shared();

  // Calls part(0), ..., part(count - 1), each once, on the caller's thread and on those that are
  // idle, and returns when all are done. Parts must not call Run.
  void Run(size_t count, absl::FunctionRef<void(size_t)> part) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Work {  // lives on the caller's stack
    absl::FunctionRef<void(size_t)> part;
    size_t count;
    size_t next = 0;  // not yet taken
    size_t done = 0;
  };

  void WorkerLoop() ABSL_LOCKS_EXCLUDED(mutex_);
  // Takes and runs the next part of `work`; false when all are taken.
  bool RunNext(Work& work) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Mutex mutex_;
  std::deque<Work*> queue_ ABSL_GUARDED_BY(mutex_);  // with parts not yet taken
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace tqdb

#endif  // TQDB_BASE_HELPER_POOL_H_
