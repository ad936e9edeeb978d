#include "core/codec/centering.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace tqdb {

namespace {

// Checkpoints, in rows. The guard decides after kFirstCheck rows, and then whenever the count has
// doubled. From kDoubling rows on it decides after as many more, and in the long run whenever the
// count has grown by 1/16. The checks get rarer because each may add a version, and a query must be
// centred on every version. A space of N rows has at most about 16 ln N versions.
constexpr uint64_t kFirstCheck = 128;
constexpr uint64_t kDoubling = 2048;
// Past kDenseRows rows, only one in kSampling is added up. The statistics are steady by then, and
// adding up a row costs a pass over it.
constexpr uint64_t kDenseRows = 16384;
constexpr uint64_t kSampling = 8;
// Factor by which a proposal must lower the product of energies. The mean of 128 rows without a
// common direction seems to gain 1/128 by chance; the margin of 3 % is several times that.
constexpr double kMargin = 0.97;

// Returns |x|^2 in double precision.
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

// E|x - mu|^2 = E|x|^2 - 2 <E x, mu> + |mu|^2: no row needs to be seen again. Rounding can make it
// slightly negative, hence the maximum.
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
    // A later check within the same batch overrides an earlier one, as if the batch had been cut
    // there and the first proposal adopted. So batching does not matter.
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

// The error of a score grows with |x - mu| |q - mu|, so the cost of a mean is the product of two
// mean squares. All rows seen stand for q. If old rows are encoded again, all rows stand for x,
// too. Otherwise the recent rows do, since only rows to come will use the mean. A local mean may
// then win, although it pays with a larger |q - mu|.
bool CenteringGuard::Check() {
  total_.Add(window_);
  const Sums& rows = old_rows_ == OldRows::kReencoded ? total_ : window_;
  const auto cost = [&](absl::Span<const float> mu) {
    return rows.EnergyAround(mu) * total_.EnergyAround(mu);
  };
  std::vector<float> best;  // empty: subtract nothing
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
  // The next check is as far away as if the guard had never stopped.
  next_check_ = seen_ + std::max(std::min(std::max(seen_, kFirstCheck), kDoubling), seen_ / 16);
}

}  // namespace tqdb
