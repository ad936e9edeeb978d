#include "core/codec/centering.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace tqdb {

namespace {

// The guard decides after this many rows, then whenever the count has doubled, from kDoubling rows
// on after as many more, and in the long run whenever it has grown by 1/16: a space of N rows has
// at most about 16 ln N versions, each of which a query must be centred on.
constexpr uint64_t kFirstCheck = 128;
constexpr uint64_t kDoubling = 2048;
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

CenteringGuard::CenteringGuard(size_t dim, bool normalize, OldRows old_rows)
    : dim_(dim),
      normalize_(normalize),
      old_rows_(old_rows),
      next_check_(kFirstCheck),
      window_(dim),
      total_(dim) {}

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
    next_check_ = seen_ + std::max(std::min(seen_, kDoubling), seen_ / 16);
    // A later check of the same batch overrides an earlier one.
    if (Check()) {
      proposed = true;
      in_force_ = proposal_;
    }
  }
  return proposed;
}

std::vector<float> CenteringGuard::Sums::Mean() const {
  std::vector<float> mean(sum.size());
  for (size_t i = 0; i < sum.size(); ++i)
    mean[i] = static_cast<float>(sum[i] / static_cast<double>(rows));
  return mean;
}

// The error of a score grows with |x - mu| |q - mu|. All rows seen stand for q. Where old rows
// follow they stand for x too; else the recent rows do, which are like those to be encoded next,
// and a local mean may serve them better than the mean of all: it pays for that by a larger |q -
// mu|.
bool CenteringGuard::Check() {
  total_.Add(window_);
  const Sums& rows = old_rows_ == OldRows::kReencoded ? total_ : window_;
  const auto cost = [&](absl::Span<const float> mu) {
    return rows.EnergyAround(mu) * total_.EnergyAround(mu);
  };
  std::vector<float> best;  // no mean
  for (std::vector<float> mean : {total_.Mean(), rows.Mean()}) {
    if (cost(mean) < cost(best)) best = std::move(mean);
  }
  const bool better = cost(best) < kMargin * cost(in_force_);
  window_.Clear();
  if (better) proposal_ = std::move(best);
  return better;
}

void CenteringGuard::Adopted(absl::Span<const float> mu) { in_force_.assign(mu.begin(), mu.end()); }

void CenteringGuard::Restore(absl::Span<const float> mu, uint64_t rows, double energy) {
  total_.rows += rows;
  total_.energy += normalize_ ? static_cast<double>(rows) : energy;
  for (size_t i = 0; i < mu.size(); ++i) total_.sum[i] += static_cast<double>(rows) * mu[i];
  seen_ += rows;
  next_check_ = seen_ + std::max(std::min(std::max(seen_, kFirstCheck), kDoubling), seen_ / 16);
}

}  // namespace tqdb
