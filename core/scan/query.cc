#include "core/scan/query.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/codec/codebook.h"

namespace tqdb {

namespace {

// Integer weights of one stage, and the factors that belong to them.
struct Rounded {
  AlignedVector<int8_t> weights;
  CenteredQuery::Stage stage;
};

// Rounds x to weights_i = round(x_i / step), at most `limit` in magnitude. `norm` is |x|. `allowed`
// is the rounding, as a share of the norm, that the errors of rows cover. A query that rounds worse
// gets a larger error_norm, so that the bound still holds.
Rounded Round(const AlignedVector<float>& x, double norm, float limit, float allowed) {
  // Sixteen lanes let the compiler vectorise the maximum. x has a multiple of 32 elements.
  constexpr size_t kLanes = 16;
  float largest_of[kLanes] = {};
  for (size_t i = 0; i < x.size(); i += kLanes) {
    for (size_t l = 0; l < kLanes; ++l) {
      const float magnitude = std::fabs(x[i + l]);
      largest_of[l] = largest_of[l] < magnitude ? magnitude : largest_of[l];
    }
  }
  const float largest = *std::max_element(largest_of, largest_of + kLanes);
  Rounded rounded;
  // Where 1 / step would overflow, the query is at the mean itself, and every weight may be zero.
  rounded.stage.step = largest > 1e-30f ? largest / limit : 1.0f;
  rounded.weights.resize(x.size());
  const float inverse = 1 / rounded.stage.step;
  // Eight lanes let the compiler vectorise the sum.
  float rounding_squared[8] = {};
  for (size_t i = 0; i < x.size(); i += 8) {
    int weights[8];
    for (size_t l = 0; l < 8; ++l) {
      const float scaled = x[i + l] * inverse;
      // Adding half and truncating rounds to nearest without a call into libm.
      weights[l] = static_cast<int>(scaled + std::copysign(0.5f, scaled));
      const float rounding = scaled - static_cast<float>(weights[l]);
      rounding_squared[l] += rounding * rounding;
    }
    for (size_t l = 0; l < 8; ++l) rounded.weights[i + l] = static_cast<int8_t>(weights[l]);
  }
  double total = 0;
  for (float squared : rounding_squared) total += squared;
  rounded.stage.error_norm =
      static_cast<float>(std::max(norm, std::sqrt(total) * rounded.stage.step / allowed));
  return rounded;
}

// Returns the 16 entries for every nibble of a row's sign bytes, in the order of
// Kernels::scan_signs. Entry e of a nibble is 128 plus the sum of its four weights, each with the
// sign that its bit in e says.
AlignedVector<uint8_t> NibbleTables(const AlignedVector<int8_t>& weights, size_t group) {
  AlignedVector<uint8_t> tables(weights.size() / 8 * 32);
  for (size_t byte = 0; byte < weights.size() / 8; ++byte) {
    for (size_t half = 0; half < 2; ++half) {
      const int8_t* w = weights.data() + byte * 8 + half * 4;
      uint8_t* table =
          tables.data() + byte / group * group * 32 + half * group * 16 + byte % group * 16;
      // Eight entries are made at a time, as the bytes of one word: no sum leaves its byte. Entry 0
      // has all four weights negative. A set bit adds its weight twice, at the entries whose number
      // has it.
      constexpr uint64_t kOnes = 0x0101010101010101;
      const auto times = [](int8_t weight, uint64_t bytes) {
        return static_cast<uint64_t>(weight) * bytes;
      };
      const uint64_t low = kOnes * 128 - times(w[0], kOnes) - times(w[1], kOnes) -
                           times(w[2], kOnes) - times(w[3], kOnes) +
                           times(w[0], 0x0200020002000200) + times(w[1], 0x0202000002020000) +
                           times(w[2], 0x0202020200000000);
      const uint64_t both[2] = {low, low + times(w[3], 2 * kOnes)};
      std::memcpy(table, both, sizeof(both));
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
  for (float v : rotated_) norm_squared += double{v} * v;
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

  // The stages round the same vector, each with its own limit.
  const double norm = std::sqrt(norm_squared);
  Rounded signs = Round(rotated_, norm, 31, kSignRounding);
  signs_ = signs.stage;
  tables_ = NibbleTables(signs.weights, codec.kernels().plane_group);
  Rounded codes = Round(rotated_, norm, 63, kCodeRounding);
  codes_ = codes.stage;
  code_weights_ = std::move(codes.weights);
  // Weights beyond the dimension are zero, so the bytes of a code there do not matter.
  code_weights_.resize(codec.expanded_dim());
  code_zero_ = 0;
  // A code byte is kCodeZero + value, so every sum is too large by kCodeZero times the weights'
  // sum.
  for (int8_t w : code_weights_) code_zero_ += kCodeZero * w;
}

float CenteredQuery::Score(const Codec& codec, const uint8_t* code) const {
  const Kernels& kernels = codec.kernels();
  const size_t n = codec.padded_dim();
  const bool qjl = codec.options().residual == Residual::kQjl;
  CodeHeader header;
  std::memcpy(&header, code, sizeof(header));
  std::vector<uint8_t> signs(n / 8), fields(n);
  std::memcpy(signs.data(), code + sizeof(header), codec.sign_bytes());
  kernels.unpack_fields(codec.packing(), code + sizeof(header) + codec.sign_bytes(), fields.data());
  float estimate =
      header.code_scale * kernels.code_dot(rotated(), n, Codebook::Get(codec.options().code_bits),
                                           qjl ? 1 : 0, signs.data(), fields.data());
  if (qjl) estimate += header.residual_scale * kernels.residual_dot(residual(), n, fields.data());
  return constant_ + header.bias + weight_ * estimate;
}

QuerySet::QuerySet(const Codec& codec, MatrixView queries) : codec_(codec) {
  for (size_t q = 0; q < queries.rows(); ++q) {
    std::vector<float> vector(queries.row(q).begin(), queries.row(q).end());
    if (codec.options().metric == Metric::kCosine) {
      double norm_squared = 0;
      for (float v : vector) norm_squared += double{v} * v;
      const float unit = static_cast<float>(1 / std::sqrt(norm_squared));
      for (float& v : vector) v *= unit;
    }
    std::vector<float> rotated(codec.padded_dim());
    codec.Rotate(vector.data(), rotated.data());
    vectors_.push_back(std::move(vector));
    rotated_.push_back(std::move(rotated));
  }
}

CenteredQuery CenteredQuery::Of(const Codec& codec, absl::Span<const float> query,
                                const Mean* mean) {
  QuerySet set(codec, MatrixView(query.data(), 1, query.size()));
  set.Prepare(mean);
  return set.Centered(mean != nullptr ? mean->version : 0)[0];
}

void QuerySet::Prepare(const Mean* mean) {
  std::vector<CenteredQuery>& queries = centered_[mean != nullptr ? mean->version : 0];
  if (!queries.empty()) return;
  queries.reserve(vectors_.size());
  for (size_t q = 0; q < vectors_.size(); ++q)
    queries.emplace_back(codec_, vectors_[q], rotated_[q], mean);
}

}  // namespace tqdb
