// A fixed number of threads that run tasks in the order they came.
//
// Thread-safe. It exists for work that blocks (a commit waits for its fsync) and that was begun on
// a gRPC callback thread, of which there are few and which must not wait.
#ifndef TQDB_BASE_TASK_QUEUE_H_
#define TQDB_BASE_TASK_QUEUE_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace tqdb {

class TaskQueue {
 public:
  explicit TaskQueue(size_t num_threads);
  // Runs what was submitted, then joins.
  ~TaskQueue();
  TaskQueue(const TaskQueue&) = delete;
  TaskQueue& operator=(const TaskQueue&) = delete;

  // The queue has no bound of its own: a stream submits no more than its batches in flight.
  void Submit(std::function<void()> task) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  void Run() ABSL_LOCKS_EXCLUDED(mu_);
  bool HasWork() const ABSL_SHARED_LOCKS_REQUIRED(mu_) { return stop_ || !tasks_.empty(); }

  absl::Mutex mu_;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mu_);
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace tqdb

#endif  // TQDB_BASE_TASK_QUEUE_H_
