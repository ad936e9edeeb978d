// Rates of short work. The best of several passes counts, because every disturbance by other
// programs only adds time.
#ifndef TQDB_BENCH_MEASURE_BEST_OF_H_
#define TQDB_BENCH_MEASURE_BEST_OF_H_

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "bench/measure/stopwatch.h"

namespace tqdb::bench {

// Returns the units per second of work() in the best of 7 passes. `units` is the work of one pass.
template <typename Work>
double BestRate(double units, const Work& work) {
  double best = 0;
  for (int pass = 0; pass < 7; ++pass) {
    const Stopwatch watch;
    work();
    best = std::max(best, units / watch.seconds());
  }
  return best;
}

// Uses a result, so that the compiler cannot drop work whose result nobody reads. Thread-safe.
inline void Keep(uint64_t result) {
  static std::atomic<uint64_t> sink{0};
  sink.fetch_add(result, std::memory_order_relaxed);
}

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_MEASURE_BEST_OF_H_
