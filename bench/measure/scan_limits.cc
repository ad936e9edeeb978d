#include "bench/measure/scan_limits.h"

#include <algorithm>

#include "bench/measure/machine_limits.h"
#include "core/scan/scan.h"

namespace tqdb::bench {

ScanLimit ScanLimits::Lowest(size_t batch) const {
  ScanLimit lowest = {"memory", memory * static_cast<double>(std::min(batch, Scan::kMaxQueries))};
  for (const ScanLimit& other : {ScanLimit{"lookups", lookups}, {"multiplies", multiplies}}) {
    if (other.vectors_per_s > 0 && other.vectors_per_s < lowest.vectors_per_s) lowest = other;
  }
  return lowest;
}

ScanLimits MeasureScanLimits(const RowCost& cost, size_t rows, const Kernels& kernels,
                             size_t threads) {
  const double cores = static_cast<double>(threads);
  ScanLimits limits;
  limits.memory = ReadBandwidth(threads, rows * cost.bytes) / static_cast<double>(cost.bytes);
  if (cost.lookups != 0) {
    limits.lookups = LookupRate(kernels.name) * cores / static_cast<double>(cost.lookups);
  }
  if (cost.multiplies != 0) {
    limits.multiplies = DotRate(kernels.name) * cores / static_cast<double>(cost.multiplies);
  }
  return limits;
}

}  // namespace tqdb::bench
