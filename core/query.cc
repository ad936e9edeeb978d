#include "core/query.h"

#include <algorithm>
#include <cmath>

namespace tqdb {

namespace {

// Four weights of this size and the bias of 128 fit a byte.
constexpr float kMaxWeight = 31;

// 16 entries for each nibble of a row's sign bytes: 128 + the sum of +-w over the nibble's four dims.
std::vector<uint8_t> NibbleTables(const std::vector<int>& weights) {
  std::vector<uint8_t> tables(weights.size() / 4 * 16);
  for (size_t nibble = 0; nibble < weights.size() / 4; ++nibble) {
    const int* w = weights.data() + nibble * 4;
    uint8_t* table = tables.data() + nibble * 16;
    for (int entry = 0; entry < 16; ++entry) {
      int sum = 128;
      for (int i = 0; i < 4; ++i) sum += entry >> i & 1 ? w[i] : -w[i];
      table[entry] = static_cast<uint8_t>(sum);
    }
  }
  return tables;
}

}  // namespace

CenteredQuery::CenteredQuery(const Codec& codec, absl::Span<const float> query,
                             absl::Span<const float> rotated, const Mean* mean)
    : rotated_(rotated.begin(), rotated.end()) {
  double query_mu = 0;
  if (mean != nullptr) {
    for (size_t i = 0; i < query.size(); ++i) query_mu += double{query[i]} * mean->mu[i];
    for (size_t i = 0; i < rotated_.size(); ++i) rotated_[i] -= mean->rotated[i];
  }
  double norm_squared = 0;
  float largest = 0;
  for (float v : rotated_) {
    norm_squared += double{v} * v;
    largest = std::max(largest, std::fabs(v));
  }
  if (codec.options().metric == Metric::kL2) {
    weight_ = 2;
    constant_ = static_cast<float>(-norm_squared);
  } else {
    weight_ = 1;
    constant_ = static_cast<float>(query_mu);
  }
  if (codec.options().residual == Residual::kQjl) {
    residual_.resize(rotated_.size());
    codec.RotateResidual(rotated_.data(), residual_.data());
  }

  step_ = largest > 0 ? largest / kMaxWeight : 1.0f;
  std::vector<int> weights(rotated_.size());
  double rounding_squared = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    weights[i] = static_cast<int>(std::lrint(rotated_[i] / step_));
    const double rounding = rotated_[i] - weights[i] * double{step_};
    rounding_squared += rounding * rounding;
  }
  // Rounding errs by sign_scale * |rounding| in standard deviation, and sign_scale is 1.66 times
  // sign_error for a Gaussian row: 1.66^2 < 3.
  error_norm_ = static_cast<float>(std::sqrt(norm_squared + 3 * rounding_squared));
  tables_ = NibbleTables(weights);
}

}  // namespace tqdb
