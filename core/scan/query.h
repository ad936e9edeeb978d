// A query made ready for scoring: rotated once, centred once for every mean version.
#ifndef TQDB_CORE_SCAN_QUERY_H_
#define TQDB_CORE_SCAN_QUERY_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "base/aligned_vector.h"
#include "base/matrix_view.h"
#include "core/codec/codec.h"
#include "core/kernels/kernels.h"

namespace tqdb {

// Scores of rows x under one mean version mu, for one query q:
//   score = constant + bias(x) + weight * estimate of <q - mu, x - mu>
//
// The two scan stages estimate it from integers: q - mu rounded to steps, against the signs or
// against the int8 codes of x. Each is followed by a bound, in standard deviations of
//   error(x) * error_norm,
// where error(x) covers what the stage does not read of x and a rounding of kRounding |q - mu|;
// error_norm is |q - mu|, or more for a query that rounds worse.
//
// Immutable; holds no reference to the query's own floats.
class CenteredQuery {
 public:
  // `query` (dim floats, normalised under COSINE) and its rotation H q (padded_dim floats).
  CenteredQuery(const Codec& codec, absl::Span<const float> query, absl::Span<const float> rotated,
                const Mean* mean);
  // A single query (dim floats), normalised here under COSINE.
  static CenteredQuery Of(const Codec& codec, absl::Span<const float> query, const Mean* mean);

  float constant() const { return constant_; }
  float weight() const { return weight_; }
  // H(q - mu) and S H(q - mu); the latter empty without residual. padded_dim floats each.
  const float* rotated() const { return rotated_.data(); }
  const float* residual() const { return residual_.empty() ? nullptr : residual_.data(); }

  struct Stage {
    float step;  // of the integer weights
    float error_norm;
  };
  // --- Sign plane: weights of at most 31 steps, four of which fit a byte of Kernels::scan_signs.
  static constexpr float kSignRounding = 0.04f;
  const Stage& signs() const { return signs_; }
  const uint8_t* tables() const { return tables_.data(); }
  // --- Codes: weights of at most 63 steps.
  static constexpr float kCodeRounding = 0.02f;
  const Stage& codes() const { return codes_; }
  const int8_t* code_weights() const { return code_weights_.data(); }  // expanded_dim of them
  int32_t code_zero() const { return code_zero_; }                     // as in CodeQueries
  // Score of one code record, which must be under this query's mean version: what a search refines.
  float Score(const Codec& codec, const uint8_t* code) const;

 private:
  float constant_;
  float weight_;
  AlignedVector<float> rotated_;
  AlignedVector<float> residual_;
  Stage signs_;
  Stage codes_;
  AlignedVector<uint8_t> tables_;
  AlignedVector<int8_t> code_weights_;  // dim rounded up to 64
  int32_t code_zero_;
};

// Queries of one pass, and what each mean version makes of them.
class QuerySet {
 public:
  // queries (n, dim), validated. `codec` must outlive the set.
  QuerySet(const Codec& codec, MatrixView queries);

  size_t size() const { return vectors_.size(); }
  // Centres the queries on a mean (null: none) unless that is done. Not while others read.
  void Prepare(const Mean* mean);
  // As prepared for a mean version.
  const std::vector<CenteredQuery>& Centered(uint32_t mean_version) const {
    return centered_.at(mean_version);
  }

 private:
  const Codec& codec_;
  std::vector<std::vector<float>> vectors_;  // normalised under COSINE
  std::vector<std::vector<float>> rotated_;
  std::map<uint32_t, std::vector<CenteredQuery>> centered_;  // by mean version
};

}  // namespace tqdb

#endif  // TQDB_CORE_SCAN_QUERY_H_
