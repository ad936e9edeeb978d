// Progress of a benchmark: one line on the standard error, and only when that is a terminal.
#ifndef TQDB_BENCH_MEASURE_PROGRESS_H_
#define TQDB_BENCH_MEASURE_PROGRESS_H_

#include <cstdint>
#include <string>

#include "base/progress_bar.h"

namespace tqdb::bench {

// Returns a bar that is wiped at the end, so that it never mixes with results. `total` is the
// number of units that will be added; 0 means unknown.
ProgressBar StartProgress(std::string label, uint64_t total);

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_MEASURE_PROGRESS_H_
