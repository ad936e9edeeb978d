// A stopwatch, and the quantiles of many measured times.
#ifndef TQDB_BENCH_MEASURE_STOPWATCH_H_
#define TQDB_BENCH_MEASURE_STOPWATCH_H_

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <vector>

namespace tqdb::bench {

// Measures wall time from its construction on.
class Stopwatch {
 public:
  Stopwatch() : start_(std::chrono::steady_clock::now()) {}
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_;
};

// Durations of single calls. Not thread-safe: each thread has its own, and they are merged at the
// end.
class Latencies {
 public:
  void Add(double seconds) { seconds_.push_back(seconds); }
  void Merge(const Latencies& other) {
    seconds_.insert(seconds_.end(), other.seconds_.begin(), other.seconds_.end());
  }
  size_t count() const { return seconds_.size(); }
  // Returns, in milliseconds, the smallest duration that at least `share` (0 to 1) of all durations
  // do not exceed. Example: with 1,000 calls and 0.99, 990 calls took this long or less. NaN if
  // there are none.
  double QuantileMs(double share) const {
    if (seconds_.empty()) return std::nan("");
    std::vector<double> sorted = seconds_;
    const double rank = std::ceil(share * static_cast<double>(sorted.size()));
    const size_t index = static_cast<size_t>(std::max(rank, 1.0)) - 1;
    std::nth_element(sorted.begin(), sorted.begin() + static_cast<ptrdiff_t>(index), sorted.end());
    return sorted[index] * 1e3;
  }

 private:
  std::vector<double> seconds_;
};

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_MEASURE_STOPWATCH_H_
