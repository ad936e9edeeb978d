#include "bench/data/row_order.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "bench/data/gaussian.h"
#include "bench/data/matrix.h"
#include "gtest/gtest.h"

namespace tqdb::bench {
namespace row_order_test {

TEST(RowOrderTest, EveryOrderIsAPermutation) {
  Matrix rows(777, 16);
  FillGaussian(1, rows.values.data(), rows.values.size());
  std::vector<uint32_t> file(rows.rows);
  std::iota(file.begin(), file.end(), 0);
  EXPECT_EQ(OrderRows(rows.view(), RowOrder::kFile, 1, 2), file);
  for (RowOrder order : {RowOrder::kShuffled, RowOrder::kClustered}) {
    std::vector<uint32_t> rows_in_order = OrderRows(rows.view(), order, 1, 2);
    EXPECT_NE(rows_in_order, file) << RowOrderName(order);
    EXPECT_EQ(rows_in_order, OrderRows(rows.view(), order, 1, 1)) << RowOrderName(order);
    std::sort(rows_in_order.begin(), rows_in_order.end());
    EXPECT_EQ(rows_in_order, file) << RowOrderName(order);
  }
}

TEST(RowOrderTest, ClusteredOrderPutsRowsOfOneDirectionTogether) {
  // Ten tight bundles of rows, which take turns in the file.
  constexpr size_t kBundles = 10, kRows = 2000, kDim = 32;
  Matrix rows(kRows, kDim);
  for (size_t r = 0; r < kRows; ++r) {
    FillUnitVector(r % kBundles, rows.row(r), kDim);
    AddGaussian(1000 + r, 0.005f, rows.row(r), kDim);
  }
  const std::vector<uint32_t> order = OrderRows(rows.view(), RowOrder::kClustered, 1, 2);
  size_t changes = 0;
  for (size_t i = 1; i < kRows; ++i)
    changes += order[i] % kBundles != order[i - 1] % kBundles ? 1 : 0;
  // In file order every step changes the bundle. 64 clusters split bundles but never mix them.
  EXPECT_LT(changes, 64u);
}

}  // namespace row_order_test
}  // namespace tqdb::bench
