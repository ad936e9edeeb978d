// In which order rows are inserted. A guarded mean must not depend on it.
#ifndef TQDB_BENCH_DATA_ROW_ORDER_H_
#define TQDB_BENCH_DATA_ROW_ORDER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/matrix_view.h"

namespace tqdb::bench {

enum class RowOrder {
  kFile,  // as the file has them
  kShuffled,
  kClustered,  // all rows of one cluster, then all of the next: the hardest for a running mean
};

// "file", "shuffled" or "clustered".
const char* RowOrderName(RowOrder order);

// The row numbers of `rows` in the order in which they are inserted. The 64 clusters are those of a
// greedy farthest-point choice and a few rounds of k-means by direction.
std::vector<uint32_t> OrderRows(MatrixView rows, RowOrder order, uint64_t seed, size_t threads);

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_DATA_ROW_ORDER_H_
