// A query made ready for scoring: rotated once, centred once for every mean version.
#ifndef TQDB_CORE_QUERY_H_
#define TQDB_CORE_QUERY_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "core/codec.h"

namespace tqdb {

// Scores of rows x under one mean version mu, for one query q:
//   score = constant + bias(x) + weight * estimate of <q - mu, x - mu>
// Immutable; holds no reference to the query's own floats.
class CenteredQuery {
 public:
  // `query` (dim floats, normalised under COSINE) and its rotation H q (padded_dim floats).
  CenteredQuery(const Codec& codec, absl::Span<const float> query, absl::Span<const float> rotated,
                const Mean* mean);

  float constant() const { return constant_; }
  float weight() const { return weight_; }
  // H(q - mu) and S H(q - mu); the latter empty without residual. padded_dim floats each.
  const float* rotated() const { return rotated_.data(); }
  const float* residual() const { return residual_.empty() ? nullptr : residual_.data(); }

  // --- Sign plane: integer weights w_i = round(rotated_i / step), |w_i| <= 31.
  const uint8_t* tables() const { return tables_.data(); }  // see Kernels::scan_signs
  float step() const { return step_; }
  // Standard deviation of a row's sign estimate = sign_error(x) * error_norm.
  float error_norm() const { return error_norm_; }

 private:
  float constant_;
  float weight_;
  float step_;
  float error_norm_;
  std::vector<float> rotated_;
  std::vector<float> residual_;
  std::vector<uint8_t> tables_;
};

}  // namespace tqdb

#endif  // TQDB_CORE_QUERY_H_
