// A query made ready for scoring: rotated once, and centred once for every mean version.
//
// The simple idea: rotate the query, subtract the rotated mean, and multiply it in float with the
// centroids of a row. Score() does so, for the few rows that a scan refines. For all rows it would
// be too slow, so each *scan stage* works in small integers. The query is rounded to multiples of a
// step, the sums are exact, and one multiplication with the step brings them back:
//
// clang-format off
//   stage        weights of the query   what it reads of a row        why this limit
//   sign plane   -31 .. 31              one sign bit a dimension      four weights fit a byte
//   codes        -63 .. 63              codes as bytes of 7 bits      four products fit 16 bits
// clang-format on
//
// The sign stage looks up the sum of four weights at once, in a table of 16 entries for each nibble
// of a row's sign bits. Example: with weights 5, -3, 0, 7 the bits 0001 (only the first is
// positive) give 5 + 3 - 0 - 7 = 1. The table has 128 + 1 there, as a byte.
//
// This file leaves out:
// - Any choice between the stages: scan.h makes it. A query is prepared for both.
// - Rounding each query to the same step. One large coordinate would then overflow, or most
//   coordinates would round to zero. The step follows the largest coordinate of the query.
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

// One query q under one mean version mu. Its score of a row x is
//   score = constant + bias(x) + weight * estimate of <q - mu, x - mu>
//
// A stage's estimate has an error, and survivors are chosen with a bound on it. The bound is a
// number of standard deviations of
//   error(x) * error_norm
// error(x) follows from the floats that are stored with a row. It covers what the stage does not
// read of x, and a rounding of the query by kSignRounding or kCodeRounding of its norm. error_norm
// is |q - mu|. For a query that rounds worse, it is larger in proportion.
//
// Immutable, so any thread may read it. Holds no reference to the query's own floats.
class CenteredQuery {
 public:
  // Requires: `query` has dim floats, normalised under COSINE, and `rotated` is H q, padded_dim
  // floats. `mean` may be null.
  CenteredQuery(const Codec& codec, absl::Span<const float> query, absl::Span<const float> rotated,
                const Mean* mean);
  // Returns a single query (dim floats), which is normalised here under COSINE.
  static CenteredQuery Of(const Codec& codec, absl::Span<const float> query, const Mean* mean);

  // constant() returns the part of the score that depends on the query alone. weight() returns the
  // factor of the estimate: 2 under L2, else 1.
  float constant() const { return constant_; }
  float weight() const { return weight_; }
  // rotated() returns H(q - mu) and residual() returns S H(q - mu), padded_dim floats each.
  // residual() is null without residual bits.
  const float* rotated() const { return rotated_.data(); }
  const float* residual() const { return residual_.empty() ? nullptr : residual_.data(); }

  // Factors of one scan stage.
  struct Stage {
    float step;        // value of one unit of the integer weights
    float error_norm;  // norm that the errors of rows are multiplied with, at least |q - mu|
  };
  // --- Sign plane: weights of at most 31 steps. Four of them sum to at most 124, so that 128 + sum
  // fits a byte of the tables (Kernels::scan_signs). kSignRounding is the rounding that the errors
  // of rows cover, as a share of |q - mu|.
  static constexpr float kSignRounding = 0.04f;
  const Stage& signs() const { return signs_; }
  const uint8_t* tables() const {
    return tables_.data();
  }  // the tables of Kernels::scan_signs, one query's
  // --- Codes: weights of at most 63 steps (Kernels::pack_weights).
  static constexpr float kCodeRounding = 0.02f;
  const Stage& codes() const { return codes_; }
  const int8_t* code_weights() const { return code_weights_.data(); }  // expanded_dim weights
  // Returns how much a dot product with code bytes is too large, by their offset (CodeQueries).
  int32_t code_zero() const { return code_zero_; }
  // Returns the score of one code record from everything that it holds.
  //
  // Requires: the record is under this query's mean version.
  float Score(const Codec& codec, const uint8_t* code) const;

 private:
  float constant_;
  float weight_;
  AlignedVector<float> rotated_;
  AlignedVector<float> residual_;
  Stage signs_;
  Stage codes_;
  AlignedVector<uint8_t> tables_;
  AlignedVector<int8_t> code_weights_;  // expanded_dim of them, zero beyond the dimension
  int32_t code_zero_;
};

// The queries of one pass, and their centred forms for each mean version. Rotation is the costly
// step and does not depend on the mean, so it is done once for each query.
//
// Not thread-safe while Prepare runs; afterwards any number of threads may read.
class QuerySet {
 public:
  // Requires: queries (n, dim) were validated, and `codec` outlives the set.
  QuerySet(const Codec& codec, MatrixView queries);

  size_t size() const { return vectors_.size(); }
  // Centres the queries on a mean (null: none) unless that was done before.
  //
  // Requires: no other thread reads the set.
  void Prepare(const Mean* mean);
  // Returns the queries centred on a mean version. The reference stays valid while the set lives.
  //
  // Requires: Prepare was called with that version.
  const std::vector<CenteredQuery>& Centered(uint32_t mean_version) const {
    return centered_.at(mean_version);
  }

 private:
  const Codec& codec_;
  std::vector<std::vector<float>> vectors_;  // the queries, normalised under COSINE
  std::vector<std::vector<float>> rotated_;  // H q of each, padded_dim floats
  // Centred queries by mean version. A map keeps references valid while versions are added.
  std::map<uint32_t, std::vector<CenteredQuery>> centered_;
};

}  // namespace tqdb

#endif  // TQDB_CORE_SCAN_QUERY_H_
