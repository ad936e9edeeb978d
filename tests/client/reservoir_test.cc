#include "client/cli/input/reservoir.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace tqdb::client {
namespace reservoir_test {

TEST(ReservoirTest, HoldsEverythingThatFits) {
  Reservoir<int> reservoir(10, 1);
  for (int i = 0; i < 10; ++i) reservoir.Add(i);
  EXPECT_EQ(reservoir.items(), (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(reservoir.seen(), 10u);
}

TEST(ReservoirTest, DrawsDistinctValuesAndTheSameAgainForASeed) {
  const auto draw = [](uint64_t seed) {
    Reservoir<int> reservoir(50, seed);
    for (int i = 0; i < 1000; ++i) reservoir.Add(i);
    EXPECT_EQ(std::set<int>(reservoir.items().begin(), reservoir.items().end()).size(), 50u);
    return reservoir.items();
  };
  EXPECT_EQ(draw(7), draw(7));
  EXPECT_NE(draw(7), draw(8));
}

// Each of 100 values is drawn by 2,000 of 20,000 samples of 10 in expectation, with a standard
// deviation of sqrt(20000 * 0.1 * 0.9) = 42.4; five of them is missed by a fair draw once in 17,000
// runs of other seeds.
TEST(ReservoirTest, EveryValueIsEquallyLikely) {
  constexpr int kValues = 100, kSize = 10, kDraws = 20000;
  std::vector<int> drawn(kValues);
  for (int seed = 0; seed < kDraws; ++seed) {
    Reservoir<int> reservoir(kSize, static_cast<uint64_t>(seed));
    for (int i = 0; i < kValues; ++i) reservoir.Add(i);
    for (int value : reservoir.items()) ++drawn[static_cast<size_t>(value)];
  }
  for (int value = 0; value < kValues; ++value) {
    EXPECT_NEAR(drawn[static_cast<size_t>(value)], kDraws * kSize / kValues, 5 * 42.4) << value;
  }
}

}  // namespace reservoir_test
}  // namespace tqdb::client
