#include "bench/data/ground_truth.h"

#include <algorithm>
#include <vector>

#include "bench/data/gaussian.h"
#include "bench/data/matrix.h"
#include "core/space/vector_space.h"
#include "gtest/gtest.h"

namespace tqdb::bench {
namespace ground_truth_test {

Matrix RandomMatrix(size_t rows, size_t dim, uint64_t key) {
  Matrix matrix(rows, dim);
  FillGaussian(key, matrix.values.data(), matrix.values.size());
  return matrix;
}

// Computes all scores in double and sorts them.
std::vector<uint64_t> Reference(Metric metric, const Matrix& rows, const float* query, size_t k) {
  std::vector<std::pair<double, uint64_t>> scored;
  for (size_t r = 0; r < rows.rows; ++r) {
    scored.push_back({-ExactScore(metric, query, rows.row(r), rows.dim), r});
  }
  std::sort(scored.begin(), scored.end());
  std::vector<uint64_t> best;
  for (size_t i = 0; i < std::min(k, scored.size()); ++i) best.push_back(scored[i].second);
  return best;
}

TEST(GroundTruthTest, AgreesWithDoublePrecisionForEveryMetricAndShape) {
  for (Metric metric : {Metric::kCosine, Metric::kDot, Metric::kL2}) {
    for (const size_t dim : {8, 13, 100, 515}) {
      for (const size_t count : {1, 2, 3, 7, 1000}) {
        const Matrix rows = RandomMatrix(count, dim, dim), queries = RandomMatrix(67, dim, dim + 1);
        const Neighbors found = ExactNeighbors(metric, rows.view(), queries.view(), 10, 2);
        ASSERT_EQ(found.size(), queries.rows);
        for (size_t q = 0; q < queries.rows; ++q) {
          EXPECT_EQ(found[q], Reference(metric, rows, queries.row(q), 10))
              << MetricName(metric) << " dim " << dim << " rows " << count << " query " << q;
        }
      }
    }
  }
}

TEST(GroundTruthTest, RecallCountsTheTrueNeighboursAmongTheFound) {
  EXPECT_EQ(Recall({{1, 2, 3}}, {{3, 2, 1}}, 3), 1);
  EXPECT_EQ(Recall({{1, 2}, {3, 4}}, {{1, 9}, {8, 9}}, 2), 0.25);
  // Only the first k of both lists count.
  EXPECT_EQ(Recall({{1, 2}}, {{2, 1}}, 1), 0);
  // If there are fewer rows than k, finding all of them is a recall of 1.
  EXPECT_EQ(Recall({{1}}, {{1}}, 10), 1);
  EXPECT_EQ(Recall({{1}}, {{}}, 10), 0);
}

}  // namespace ground_truth_test
}  // namespace tqdb::bench
