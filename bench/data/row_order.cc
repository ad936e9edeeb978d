#include "bench/data/row_order.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "bench/data/gaussian.h"
#include "bench/data/matrix.h"
#include "bench/measure/parallel.h"
#include "core/codec/prng.h"

namespace tqdb::bench {
namespace {

constexpr size_t kClusters = 64;
constexpr size_t kSampleRows = 4096;
constexpr int kMeansRounds = 4;

float RowDot(const float* a, const float* b, size_t dim) {
  float sum = 0;
  for (size_t i = 0; i < dim; ++i) sum += a[i] * b[i];
  return sum;
}

// Returns the numbers below `count` in random order (Fisher and Yates).
std::vector<uint32_t> Shuffle(size_t count, uint64_t seed) {
  std::vector<uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  for (size_t i = count; i > 1; --i) std::swap(order[i - 1], order[RandomWord(seed, i) % i]);
  return order;
}

// Returns the index of the centroid with the largest inner product.
size_t Nearest(const Matrix& centroids, const float* row) {
  size_t best = 0;
  float best_dot = -std::numeric_limits<float>::infinity();
  for (size_t c = 0; c < centroids.rows; ++c) {
    const float dot = RowDot(centroids.row(c), row, centroids.dim);
    if (dot > best_dot) {
      best_dot = dot;
      best = c;
    }
  }
  return best;
}

// Returns a random sample of the rows, each scaled to norm 1.
Matrix Sample(MatrixView rows, uint64_t seed) {
  const std::vector<uint32_t> order = Shuffle(rows.rows(), seed);
  Matrix sample(std::min(kSampleRows, rows.rows()), rows.dim());
  for (size_t i = 0; i < sample.rows; ++i) {
    std::copy_n(rows.row(order[i]).data(), rows.dim(), sample.row(i));
    Normalize(sample.row(i), sample.dim);
  }
  return sample;
}

// Returns centroids, each of which is the sampled row that is least like all centroids before it.
Matrix FarthestPoints(const Matrix& sample) {
  Matrix centroids(std::min(kClusters, sample.rows), sample.dim);
  std::vector<float> closest(sample.rows, -std::numeric_limits<float>::infinity());
  size_t next = 0;
  for (size_t c = 0; c < centroids.rows; ++c) {
    std::copy_n(sample.row(next), sample.dim, centroids.row(c));
    for (size_t i = 0; i < sample.rows; ++i) {
      closest[i] = std::max(closest[i], RowDot(sample.row(i), centroids.row(c), sample.dim));
    }
    next = static_cast<size_t>(std::min_element(closest.begin(), closest.end()) - closest.begin());
  }
  return centroids;
}

// Moves the centroids by some rounds of k-means.
void RefineByMeans(const Matrix& sample, Matrix& centroids) {
  for (int round = 0; round < kMeansRounds; ++round) {
    Matrix sums(centroids.rows, centroids.dim);
    std::vector<size_t> members(centroids.rows);
    for (size_t i = 0; i < sample.rows; ++i) {
      const size_t c = Nearest(centroids, sample.row(i));
      ++members[c];
      for (size_t j = 0; j < sample.dim; ++j) sums.row(c)[j] += sample.row(i)[j];
    }
    for (size_t c = 0; c < centroids.rows; ++c) {
      if (members[c] == 0) continue;
      std::copy_n(sums.row(c), sums.dim, centroids.row(c));
      Normalize(centroids.row(c), centroids.dim);
    }
  }
}

}  // namespace

const char* RowOrderName(RowOrder order) {
  switch (order) {
    case RowOrder::kFile: return "file";
    case RowOrder::kShuffled: return "shuffled";
    case RowOrder::kClustered: return "clustered";
  }
  return "unknown";
}

std::vector<uint32_t> OrderRows(MatrixView rows, RowOrder order, uint64_t seed, size_t threads) {
  std::vector<uint32_t> result(rows.rows());
  std::iota(result.begin(), result.end(), 0);
  if (order == RowOrder::kFile) return result;
  if (order == RowOrder::kShuffled) return Shuffle(rows.rows(), seed);

  const Matrix sample = Sample(rows, seed);
  Matrix centroids = FarthestPoints(sample);
  RefineByMeans(sample, centroids);
  std::vector<size_t> cluster(rows.rows());
  ParallelFor(threads, rows.rows(), 1024, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) cluster[i] = Nearest(centroids, rows.row(i).data());
  });
  std::stable_sort(result.begin(), result.end(),
                   [&](uint32_t a, uint32_t b) { return cluster[a] < cluster[b]; });
  return result;
}

}  // namespace tqdb::bench
