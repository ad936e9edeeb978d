// Compares numbers with the same numbers as long doubles, which hold every integer of 64 bits.
#include "base/number.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "absl/container/flat_hash_set.h"

namespace tqdb::storage {
namespace number_test {

static_assert(std::numeric_limits<long double>::digits >= 64);

struct Case {
  Number number;
  long double exact;
};

// Integers and doubles about every place where one of the types ends or loses digits.
std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const int shift : {0, 1, 52, 53, 54, 62, 63}) {
    for (int64_t step = -3; step <= 3; ++step) {
      const uint64_t up = (uint64_t{1} << shift) + static_cast<uint64_t>(step);
      cases.push_back({up, static_cast<long double>(up)});
      const auto down = static_cast<int64_t>(~up + 1);
      cases.push_back({down, static_cast<long double>(down)});
    }
  }
  for (const double base : {0.0, 1.0, 0x1p52, 0x1p53, 0x1p54, 0x1p62, 0x1p63, 0x1p64, 1e300}) {
    for (const double sign : {1.0, -1.0}) {
      for (const double to : {-HUGE_VAL, double{base * sign}, HUGE_VAL}) {
        const double number = std::nextafter(base * sign, to);
        cases.push_back({number, static_cast<long double>(number)});
      }
    }
  }
  for (const double number : {0.5, -0.5, 1.5, -0.0, 1e-300, HUGE_VAL, -HUGE_VAL}) {
    cases.push_back({number, static_cast<long double>(number)});
  }
  return cases;
}

TEST(NumberTest, EveryPairComparesAsTheNumbersThatTheyAre) {
  const std::vector<Case> cases = Cases();
  for (const Case& a : cases) {
    for (const Case& b : cases) {
      ASSERT_EQ(a.number < b.number, a.exact < b.exact) << a.exact << " " << b.exact;
      ASSERT_EQ(a.number <= b.number, a.exact <= b.exact) << a.exact << " " << b.exact;
      ASSERT_EQ(a.number > b.number, a.exact > b.exact) << a.exact << " " << b.exact;
      ASSERT_EQ(a.number == b.number, a.exact == b.exact) << a.exact << " " << b.exact;
    }
    const Number nan = std::nan("");
    EXPECT_FALSE(a.number < nan || a.number == nan || a.number > nan);
  }
}

TEST(NumberTest, IntegersAndDoublesThatAreEqualAreFound) {
  for (const Case& c : Cases()) {
    const bool whole = c.exact >= -0x1p63L && c.exact < 0x1p64L && c.exact == std::trunc(c.exact);
    ASSERT_EQ(c.number.AsInteger().has_value(), whole) << c.exact;
    if (whole) {
      EXPECT_EQ(Number(*c.number.AsInteger()), c.number);
    }
    const auto nearest = static_cast<double>(c.exact);
    ASSERT_EQ(c.number.AsDouble().has_value(), static_cast<long double>(nearest) == c.exact);
    if (c.number.AsDouble()) {
      EXPECT_EQ(*c.number.AsDouble(), nearest);
    }
  }
}

TEST(NumberTest, AnIntegerIsTheSameWhateverTypeItCameFrom) {
  EXPECT_EQ(Integer(5), Integer(uint64_t{5}));
  EXPECT_LT(Integer(-1), Integer(~uint64_t{0}));
  EXPECT_TRUE(Integer(uint64_t{5}).fits_int64());
  EXPECT_FALSE(Integer(uint64_t{1} << 63).fits_int64());
  EXPECT_FALSE(Integer(-1).fits_uint64());
  EXPECT_EQ(Integer(std::numeric_limits<int64_t>::min()).ToString(), "-9223372036854775808");
  EXPECT_EQ(Integer(~uint64_t{0}).ToString(), "18446744073709551615");
  const absl::flat_hash_set<Integer> set = {5, uint64_t{5}, -1, ~uint64_t{0}};
  EXPECT_EQ(set.size(), 3u);
}

}  // namespace number_test
}  // namespace tqdb::storage
