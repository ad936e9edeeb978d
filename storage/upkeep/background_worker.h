// One thread of low priority for work that nobody waits for: re-encoding and vacuum of all
// collections.
//
// Thread-safe.
#ifndef TQDB_STORAGE_UPKEEP_BACKGROUND_WORKER_H_
#define TQDB_STORAGE_UPKEEP_BACKGROUND_WORKER_H_

#include <deque>
#include <functional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace tqdb::storage {

class BackgroundWorker {
 public:
  BackgroundWorker();
  // Waits for the task that is running; tasks that have not begun are dropped.
  ~BackgroundWorker();
  BackgroundWorker(const BackgroundWorker&) = delete;
  BackgroundWorker& operator=(const BackgroundWorker&) = delete;

  void Schedule(std::function<void()> task) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Run() ABSL_LOCKS_EXCLUDED(mutex_);

  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;  // last: it uses the rest
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_UPKEEP_BACKGROUND_WORKER_H_
