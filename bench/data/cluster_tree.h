// The cluster-tree generator: realistic embeddings in any number.
//
// Real sets are too small for benchmarks of a million rows. Independent Gaussian rows have no near
// neighbours, while embeddings lie in clusters within clusters. So a row is a sum of Gaussian
// vectors, one for each of its ancestors in a tree. Rows of the same branch are alike:
//
//   x = normalise(mean + sqrt(spectrum) * z)
//   z = sum over levels l of sqrt(s_l) g(node_l) + sqrt(tau) g(row)
//
// Level l has 64 * 4^l nodes, and there are levels until there are as many nodes as rows. A row
// picks a leaf uniformly; its ancestor at level l is leaf / 4^(levels - 1 - l). The shares s_l are
// proportional to 4^(-2 l / D) and sum to 1 - tau. Every g is a Gaussian vector keyed by (seed,
// level, node). So nothing is stored, and any row can be made again at any time.
//
// Mean and spectrum are taken from real embeddings, in their eigenbasis. Left out: the rotation
// into another basis, because the codec rotates anyway.
#ifndef TQDB_BENCH_DATA_CLUSTER_TREE_H_
#define TQDB_BENCH_DATA_CLUSTER_TREE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/data/matrix.h"

namespace tqdb::bench {

// First and second moments that generated rows have.
struct ClusterTreeShape {
  std::string name;             // "openai-1536", or "power-law"
  std::vector<float> mean;      // mean of the rows (dim)
  std::vector<float> spectrum;  // variance of each coordinate (dim)
  double tau = 0.3;             // share of the variance that is a row's own noise
  double intrinsic_dim = 8;     // D above: a smaller one makes clusters tighter

  size_t dim() const { return mean.size(); }
};

// Returns the shape that was measured on a real set of this dim: the first
// generator.NAME.{spectrum,mean}.f32.npy of `directory` that fits. Returns a power law of the same
// character if there is none, or if `directory` is empty. NotFound if the directory cannot be read.
absl::StatusOr<ClusterTreeShape> FindShape(const std::string& directory, size_t dim);

// The tree. Thread-safe: immutable.
class ClusterTree {
 public:
  struct Options {
    size_t rows = 100'000;  // number of rows, which decides the depth of the tree
    uint64_t seed = 1;
    double near_copies = 0.02;  // share of rows that are an earlier row plus a little noise
  };
  ClusterTree(ClusterTreeShape shape, const Options& options);

  const ClusterTreeShape& shape() const { return shape_; }
  size_t dim() const { return shape_.dim(); }

  // Writes row `index` (dim floats, norm 1).
  void FillRow(uint64_t index, float* out) const;
  // Writes query `index` (dim floats, norm 1). Queries have leaves of the same tree and noise of
  // their own, and are never near-copies.
  void FillQuery(uint64_t index, float* out) const;

  // Returns rows [first, first + count), made on `threads` threads.
  Matrix Rows(uint64_t first, size_t count, size_t threads) const;
  Matrix Queries(size_t count, size_t threads) const;

 private:
  // Returns the key of the Gaussian vector of a node, or of a number of a stream.
  uint64_t Key(uint64_t level, uint64_t node) const;
  // Writes vector `index` of a stream (rows or queries), as if there were no near-copies.
  void FillOriginal(uint64_t stream, uint64_t index, float* out) const;

  const ClusterTreeShape shape_;
  const Options options_;
  std::vector<float> deviation_;  // sqrt(spectrum)
  std::vector<uint64_t> nodes_;   // number of nodes of each level
  std::vector<float> amplitude_;  // sqrt(s_l)
  // Sums over the upper levels: (nodes_[cached_levels_ - 1], dim) row-major. These levels have few
  // nodes that many rows share, so a row needs to add only the lower levels.
  size_t cached_levels_ = 0;
  std::vector<float> cached_;
};

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_DATA_CLUSTER_TREE_H_
