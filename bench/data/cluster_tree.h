// Realistic embeddings in any number: the cluster-tree generator.
//
//   x = normalise(mean + sqrt(spectrum) * z)
//   z = sum over levels l of sqrt(s_l) g(node_l) + sqrt(tau) g(row)
//
// Level l has 64 * 4^l nodes; there are levels until there are as many nodes as rows. A row picks a
// leaf uniformly; its ancestor at level l is leaf / 4^(levels - 1 - l). The shares s_l are
// proportional to 4^(-2 l / D) and sum to 1 - tau. Every g is a Gaussian vector keyed by (seed,
// level, node), so rows stream without storage and any row can be made again. Mean and spectrum are
// in an eigenbasis; the rotation into another basis is left out, because the codec rotates anyway.
#ifndef TQDB_BENCH_DATA_CLUSTER_TREE_H_
#define TQDB_BENCH_DATA_CLUSTER_TREE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/data/matrix.h"

namespace tqdb::bench {

// The second moments that generated rows take after.
struct ClusterTreeShape {
  std::string name;             // "openai-1536", or "power-law"
  std::vector<float> mean;      // dim floats
  std::vector<float> spectrum;  // dim variances
  double tau = 0.3;             // share of a row's own noise
  double intrinsic_dim = 8;     // D

  size_t dim() const { return mean.size(); }
};

// The shape measured on a real set of this dim: the first generator.NAME.{spectrum,mean}.f32.npy of
// `directory` that fits. Where there is none, or `directory` is empty: a power law of the same
// character.
absl::StatusOr<ClusterTreeShape> FindShape(const std::string& directory, size_t dim);

// Thread-safe: immutable.
class ClusterTree {
 public:
  struct Options {
    size_t rows = 100'000;  // decides the depth of the tree
    uint64_t seed = 1;
    double near_copies = 0.02;  // share of rows that are an earlier row plus a little noise
  };
  ClusterTree(ClusterTreeShape shape, const Options& options);

  const ClusterTreeShape& shape() const { return shape_; }
  size_t dim() const { return shape_.dim(); }

  // Writes row `index` (dim floats, norm 1).
  void FillRow(uint64_t index, float* out) const;
  // The same for queries: places of the same tree, other noise, never a near-copy.
  void FillQuery(uint64_t index, float* out) const;

  Matrix Rows(uint64_t first, size_t count, size_t threads) const;
  Matrix Queries(size_t count, size_t threads) const;

 private:
  uint64_t Key(uint64_t level, uint64_t node) const;
  // Row `index` of the stream `stream` (rows or queries), near-copies aside.
  void FillOriginal(uint64_t stream, uint64_t index, float* out) const;

  const ClusterTreeShape shape_;
  const Options options_;
  std::vector<float> deviation_;  // sqrt(spectrum)
  std::vector<uint64_t> nodes_;   // of each level
  std::vector<float> amplitude_;  // sqrt(s_l)
  // Sums over the upper levels, which few nodes share: (nodes_[cached_levels_ - 1], dim).
  size_t cached_levels_ = 0;
  std::vector<float> cached_;
};

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_DATA_CLUSTER_TREE_H_
