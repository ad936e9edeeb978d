// An engine filled with the rows of a benchmark, and what its scans cost a row.
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

// Encodes all rows of `source` into a new space; row i has id and row number i. With
// Centering::kAuto they are centred on the mean of 1,000 rows that lie evenly over the source, a
// stand-in for the guarded mean of the database. `options.dim` is the source's. InvalidArgument for
// rows or queries that cannot be encoded.
absl::StatusOr<std::unique_ptr<VectorSpace>> FillSpace(const RowSource& source,
                                                       const CodecOptions& options,
                                                       Centering centering, const Kernels* kernels,
                                                       size_t threads);

// What one row and query at least cost a scan that looks at every row in the same way. A kind of
// work that the scan does without is zero.
struct RowCost {
  size_t bytes;       // read, once for all queries of a pass
  size_t lookups;     // of one byte, in registers
  size_t multiplies;  // of bytes, accumulated
};
// Scan of the sign plane: signs and three floats; one look-up for four dimensions.
RowCost SignsCost(const Codec& codec);
// Scan of whole codes: signs, record and three floats; a product for each dimension of the code.
// The residual bit is not counted: it may be summed by look-ups.
RowCost CodesCost(const Codec& codec);

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_MEASURE_SCAN_SPACE_H_
