#include "core/codec/centering.h"

#include <cmath>

#include "gtest/gtest.h"
#include "tests/support/random.h"

namespace tqdb {
namespace centering_test {

using testing::Gaussian;

constexpr size_t kDim = 64;

// Returns Gaussian rows of unit variance around `center`.
std::vector<float> Rows(Gaussian& random, size_t n, float center) {
  std::vector<float> rows(n * kDim);
  for (float& v : rows) v = center + static_cast<float>(random.Next());
  return rows;
}

TEST(CenteringGuardTest, ProposesTheMeanOfRowsThatShareOne) {
  Gaussian random(51);
  CenteringGuard guard(kDim, false);
  const std::vector<float> rows = Rows(random, 128, 1);
  EXPECT_FALSE(guard.Observe({rows.data(), 127, kDim}));
  EXPECT_TRUE(guard.Observe({rows.data() + 127 * kDim, 1, kDim}));
  ASSERT_EQ(guard.proposal().size(), kDim);
  for (float v : guard.proposal()) EXPECT_NEAR(v, 1, 0.4);
}

TEST(CenteringGuardTest, LeavesRowsWithoutAMeanAlone) {
  Gaussian random(52);
  for (bool normalize : {false, true}) {
    CenteringGuard guard(kDim, normalize);
    const std::vector<float> rows = Rows(random, 20000, 0);
    EXPECT_FALSE(guard.Observe({rows.data(), 20000, kDim}));
  }
}

TEST(CenteringGuardTest, IsQuietOnceTheMeanIsRight) {
  Gaussian random(53);
  CenteringGuard guard(kDim, true);
  int proposals = 0;
  for (int batch = 0; batch < 100; ++batch) {
    const std::vector<float> rows = Rows(random, 256, 1);
    if (guard.Observe({rows.data(), 256, kDim})) {
      guard.Adopted(guard.proposal());
      ++proposals;
    }
  }
  EXPECT_EQ(proposals, 1);
}

TEST(CenteringGuardTest, DropsOrRenewsAMeanThatHasBecomeWrong) {
  Gaussian random(54);
  CenteringGuard guard(kDim, false);
  const std::vector<float> first = Rows(random, 256, 2);
  ASSERT_TRUE(guard.Observe({first.data(), 256, kDim}));
  guard.Adopted(guard.proposal());
  bool changed = false;
  for (int batch = 0; batch < 40; ++batch) {
    const std::vector<float> rows = Rows(random, 256, -2);
    if (guard.Observe({rows.data(), 256, kDim})) {
      guard.Adopted(guard.proposal());
      changed = true;
    }
  }
  ASSERT_TRUE(changed);
  double mean = 0;
  for (float v : guard.proposal()) mean += v;
  EXPECT_LT(mean, 0.1 * kDim);  // no longer near +2
}

// Two clusters arrive one after the other. A local mean is worth its price when old rows stay where
// they are, and never is when they are encoded again.
TEST(CenteringGuardTest, ProposesLocalMeansOnlyWhereOldRowsStay) {
  for (auto old_rows : {CenteringGuard::OldRows::kStay, CenteringGuard::OldRows::kReencoded}) {
    Gaussian random(56);
    CenteringGuard guard(kDim, false, old_rows);
    for (int batch = 0; batch < 64; ++batch) {
      std::vector<float> rows = Rows(random, 256, 0);
      for (size_t i = 0; i < rows.size(); i += kDim)
        rows[i] += batch < 32 ? 20 : 0, rows[i + 1] += batch < 32 ? 0 : 20;
      if (guard.Observe({rows.data(), 256, kDim})) guard.Adopted(guard.proposal());
    }
    const auto mean = guard.proposal();
    ASSERT_EQ(mean.size(), kDim);
    if (old_rows == CenteringGuard::OldRows::kStay) {
      EXPECT_NEAR(mean[1], 20, 2);
      EXPECT_NEAR(mean[0], 0, 2);
    } else {
      EXPECT_NEAR(mean[0] + mean[1], 20, 1);
      EXPECT_GT(mean[0], 9);
    }
  }
}

// After a restart the stored rows still count: a few rows elsewhere do not move the mean of many.
TEST(CenteringGuardTest, RemembersStoredRowsAfterARestart) {
  Gaussian random(57);
  const std::vector<float> mu(kDim, 1.0f);
  CenteringGuard guard(kDim, false, CenteringGuard::OldRows::kReencoded);
  guard.Restore(mu, 100000, 100000.0 * 2 * kDim);
  guard.Adopted(mu);
  const std::vector<float> rows = Rows(random, 20000, 0.9f);
  EXPECT_FALSE(guard.Observe({rows.data(), 20000, kDim}));
}

TEST(CenteringGuardTest, DoesNotDependOnHowRowsAreBatched) {
  Gaussian random(55);
  const std::vector<float> rows = Rows(random, 3000, 0.5f);
  CenteringGuard whole(kDim, true), single(kDim, true);
  whole.Observe({rows.data(), 3000, kDim});
  for (size_t r = 0; r < 3000; ++r) {
    if (single.Observe({rows.data() + r * kDim, 1, kDim})) single.Adopted(single.proposal());
  }
  EXPECT_EQ(whole.proposal(), single.proposal());
}

}  // namespace centering_test
}  // namespace tqdb
