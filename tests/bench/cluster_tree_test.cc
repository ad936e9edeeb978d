#include "bench/data/cluster_tree.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"

namespace tqdb::bench {
namespace cluster_tree_test {

ClusterTree MakeTree(size_t rows, double near_copies, uint64_t seed = 1, size_t dim = 96) {
  ClusterTree::Options options;
  options.rows = rows;
  options.seed = seed;
  options.near_copies = near_copies;
  return ClusterTree(FindShape("", dim).value(), options);
}

double Cosine(const float* a, const float* b, size_t dim) {
  double dot = 0;
  for (size_t i = 0; i < dim; ++i) dot += double{a[i]} * b[i];
  return dot;  // of unit vectors
}

// Returns the average, over the first `count` rows, of the largest cosine with another row.
double MeanNearest(const Matrix& rows, size_t count) {
  double sum = 0;
  for (size_t r = 0; r < count; ++r) {
    double best = -1;
    for (size_t other = 0; other < rows.rows; ++other) {
      if (other != r) best = std::max(best, Cosine(rows.row(r), rows.row(other), rows.dim));
    }
    sum += best;
  }
  return sum / static_cast<double>(count);
}

TEST(ClusterTreeTest, RowsAreUnitAndDoNotDependOnPiecesOrThreads) {
  const ClusterTree tree = MakeTree(20000, 0.02);
  const Matrix whole = tree.Rows(0, 1000, 2);
  const Matrix piece = tree.Rows(700, 100, 1);
  for (size_t r = 0; r < whole.rows; ++r)
    EXPECT_NEAR(Cosine(whole.row(r), whole.row(r), 96), 1, 1e-5);
  EXPECT_EQ(piece.values,
            std::vector<float>(whole.values.begin() + 700 * 96, whole.values.begin() + 800 * 96));
  EXPECT_NE(MakeTree(20000, 0.02, 2).Rows(0, 1, 1).values, tree.Rows(0, 1, 1).values);
}

TEST(ClusterTreeTest, MomentsAreTheShapes) {
  const ClusterTree tree = MakeTree(4000, 0);
  const Matrix rows = tree.Rows(0, 4000, 2);
  double mean_squared = 0;
  for (size_t i = 0; i < rows.dim; ++i) {
    double mean = 0;
    for (size_t r = 0; r < rows.rows; ++r) mean += rows.row(r)[i] / static_cast<double>(rows.rows);
    mean_squared += mean * mean;
  }
  // Half of the energy is in the mean. The share is not exact, because rows are normalised and
  // there are only 64 roots.
  EXPECT_NEAR(mean_squared, 0.5, 0.06);
}

TEST(ClusterTreeTest, RowsHaveNeighboursThatIndependentRowsLack) {
  const ClusterTree tree = MakeTree(20000, 0);
  const Matrix clustered = tree.Rows(0, 2000, 2);
  // Rows of different trees share only mean and spectrum.
  Matrix independent(2000, 96);
  for (size_t r = 0; r < independent.rows; ++r)
    MakeTree(64, 0, 100 + r).FillRow(0, independent.row(r));
  EXPECT_GT(MeanNearest(clustered, 80), MeanNearest(independent, 80) + 0.03);
}

TEST(ClusterTreeTest, NearCopiesAreAsManyAsAsked) {
  const ClusterTree tree = MakeTree(3000, 0.05);
  const Matrix rows = tree.Rows(0, 3000, 2);
  size_t copies = 0;
  for (size_t r = 0; r < rows.rows; ++r) {
    for (size_t before = 0; before < r; ++before) {
      if (Cosine(rows.row(r), rows.row(before), 96) > 0.999) {
        ++copies;
        break;
      }
    }
  }
  // 150 expected with a standard deviation of 12; copies of one row are copies of each other.
  EXPECT_GT(copies, 100u);
  EXPECT_LT(copies, 200u);
}

TEST(ClusterTreeTest, ShapeOfMissingDirectoryIsAnError) {
  EXPECT_FALSE(FindShape("/no/such/directory", 96).ok());
  EXPECT_EQ(FindShape("", 96)->dim(), 96u);
}

}  // namespace cluster_tree_test
}  // namespace tqdb::bench
