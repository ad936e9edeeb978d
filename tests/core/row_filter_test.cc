#include "core/scan/row_filter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "tests/support/random.h"

namespace tqdb {
namespace row_filter_test {

using testing::Gaussian;

// The blocks lie anywhere about the filter. They have consecutive rows, rows with gaps, and rows in
// no order. Half of the filters have bits; the others allow all rows but a few.
TEST(RowFilterTest, MasksAgreeWithASet) {
  Gaussian random(3);
  for (int round = 0; round < 300; ++round) {
    const uint64_t first = random.Below(200), end = first + random.Below(400);
    RowFilter filter(first, end);
    std::set<uint64_t> allowed;
    if (round % 2 == 0) {
      for (uint64_t row = first; row < end; ++row) {
        if (random.Below(3) != 0) continue;
        filter.Allow(row);
        allowed.insert(row);
      }
    } else {
      std::vector<uint64_t> except;
      const uint64_t share = random.Below(2) == 0 ? 3 : 60;
      for (uint64_t row = 0; row < end; ++row) {
        if (random.Below(share) == 0) {
          except.push_back(row);
        } else {
          allowed.insert(row);
        }
      }
      filter = RowFilter::AllBelow(end, std::move(except));
    }
    for (int i = 0; i < 5; ++i) {
      const uint64_t row = random.Below(700);
      filter.Forbid(row);
      allowed.erase(row);
    }
    const auto want = [&](uint64_t row) { return allowed.count(row) != 0; };
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
      if (!gaps && block % 4 != 3) {
        uint64_t from = 0;
        for (uint64_t i = 0; i < 64; ++i) from |= static_cast<uint64_t>(want(rows[0] + i)) << i;
        ASSERT_EQ(filter.MaskFrom(rows[0]), from);
        if (filter.AllowsAll(rows[0], rows[63])) {
          ASSERT_EQ(from, ~uint64_t{0});
        }
      }
      ASSERT_EQ(filter.Mask(rows.data(), count), mask)
          << "rows from " << rows[0] << ", filter [" << first << ", " << end << ")";
    }
  }
}

TEST(RowFilterTest, WordsAreThoseOfItsRows) {
  Gaussian random(4);
  for (int round = 0; round < 100; ++round) {
    const uint64_t first = random.Below(1'000), end = first + 1 + random.Below(2'000);
    RowFilter one_by_one(first, end), by_words(first, end);
    EXPECT_LE(by_words.first(), first);
    EXPECT_EQ(by_words.first() % 64, 0);
    for (uint64_t row = first; row < end; ++row) {
      if (random.Below(1 + round) != 0) continue;
      one_by_one.Allow(row);
      const uint64_t bit = row - by_words.first();
      by_words.words()[bit / 64] |= uint64_t{1} << (bit % 64);
    }
    for (uint64_t row = 0; row < end + 100; ++row) {
      ASSERT_EQ(by_words.Allows(row), one_by_one.Allows(row));
    }
  }
}

// A range without an allowed row may be reported as allowed only if it is long.
TEST(RowFilterTest, RangesThatMayBeAllowedAreThoseWithAnAllowedRow) {
  Gaussian random(5);
  for (int round = 0; round < 200; ++round) {
    const uint64_t first = random.Below(300), end = first + 1 + random.Below(3'000);
    RowFilter filter(first, end);
    for (uint64_t n = random.Below(20); n > 0; --n) filter.Allow(first + random.Below(end - first));
    for (int range = 0; range < 100; ++range) {
      const uint64_t low = random.Below(end + 100),
                     high = low + random.Below(range % 2 == 0 ? 100 : 3'000);
      bool any = false;
      for (uint64_t row = low; row <= high && !any; ++row) any = filter.Allows(row);
      if (any || high - low < 1'000) {
        ASSERT_EQ(filter.MayAllow(low, high), any) << low << ".." << high;
      }
    }
  }
}

}  // namespace row_filter_test
}  // namespace tqdb
