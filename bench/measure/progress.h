// Progress of long work: one line on the standard error, redrawn, and only when that is a terminal.
#ifndef TQDB_BENCH_MEASURE_PROGRESS_H_
#define TQDB_BENCH_MEASURE_PROGRESS_H_

#include <atomic>
#include <cstdint>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace tqdb::bench {

// Thread-safe. The line is wiped at the end, so that it never mixes with results.
class Progress {
 public:
  // `total` 0: unknown.
  Progress(std::string label, uint64_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Add(uint64_t done);

 private:
  void Draw(uint64_t done) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string label_;
  const uint64_t total_;
  const bool enabled_;
  const absl::Time start_;
  std::atomic<uint64_t> done_{0};
  absl::Mutex mutex_;
  absl::Time last_drawn_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_MEASURE_PROGRESS_H_
