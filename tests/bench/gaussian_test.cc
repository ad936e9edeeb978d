#include "bench/data/gaussian.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"

namespace tqdb::bench {
namespace gaussian_test {

TEST(GaussianTest, HasTheMomentsOfTheStandardNormal) {
  constexpr size_t kCount = 1'000'000;
  std::vector<float> x(kCount);
  FillGaussian(7, x.data(), kCount);
  double moments[5] = {};
  size_t within = 0;
  for (double v : x) {
    for (int p = 1; p <= 4; ++p) moments[p] += std::pow(v, p) / kCount;
    within += std::fabs(v) < 1 ? 1 : 0;
  }
  // The limits are five standard errors of each moment.
  EXPECT_NEAR(moments[1], 0, 0.005);
  EXPECT_NEAR(moments[2], 1, 0.0071);
  EXPECT_NEAR(moments[3], 0, 0.02);
  EXPECT_NEAR(moments[4], 3, 0.05);
  EXPECT_NEAR(static_cast<double>(within) / kCount, 0.6827, 0.0024);
}

TEST(GaussianTest, NumbersDependOnKeyAndPlaceAlone) {
  std::vector<float> whole(103), part(50), sum(103, 1.0f);
  FillGaussian(3, whole.data(), whole.size());
  FillGaussian(3, part.data(), part.size());
  for (size_t i = 0; i < part.size(); ++i) EXPECT_EQ(part[i], whole[i]);
  AddGaussian(3, 2, sum.data(), sum.size());
  for (size_t i = 0; i < whole.size(); ++i) EXPECT_EQ(sum[i], 1 + 2 * whole[i]);
  FillGaussian(4, part.data(), part.size());
  EXPECT_NE(part[0], whole[0]);
}

}  // namespace gaussian_test
}  // namespace tqdb::bench
