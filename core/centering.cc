#include "core/centering.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace tqdb {

namespace {

// The guard decides after this many rows, then whenever the count has doubled, and from kMaxWindow rows
// on after every kMaxWindow.
constexpr uint64_t kFirstCheck = 128;
constexpr uint64_t kMaxWindow = 2048;
// Past this many rows, one in kSampling is looked at: the statistics are long steady.
constexpr uint64_t kDenseRows = 16384;
constexpr uint64_t kSampling = 8;
// A proposal must lower the product of energies by this factor, which is also what the mean of 128
// rows with no common direction can seem to gain (1/128), several times over.
constexpr double kMargin = 0.97;

double SquaredNorm(absl::Span<const float> x) {
  double sum = 0;
  for (float v : x) sum += double{v} * v;
  return sum;
}

}  // namespace

CenteringGuard::CenteringGuard(size_t dim, bool normalize)
    : dim_(dim), normalize_(normalize), next_check_(kFirstCheck), window_(dim), total_(dim) {}

void CenteringGuard::Sums::Add(const Sums& other) {
  rows += other.rows;
  energy += other.energy;
  for (size_t i = 0; i < sum.size(); ++i) sum[i] += other.sum[i];
}

void CenteringGuard::Sums::Clear() {
  rows = 0;
  energy = 0;
  std::fill(sum.begin(), sum.end(), 0.0);
}

double CenteringGuard::Sums::EnergyAround(absl::Span<const float> mu) const {
  if (rows == 0) return 0;
  double dot = 0;
  for (size_t i = 0; i < mu.size(); ++i) dot += sum[i] * mu[i];
  const double n = static_cast<double>(rows);
  return std::max(0.0, energy / n - 2 * dot / n + SquaredNorm(mu));
}

void CenteringGuard::AddRow(absl::Span<const float> row) {
  double energy = 0;
  for (float v : row) energy += double{v} * v;
  const double unit = normalize_ && energy > 0 ? 1 / std::sqrt(energy) : 1.0;
  for (size_t i = 0; i < dim_; ++i) window_.sum[i] += row[i] * unit;
  window_.energy += normalize_ ? 1.0 : energy;
  ++window_.rows;
}

bool CenteringGuard::Observe(MatrixView rows) {
  assert(rows.rows() == 0 || rows.dim() == dim_);
  bool proposed = false;
  for (size_t r = 0; r < rows.rows(); ++r) {
    if (seen_ < kDenseRows || seen_ % kSampling == 0) AddRow(rows.row(r));
    if (++seen_ < next_check_) continue;
    next_check_ = seen_ + std::min(seen_, kMaxWindow);
    // A later check of the same batch overrides an earlier one.
    if (Check()) {
      proposed = true;
      in_force_ = proposal_;
    }
  }
  return proposed;
}

// The error of a score grows with |x - mu| |q - mu|. Recent rows stand for x, which are the rows to be
// encoded next; all rows seen stand for q. A local mean that suits only the recent rows loses by |q - mu|.
bool CenteringGuard::Check() {
  total_.Add(window_);
  const double n = static_cast<double>(total_.rows);
  std::vector<float> mean(dim_);
  for (size_t i = 0; i < dim_; ++i) mean[i] = static_cast<float>(total_.sum[i] / n);

  const auto cost = [&](absl::Span<const float> mu) {
    return window_.EnergyAround(mu) * total_.EnergyAround(mu);
  };
  const double with_none = cost({}), with_mean = cost(mean);
  const double with_current = in_force_.empty() ? with_none : cost(in_force_);
  window_.Clear();
  if (std::min(with_mean, with_none) >= kMargin * with_current) return false;
  if (with_mean < with_none) {
    proposal_ = std::move(mean);
  } else {
    proposal_.clear();
  }
  return true;
}

void CenteringGuard::Adopted(absl::Span<const float> mu) { in_force_.assign(mu.begin(), mu.end()); }

}  // namespace tqdb
