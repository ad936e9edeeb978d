// A fixed number of threads that run tasks in the order in which they came.
//
// It exists for work that blocks: a commit waits for its fsync. Such work often begins on a gRPC
// callback thread. There are few of these and they must not wait, so the work is handed over.
// HelperPool is the other pool, for parts of a computation whose caller waits for them.
//
// Thread-safe.
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
  // Starts `num_threads` threads.
  explicit TaskQueue(size_t num_threads);
  // Runs the tasks that were submitted, then joins the threads.
  ~TaskQueue();
  TaskQueue(const TaskQueue&) = delete;
  TaskQueue& operator=(const TaskQueue&) = delete;

  // Adds a task. The queue has no bound of its own; a stream submits no more tasks than it has
  // batches in flight.
  void Submit(std::function<void()> task) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  // Runs tasks until the queue is stopped and empty. Called by each thread.
  void Run() ABSL_LOCKS_EXCLUDED(mu_);
  // Returns whether a thread that waits should go on: there is a task, or nothing more will come.
  bool HasWork() const ABSL_SHARED_LOCKS_REQUIRED(mu_) { return stop_ || !tasks_.empty(); }

  absl::Mutex mu_;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mu_);
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace tqdb

#endif  // TQDB_BASE_TASK_QUEUE_H_
