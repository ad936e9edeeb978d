// Upper bounds of the rate of a scan on this machine.
#ifndef TQDB_BENCH_MEASURE_SCAN_LIMITS_H_
#define TQDB_BENCH_MEASURE_SCAN_LIMITS_H_

#include <cstddef>

#include "bench/measure/scan_space.h"
#include "core/kernels/kernels.h"

namespace tqdb::bench {

// One bound.
struct ScanLimit {
  const char* name;
  double vectors_per_s;  // rows times queries, per second
};

// The bounds of a scan that looks at every row in the same way, in rows times queries per second. 0
// means that there is no such bound, or that it is not known.
struct ScanLimits {
  double memory = 0;      // bound by memory, for one query; the queries of one pass share the reads
  double lookups = 0;     // bound by table look-ups
  double multiplies = 0;  // bound by multiplications

  // Returns the lowest bound for calls of `batch` queries.
  ScanLimit Lowest(size_t batch) const;
};

// Measures this machine for `rows` rows at `cost`, scanned by `threads` threads.
ScanLimits MeasureScanLimits(const RowCost& cost, size_t rows, const Kernels& kernels,
                             size_t threads);

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_MEASURE_SCAN_LIMITS_H_
