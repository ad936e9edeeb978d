// What bounds the rate of a scan on this machine.
#ifndef TQDB_BENCH_MEASURE_SCAN_LIMITS_H_
#define TQDB_BENCH_MEASURE_SCAN_LIMITS_H_

#include <cstddef>

#include "bench/measure/scan_space.h"
#include "core/kernels/kernels.h"

namespace tqdb::bench {

struct ScanLimit {
  const char* name;
  double vectors_per_s;  // rows times queries
};

// Bounds of a scan that looks at every row in one way, in rows times queries per second. Zero:
// none, or unknown.
struct ScanLimits {
  double memory = 0;  // of a pass with one query; queries of one pass share it
  double lookups = 0;
  double multiplies = 0;

  // For calls of `batch` queries.
  ScanLimit Lowest(size_t batch) const;
};

// Measures this machine for `rows` rows at `cost`, scanned by `threads` threads.
ScanLimits MeasureScanLimits(const RowCost& cost, size_t rows, const Kernels& kernels,
                             size_t threads);

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_MEASURE_SCAN_LIMITS_H_
