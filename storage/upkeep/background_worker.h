// One thread of low priority for the upkeep of all collections: re-encoding, vacuum and the
// completion of payload indexes.
//
// One thread for all of them bounds the share of the machine that upkeep can take. Tasks run in the
// order in which they were scheduled.
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
  // Waits for the task that is running. Drops tasks that have not begun.
  ~BackgroundWorker();
  BackgroundWorker(const BackgroundWorker&) = delete;
  BackgroundWorker& operator=(const BackgroundWorker&) = delete;

  // Has the task run after those that were scheduled before. Requires: it throws nothing.
  void Schedule(std::function<void()> task) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Run() ABSL_LOCKS_EXCLUDED(mutex_);

  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;  // declared last, because it uses the other members from its start on
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_UPKEEP_BACKGROUND_WORKER_H_
