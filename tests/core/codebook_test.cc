// The tables in the source are the Lloyd-Max codebooks of N(0,1), derived again here.
#include "core/codec/codebook.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"

namespace tqdb {
namespace codebook_test {

double Density(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * M_PI); }
double UpperTail(double x) { return 0.5 * std::erfc(x / std::sqrt(2)); }

// Returns E[(x - Q(x))^2] of a codebook, exactly: 1 - 2 E[xQ] + E[Q^2], where both moments are
// twice those of the positive half.
double Distortion(const Codebook& book) {
  double cross = 0, square = 0;
  for (int i = 0; i < book.levels; ++i) {
    const double low = i == 0 ? 0 : book.boundaries[i - 1];
    const bool last = i + 1 == book.levels;
    const double mass = UpperTail(low) - (last ? 0 : UpperTail(book.boundaries[i]));
    const double moment = Density(low) - (last ? 0 : Density(book.boundaries[i]));
    cross += 2 * moment * book.centroids[i];
    square += 2 * mass * double{book.centroids[i]} * book.centroids[i];
  }
  return 1 - 2 * cross + square;
}

TEST(CodebookTest, EveryCentroidIsTheMeanOfItsCell) {
  for (int bits : {1, 2, 3, 4, 8}) {
    const Codebook& book = Codebook::Get(bits);
    ASSERT_EQ(book.levels, 1 << (bits - 1));
    for (int i = 0; i < book.levels; ++i) {
      const double low = i == 0 ? 0 : book.boundaries[i - 1];
      const bool last = i + 1 == book.levels;
      const double mass = UpperTail(low) - (last ? 0 : UpperTail(book.boundaries[i]));
      const double moment = Density(low) - (last ? 0 : Density(book.boundaries[i]));
      EXPECT_NEAR(book.centroids[i], moment / mass, 2e-6) << bits << " bits, level " << i;
      if (i > 0) {
        EXPECT_GT(book.centroids[i], book.centroids[i - 1]);
        EXPECT_FLOAT_EQ(book.boundaries[i - 1], 0.5f * (book.centroids[i - 1] + book.centroids[i]));
      }
    }
  }
}

// This is why a level can be found without a search.
TEST(CodebookTest, EveryBinHoldsAtMostOneBoundaryAndNoneNearItsEdges) {
  for (int bits : {1, 2, 3, 4, 8}) {
    const Codebook& book = Codebook::Get(bits);
    const size_t bins = static_cast<size_t>(book.bin_limit * book.bins_per_unit) + 1;
    ASSERT_LE(bins, book.first_level.size());
    EXPECT_EQ(book.boundaries[static_cast<size_t>(book.levels - 1)], INFINITY);
    std::vector<int> held(bins);
    for (int b = 0; b + 1 < book.levels; ++b) {
      const double place = double{book.boundaries[static_cast<size_t>(b)]} * book.bins_per_unit;
      ASSERT_LT(place, static_cast<double>(bins - 1) + 0.999);
      const size_t bin = static_cast<size_t>(place);
      ++held[bin];
      EXPECT_EQ(book.first_level[bin], b);
      // The bin is found with three roundings in float.
      const double margin = 4 * 6e-8 * place;
      EXPECT_GT(place - std::floor(place), margin) << bits << " bits, boundary " << b;
      EXPECT_LT(place - std::floor(place), 1 - margin) << bits << " bits, boundary " << b;
      if (book.levels <= 8) {
        EXPECT_EQ(bin, static_cast<size_t>(b));
      }
    }
    for (size_t bin = 0; bin < bins; ++bin) EXPECT_LE(held[bin], 1) << bits << " bits, bin " << bin;
  }
}

// Exact values of the Lloyd-Max codebooks of N(0,1). The paper's Theorem 1 prints them as 0.36,
// 0.117, 0.03 and 0.009.
TEST(CodebookTest, DistortionIsThePapers) {
  EXPECT_NEAR(Distortion(Codebook::Get(1)), 0.363380, 1e-6);
  EXPECT_NEAR(Distortion(Codebook::Get(2)), 0.117482, 1e-6);
  EXPECT_NEAR(Distortion(Codebook::Get(3)), 0.0345478, 1e-7);
  EXPECT_NEAR(Distortion(Codebook::Get(4)), 0.0095010, 1e-7);
  EXPECT_NEAR(Distortion(Codebook::Get(8)), 0.00004119, 2e-7);
}

}  // namespace codebook_test
}  // namespace tqdb
