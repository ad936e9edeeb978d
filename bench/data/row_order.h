// The order in which rows are inserted. The guarded mean is learnt from the rows that come first.
// So recall is measured under several orders, and must not depend on them.
#ifndef TQDB_BENCH_DATA_ROW_ORDER_H_
#define TQDB_BENCH_DATA_ROW_ORDER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/matrix_view.h"

namespace tqdb::bench {

enum class RowOrder {
  kFile,       // the order of the file
  kShuffled,   // random
  kClustered,  // one cluster after the other, which is the hardest case for a running mean
};

// Returns "file", "shuffled" or "clustered".
const char* RowOrderName(RowOrder order);

// Returns the row numbers of `rows` in the order in which they are to be inserted. The 64 clusters
// come from a greedy farthest-point choice and a few rounds of k-means by direction.
std::vector<uint32_t> OrderRows(MatrixView rows, RowOrder order, uint64_t seed, size_t threads);

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_DATA_ROW_ORDER_H_
