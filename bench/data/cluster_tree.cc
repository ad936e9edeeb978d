#include "bench/data/cluster_tree.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "bench/data/gaussian.h"
#include "bench/data/npy.h"
#include "bench/measure/parallel.h"
#include "core/codec/prng.h"

namespace tqdb::bench {
namespace {

constexpr uint64_t kRootNodes = 64;
constexpr uint64_t kFanOut = 4;
constexpr uint64_t kMaxCachedNodes = 4096;  // nodes of the last level whose sums are kept
constexpr float kNearCopyNoise = 0.03f;     // norm of the noise of a near-copy

// Keys of streams of random numbers. They share one range with the levels of the tree and are far
// above any level.
constexpr uint64_t kRowStream = 1000;
constexpr uint64_t kQueryStream = 1001;
constexpr uint64_t kLeafStream = 2000;  // + stream
constexpr uint64_t kCopyStream = 4000;
constexpr uint64_t kCopyNoiseStream = 4001;

constexpr char kSpectrumSuffix[] = ".spectrum.f32.npy";
constexpr char kPrefix[] = "generator.";

// Returns a number in [0, 1) from the upper 53 bits of a random word.
double Uniform(uint64_t word) { return static_cast<double>(word >> 11) * 0x1p-53; }

// Returns variances in proportion to 1 / (i + 8) around a mean that has half of the energy. This is
// between the measured shapes of use-512 and openai-1536.
ClusterTreeShape PowerLawShape(size_t dim) {
  ClusterTreeShape shape;
  shape.name = "power-law";
  shape.mean.assign(dim, static_cast<float>(std::sqrt(0.5 / static_cast<double>(dim))));
  double total = 0;
  for (size_t i = 0; i < dim; ++i) total += 1 / (static_cast<double>(i) + 8);
  for (size_t i = 0; i < dim; ++i) {
    shape.spectrum.push_back(static_cast<float>(0.5 / total / (static_cast<double>(i) + 8)));
  }
  return shape;
}

}  // namespace

absl::StatusOr<ClusterTreeShape> FindShape(const std::string& directory, size_t dim) {
  if (directory.empty()) return PowerLawShape(dim);
  std::error_code error;
  std::vector<std::string> names;
  std::filesystem::directory_iterator entries(directory, error);
  if (error) {
    return absl::NotFoundError(absl::StrCat("--data: ", directory, ": ", error.message()));
  }
  for (const std::filesystem::directory_entry& entry : entries) {
    const std::string file = entry.path().filename().string();
    if (!absl::StartsWith(file, kPrefix) || !absl::EndsWith(file, kSpectrumSuffix)) continue;
    const size_t prefix = sizeof(kPrefix) - 1, suffix = sizeof(kSpectrumSuffix) - 1;
    if (file.size() > prefix + suffix) {
      names.push_back(file.substr(prefix, file.size() - prefix - suffix));
    }
  }
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    const std::string stem = absl::StrCat(directory, "/", kPrefix, name);
    TQDB_ASSIGN_OR_RETURN(Matrix spectrum, ReadNpy(stem + kSpectrumSuffix));
    if (spectrum.rows != 1 || spectrum.dim != dim) continue;
    TQDB_ASSIGN_OR_RETURN(Matrix mean, ReadNpy(stem + ".mean.f32.npy"));
    if (mean.rows != 1 || mean.dim != dim) {
      return absl::InvalidArgumentError(
          absl::StrCat(stem, ".mean.f32.npy: shape is not (", dim, ",)"));
    }
    ClusterTreeShape shape;
    shape.name = name;
    shape.mean = std::move(mean.values);
    shape.spectrum = std::move(spectrum.values);
    // Fitted on openai-1536 (0.3) and on use-512 and bge-768 (0.55).
    shape.tau = dim >= 1024 ? 0.3 : 0.55;
    return shape;
  }
  return PowerLawShape(dim);
}

ClusterTree::ClusterTree(ClusterTreeShape shape, const Options& options)
    : shape_(std::move(shape)), options_(options) {
  for (float variance : shape_.spectrum) deviation_.push_back(std::sqrt(std::max(variance, 0.0f)));
  nodes_ = {kRootNodes};
  while (nodes_.back() < options_.rows) nodes_.push_back(nodes_.back() * kFanOut);

  std::vector<double> shares;
  double total = 0;
  for (size_t l = 0; l < nodes_.size(); ++l) {
    shares.push_back(std::pow(4.0, -2.0 * static_cast<double>(l) / shape_.intrinsic_dim));
    total += shares.back();
  }
  for (double share : shares) {
    amplitude_.push_back(static_cast<float>(std::sqrt(share / total * (1 - shape_.tau))));
  }

  // Levels come from the root down, so each node adds one vector to the sum of its parent.
  std::vector<float> parents;
  for (size_t l = 0; l < nodes_.size() && nodes_[l] <= kMaxCachedNodes; ++l) {
    std::vector<float> sums(nodes_[l] * dim());
    for (uint64_t node = 0; node < nodes_[l]; ++node) {
      float* sum = sums.data() + node * dim();
      if (l > 0) std::copy_n(parents.data() + node / kFanOut * dim(), dim(), sum);
      AddGaussian(Key(l, node), amplitude_[l], sum, dim());
    }
    parents = std::move(sums);
    cached_levels_ = l + 1;
  }
  cached_ = std::move(parents);
}

uint64_t ClusterTree::Key(uint64_t level, uint64_t node) const {
  return RandomWord(RandomWord(options_.seed, level), node);
}

void ClusterTree::FillOriginal(uint64_t stream, uint64_t index, float* out) const {
  const uint64_t leaf = Key(kLeafStream + stream, index) % nodes_.back();
  const size_t levels = nodes_.size();
  const auto ancestor = [&](size_t level) { return leaf >> (2 * (levels - 1 - level)); };
  std::copy_n(cached_.data() + ancestor(cached_levels_ - 1) * dim(), dim(), out);
  for (size_t l = cached_levels_; l < levels; ++l) {
    AddGaussian(Key(l, ancestor(l)), amplitude_[l], out, dim());
  }
  AddGaussian(Key(stream, index), static_cast<float>(std::sqrt(shape_.tau)), out, dim());
  for (size_t i = 0; i < dim(); ++i) out[i] = shape_.mean[i] + deviation_[i] * out[i];
  Normalize(out, dim());
}

void ClusterTree::FillRow(uint64_t index, float* out) const {
  const uint64_t word = Key(kCopyStream, index);
  if (index == 0 || Uniform(word) >= options_.near_copies) {
    FillOriginal(kRowStream, index, out);
    return;
  }
  // The row that is copied may be a near-copy itself. FillOriginal ignores that, so that there are
  // no chains of copies.
  FillOriginal(kRowStream, MixBits(word) % index, out);
  const float scale = kNearCopyNoise / std::sqrt(static_cast<float>(dim()));
  AddGaussian(Key(kCopyNoiseStream, index), scale, out, dim());
  Normalize(out, dim());
}

void ClusterTree::FillQuery(uint64_t index, float* out) const {
  FillOriginal(kQueryStream, index, out);
}

Matrix ClusterTree::Rows(uint64_t first, size_t count, size_t threads) const {
  Matrix rows(count, dim());
  ParallelFor(threads, count, 256, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) FillRow(first + i, rows.row(i));
  });
  return rows;
}

Matrix ClusterTree::Queries(size_t count, size_t threads) const {
  Matrix queries(count, dim());
  ParallelFor(threads, count, 64, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) FillQuery(i, queries.row(i));
  });
  return queries;
}

}  // namespace tqdb::bench
