// Runs the upkeep of one collection on the background worker.
//
// Every write may ask for upkeep, and so may every read that ends. So requests are merged: while a
// run is scheduled, further ones change nothing. A request during a run makes it run once more,
// because the run may have passed the place that the request is about.
//
// Example: requests at 0, 1 and 2 ms, while the worker is busy, lead to one run. A request during
// this run leads to a second one.
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
  // `work` does all upkeep that is necessary when it is called. Requires: `worker` outlives this.
  Maintenance(BackgroundWorker& worker, std::function<void()> work)
      : worker_(worker), work_(std::move(work)) {}

  // Has the work done soon. `owner` owns this object. The worker keeps the owner alive while it
  // runs the work, and does nothing if it is gone by then. Throws nothing, because a write that is
  // committed must not fail for lack of upkeep.
  void Schedule(std::weak_ptr<const void> owner) noexcept ABSL_LOCKS_EXCLUDED(mutex_);
  // Waits until no work is scheduled or running, or until Stop.
  void AwaitIdle() ABSL_LOCKS_EXCLUDED(mutex_);
  // Begins no further run. Does not wait for the one in progress.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Run() ABSL_LOCKS_EXCLUDED(mutex_);

  BackgroundWorker& worker_;
  const std::function<void()> work_;
  absl::Mutex mutex_;                           // a leaf of the lock order
  bool busy_ ABSL_GUARDED_BY(mutex_) = false;   // a run is scheduled or in progress
  bool again_ ABSL_GUARDED_BY(mutex_) = false;  // a request came while busy_
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_UPKEEP_MAINTENANCE_H_
