// Searches of an engine in memory: many for their rate, each query once for its hits.
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

struct SearchRate {
  double seconds = 0;
  uint64_t queries = 0;
  Latencies latencies;  // of one call
  SearchStats stats;
};

// Searches by `batch` queries a call from `threads` threads for at least `seconds`, over and over.
// There are at least `batch` queries.
absl::StatusOr<SearchRate> MeasureSearch(const VectorSpace& space, MatrixView queries,
                                         const SearchOptions& options, size_t batch, size_t threads,
                                         double seconds);

// As MeasureSearch, through the database's batcher, which has `threads` threads, by `clients`
// callers at a time. Counts no stats.
absl::StatusOr<SearchRate> MeasureBatcher(const VectorSpace& space, MatrixView queries,
                                          const SearchOptions& options, size_t batch,
                                          size_t clients, size_t threads, double seconds);

// Row numbers of the hits of every query, asked once, by `batch` queries a call.
absl::StatusOr<Neighbors> FindNeighbors(const VectorSpace& space, MatrixView queries,
                                        const SearchOptions& options, size_t batch);

// `queries` if there are `count`, else their repetition up to that many.
Matrix RepeatQueries(const Matrix& queries, size_t count);

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_MEASURE_SEARCH_LOOP_H_
