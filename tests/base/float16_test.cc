#include "base/float16.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "tests/support/random.h"

namespace tqdb {
namespace float16_test {

// Against the definition, in double precision, for all 65,536 halves.
TEST(Float16Test, EveryHalfIsTheFloatOfItsDefinition) {
  for (uint32_t bits = 0; bits <= 0xffff; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const int exponent = (half >> 10) & 0x1f;
    const double fraction = half & 0x3ff;
    double expected =
        exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
    if (half & 0x8000) expected = -expected;
    const float got = HalfToFloat(half);
    if (exponent == 0x1f) {
      EXPECT_EQ(std::isnan(got), fraction != 0);
      if (fraction == 0) {
        EXPECT_EQ(std::isinf(got), true);
      }
    } else {
      EXPECT_EQ(static_cast<double>(got), expected) << bits;
    }
    EXPECT_EQ(std::signbit(got), (half & 0x8000) != 0);
  }
}

TEST(Float16Test, EveryHalfComesBackFromFloat) {
  for (uint32_t half = 0; half < 65536; ++half) {
    const float value = HalfToFloat(static_cast<uint16_t>(half));
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(HalfToFloat(FloatToHalf(value))));
    } else {
      ASSERT_EQ(FloatToHalf(value), half);
    }
  }
}

// Returns the half by its definition: the nearest one, and of two equally near ones the one whose
// last bit is 0.
TEST(Float16Test, RoundsToNearestTiesToEven) {
  for (uint32_t half = 0; half < 0x7bff; ++half) {
    const double low = HalfToFloat(static_cast<uint16_t>(half));
    const double high = HalfToFloat(static_cast<uint16_t>(half + 1));
    const auto middle =
        static_cast<float>((low + high) / 2);  // exact: one bit more than a half has
    const uint32_t even = half % 2 == 0 ? half : half + 1;
    ASSERT_EQ(FloatToHalf(middle), even);
    ASSERT_EQ(FloatToHalf(std::nextafter(middle, 0.0f)), half);
    ASSERT_EQ(FloatToHalf(std::nextafter(middle, 1e9f)), half + 1);
    ASSERT_EQ(FloatToHalf(-middle), even | 0x8000);
  }
  EXPECT_EQ(FloatToHalf(65519.996f), 0x7bff);
  EXPECT_EQ(FloatToHalf(65520.0f), 0x7c00);
  EXPECT_EQ(FloatToHalf(INFINITY), 0x7c00);
  EXPECT_EQ(FloatToHalf(-0.0f), 0x8000);
}

TEST(Float16Test, NormalRangeErrsByAtMostOnePartIn2048) {
  testing::Gaussian random(7);
  for (int i = 0; i < 100000; ++i) {
    const auto value = static_cast<float>(random.Next() * std::exp2(random.Uniform() * 20 - 10));
    if (std::fabs(value) < 6.2e-5f || std::fabs(value) > kMaxHalf) continue;
    ASSERT_LE(std::fabs(HalfToFloat(FloatToHalf(value)) - value), std::fabs(value) / 2048);
  }
}

}  // namespace float16_test
}  // namespace tqdb
