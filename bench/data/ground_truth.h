// The true nearest rows of queries, by brute force, and recall against them.
#ifndef TQDB_BENCH_DATA_GROUND_TRUTH_H_
#define TQDB_BENCH_DATA_GROUND_TRUTH_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/matrix_view.h"
#include "values/types.h"

namespace tqdb::bench {

// Row numbers of the best k rows of each query, best first. There are fewer if there are fewer
// rows.
using Neighbors = std::vector<std::vector<uint64_t>>;

// Returns the neighbours of `queries` (m, dim) among `rows` (n, dim). Candidates are found in
// float32 and ordered by their exact scores in double, ties by row number. Cost: n * m * dim
// multiply-adds over `threads` threads.
Neighbors ExactNeighbors(Metric metric, MatrixView rows, MatrixView queries, size_t k,
                         size_t threads);

// Returns the share of the first k true neighbours that are among the first k found, over all
// queries. Example: 9 of 10 true neighbours found for each query is 0.9.
double Recall(const Neighbors& truth, const Neighbors& found, size_t k);

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_DATA_GROUND_TRUTH_H_
