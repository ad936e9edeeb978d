// Searches of an engine in memory: again and again to measure their rate, or each query once to
// get its hits.
#ifndef TQDB_BENCH_MEASURE_SEARCH_LOOP_H_
#define TQDB_BENCH_MEASURE_SEARCH_LOOP_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "base/matrix_view.h"
#include "bench/data/ground_truth.h"
#include "bench/data/matrix.h"
#include "bench/measure/stopwatch.h"
#include "core/space/vector_space.h"

namespace tqdb::bench {

// Result of a measurement.
struct SearchRate {
  double seconds = 0;
  uint64_t queries = 0;
  Latencies latencies;  // of each call
  SearchStats stats;
};

// Searches with `batch` queries a call, on `threads` threads that each call the engine, for at
// least `seconds`. Starts over at the end of the queries. Requires: there are at least `batch`
// queries.
absl::StatusOr<SearchRate> MeasureSearch(const VectorSpace& space, MatrixView queries,
                                         const SearchOptions& options, size_t batch, size_t threads,
                                         double seconds);

// Does the same through the batcher of the database, which has `threads` threads and gathers the
// queries of `clients` callers. `stats` of the result stays empty.
absl::StatusOr<SearchRate> MeasureBatcher(const VectorSpace& space, MatrixView queries,
                                          const SearchOptions& options, size_t batch,
                                          size_t clients, size_t threads, double seconds);

// Returns the row numbers of the hits of every query. Each query is asked once, `batch` in a call.
absl::StatusOr<Neighbors> FindNeighbors(const VectorSpace& space, MatrixView queries,
                                        const SearchOptions& options, size_t batch);

// Returns `queries`, repeated until there are at least `count` of them.
Matrix RepeatQueries(const Matrix& queries, size_t count);

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_MEASURE_SEARCH_LOOP_H_
