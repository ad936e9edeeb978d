#include "core/row_filter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "tests/support/random.h"

namespace tqdb {
namespace {

using testing::Gaussian;

// Masks of blocks that lie anywhere about the filter: consecutive rows, rows with gaps, rows in no order.
TEST(RowFilterTest, MasksAgreeWithASet) {
  Gaussian random(3);
  for (int round = 0; round < 300; ++round) {
    const uint64_t first = random.Below(200), end = first + random.Below(400);
    RowFilter filter(first, end);
    std::set<uint64_t> allowed;
    for (uint64_t row = first; row < end; ++row) {
      if (random.Below(3) != 0) continue;
      filter.Allow(row);
      allowed.insert(row);
    }
    const auto want = [&](uint64_t row) { return row >= end || allowed.count(row) != 0; };
    for (int block = 0; block < 20; ++block) {
      std::vector<uint64_t> rows;
      uint64_t row = random.Below(700);
      const bool gaps = block % 4 == 2;
      for (int i = 0; i < 64; ++i) rows.push_back(row += 1 + (gaps ? random.Below(3) : 0));
      if (block % 4 == 3) std::reverse(rows.begin() + 1, rows.end() - 1);  // ends as if consecutive
      const size_t count = block % 5 == 0 ? 1 + random.Below(64) : 64;
      uint64_t mask = 0;
      for (size_t i = 0; i < count; ++i) {
        mask |= static_cast<uint64_t>(want(rows[i])) << i;
        EXPECT_EQ(filter.Allows(rows[i]), want(rows[i]));
      }
      ASSERT_EQ(filter.Mask(rows.data(), count), mask)
          << "rows from " << rows[0] << ", filter [" << first << ", " << end << ")";
    }
  }
}

}  // namespace
}  // namespace tqdb
