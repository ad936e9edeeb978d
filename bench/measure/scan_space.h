// An engine filled with the rows of a benchmark, and the cost of a row in its scans.
#ifndef TQDB_BENCH_MEASURE_SCAN_SPACE_H_
#define TQDB_BENCH_MEASURE_SCAN_SPACE_H_

#include <cstddef>
#include <memory>

#include "absl/status/statusor.h"
#include "bench/data/row_source.h"
#include "core/codec/codec.h"
#include "core/space/vector_space.h"
#include "values/types.h"

namespace tqdb::bench {

// Encodes all rows of `source` into a new space and returns it. Row i has id and row number i. With
// Centering::kAuto, rows are centred on the mean of 1,000 rows that lie evenly over the source. It
// stands in for the guarded mean of the database. InvalidArgument for rows or queries that cannot
// be encoded. Requires: options.dim is the dim of the source.
absl::StatusOr<std::unique_ptr<VectorSpace>> FillSpace(const RowSource& source,
                                                       const CodecOptions& options,
                                                       Centering centering, const Kernels* kernels,
                                                       size_t threads);

// The least work that one row and one query cost a scan that looks at every row in the same way. 0
// means that the scan does without this kind of work.
struct RowCost {
  size_t bytes;       // bytes read, once for all queries of a pass
  size_t lookups;     // look-ups of one byte, in registers
  size_t multiplies;  // multiply-accumulates of bytes
};
// Returns the cost of a scan of the sign plane. It reads signs and three floats, and takes one
// look-up for four dimensions.
RowCost SignsCost(const Codec& codec);
// Returns the cost of a scan of whole codes. It reads signs, record and three floats, and takes one
// product for each dimension of the code. The residual bit is not counted, because it may be summed
// by look-ups.
RowCost CodesCost(const Codec& codec);

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_MEASURE_SCAN_SPACE_H_
