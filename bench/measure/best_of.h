// Rates of short work: the best of several passes, because everything that disturbs one only adds.
#ifndef TQDB_BENCH_MEASURE_BEST_OF_H_
#define TQDB_BENCH_MEASURE_BEST_OF_H_

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "bench/measure/stopwatch.h"

namespace tqdb::bench {

// Units per second of work() in the best of 7 passes; `units` is what one pass does.
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

// Keeps the compiler from dropping work whose result nobody reads. Thread-safe.
inline void Keep(uint64_t result) {
  static std::atomic<uint64_t> sink{0};
  sink.fetch_add(result, std::memory_order_relaxed);
}

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_MEASURE_BEST_OF_H_
