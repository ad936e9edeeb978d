// Threads that help with the parts of one piece of work.
//
// The simple idea: a search over many rows is cut into parts, and idle threads take some of them.
// The caller takes parts, too, so nothing depends on a helper being free, and a Run ends even when
// every helper is busy. Example: a pool of 7 threads and a search of 8 parts. Alone it runs on 8
// threads. While others use all 7, it runs on its caller's thread and takes 8 times as long, but
// does not wait.
//
// Work is queued in order of arrival, and helpers take parts of the oldest piece first.
//
// This file leaves out work that blocks: a part that waits for a disk would keep a helper from
// searches. Such work goes to a TaskQueue.
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
  // Starts `threads` threads, in addition to those of the callers. With 0, callers do everything.
  explicit HelperPool(size_t threads);
  // Joins the threads. Requires: no Run is in progress.
  ~HelperPool();
  HelperPool(const HelperPool&) = delete;
  HelperPool& operator=(const HelperPool&) = delete;

  // Returns the pool of the process, made at the first call. It has one thread for every hardware
  // thread less one, which is the caller's.
  static HelperPool& Shared();

  // Calls part(0), ..., part(count - 1), each once, on the caller's thread and on idle ones.
  // Returns when all are done.
  //
  // Requires: parts do not call Run.
  void Run(size_t count, absl::FunctionRef<void(size_t)> part) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Work {  // lives on the caller's stack
    absl::FunctionRef<void(size_t)> part;
    size_t count;
    size_t next = 0;  // number of the next part to be taken
    size_t done = 0;  // parts that have returned
  };

  void WorkerLoop() ABSL_LOCKS_EXCLUDED(mutex_);
  // Takes the next part of `work` and runs it, without the lock. Returns false when all are taken.
  bool RunNext(Work& work) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Mutex mutex_;
  std::deque<Work*> queue_ ABSL_GUARDED_BY(mutex_);  // work with parts to be taken
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace tqdb

#endif  // TQDB_BASE_HELPER_POOL_H_
