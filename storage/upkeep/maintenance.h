// Runs the upkeep of one collection on the background worker: once for any number of requests, and
// again when one came while it ran.
//
// Thread-safe.
#ifndef TQDB_STORAGE_UPKEEP_MAINTENANCE_H_
#define TQDB_STORAGE_UPKEEP_MAINTENANCE_H_

#include <functional>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "storage/upkeep/background_worker.h"

namespace tqdb::storage {

class Maintenance {
 public:
  // `work` does all that there is to do. `worker` must outlive this.
  Maintenance(BackgroundWorker& worker, std::function<void()> work)
      : worker_(worker), work_(std::move(work)) {}

  // Has the work done soon. `owner` owns this object: the worker keeps it alive while it runs the
  // work, and does nothing once it is gone. Throws nothing: a write that is committed must not fail
  // for lack of upkeep.
  void Schedule(std::weak_ptr<const void> owner) noexcept ABSL_LOCKS_EXCLUDED(mutex_);
  // Waits until no work is scheduled or running, or until Stop.
  void AwaitIdle() ABSL_LOCKS_EXCLUDED(mutex_);
  // Begins no more work.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Run() ABSL_LOCKS_EXCLUDED(mutex_);

  BackgroundWorker& worker_;
  const std::function<void()> work_;
  absl::Mutex mutex_;                           // a leaf of the lock order
  bool busy_ ABSL_GUARDED_BY(mutex_) = false;   // scheduled or running
  bool again_ ABSL_GUARDED_BY(mutex_) = false;  // asked for while busy
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_UPKEEP_MAINTENANCE_H_
