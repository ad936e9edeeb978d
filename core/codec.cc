#include "core/codec.h"

#include <cmath>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "core/codebook.h"

namespace tqdb {

static_assert(offsetof(CodeHeader, mean_version) == 0 && offsetof(CodeHeader, norm) == 4 &&
              offsetof(CodeHeader, centered_norm) == 8 && offsetof(CodeHeader, sign_scale) == 12 &&
              offsetof(CodeHeader, code_scale) == 16 && offsetof(CodeHeader, residual_scale) == 20 &&
              offsetof(CodeHeader, bias) == 24);

namespace {

// The residual of a code is well mixed already: one round makes its signs independent of the code's.
constexpr int kResidualRounds = 1;

// Sum of squares in double, in eight lanes so that compilers may vectorise without changing the result.
double NormSquared(absl::Span<const float> x) {
  double lanes[8] = {};
  size_t i = 0;
  for (; i + 8 <= x.size(); i += 8) {
    for (size_t l = 0; l < 8; ++l) {
      const double value = x[i + l];
      lanes[l] += value * value;
    }
  }
  for (; i < x.size(); ++i) lanes[i % 8] += static_cast<double>(x[i]) * x[i];
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

// Dot product in double, same lanes.
double DotProduct(absl::Span<const float> a, const float* b) {
  double lanes[8] = {};
  size_t i = 0;
  for (; i + 8 <= a.size(); i += 8) {
    for (size_t l = 0; l < 8; ++l) lanes[l] += static_cast<double>(a[i + l]) * b[i + l];
  }
  for (; i < a.size(); ++i) lanes[i % 8] += static_cast<double>(a[i]) * b[i];
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Codec>> Codec::Create(const CodecOptions& options, const Kernels* kernels) {
  if (options.format_version != 1) {
    return absl::FailedPreconditionError(
        absl::StrCat("codec format version ", options.format_version, " is not known; this build reads 1"));
  }
  if (options.dim < kMinDim || options.dim > kMaxDim) {
    return absl::InvalidArgumentError(
        absl::StrCat("dim is ", options.dim, "; need ", kMinDim, " to ", kMaxDim));
  }
  if (!Codebook::IsSupported(options.code_bits)) {
    return absl::InvalidArgumentError(
        absl::StrCat("code_bits is ", options.code_bits, "; need 1, 2, 3, 4 or 8"));
  }
  const Kernels* level = kernels != nullptr ? kernels : &BestKernels();
  return std::unique_ptr<Codec>(new Codec(options, level,
                                          Rotation(options.dim, options.seed, Rotation::RoundsFor(options.dim)),
                                          Rotation(options.dim, ~options.seed, kResidualRounds)));
}

Codec::Codec(const CodecOptions& options, const Kernels* kernels, Rotation rotation,
             Rotation residual_rotation)
    : options_(options),
      kernels_(kernels),
      rotation_(std::move(rotation)),
      residual_rotation_(std::move(residual_rotation)),
      packing_(options.dim, options.code_bits, options.residual) {}

absl::Status Codec::Validate(MatrixView rows) const {
  if (rows.rows() > 0 && rows.dim() != dim()) {
    return absl::InvalidArgumentError(
        absl::StrCat("vector has dim ", rows.dim(), "; this vector space needs ", dim()));
  }
  for (size_t r = 0; r < rows.rows(); ++r) {
    const absl::Span<const float> row = rows.row(r);
    // NaN and infinity make the sum NaN or infinite; a large coordinate makes it large.
    const double norm_squared = NormSquared(row);
    constexpr double kSuspect = double{kMaxCoordinate} * kMaxCoordinate;
    if (!(norm_squared <= kSuspect)) {
      for (size_t i = 0; i < row.size(); ++i) {
        if (std::fabs(row[i]) <= kMaxCoordinate) continue;
        return absl::InvalidArgumentError(
            absl::StrCat("vector ", r, " has ", row[i], " at coordinate ", i,
                         "; every coordinate must be finite and at most ", kMaxCoordinate, " in magnitude"));
      }
    }
    if (options_.metric == Metric::kCosine && norm_squared < kMinNorm * kMinNorm) {
      return absl::InvalidArgumentError(absl::StrCat(
          "vector ", r, " has norm ", std::sqrt(norm_squared), "; metric COSINE needs a norm of at least ",
          kMinNorm));
    }
  }
  return absl::OkStatus();
}

void Codec::Rotate(const float* x, float* out) const {
  std::vector<float> scratch(dim());
  rotation_.Apply(*kernels_, x, out, scratch.data());
  std::fill(out + dim(), out + padded_dim(), 0.0f);
}

void Codec::RotateResidual(const float* y, float* out) const {
  std::vector<float> scratch(dim());
  residual_rotation_.Apply(*kernels_, y, out, scratch.data());
  std::fill(out + dim(), out + padded_dim(), 0.0f);
}

std::shared_ptr<const Mean> Codec::MakeMean(uint32_t version, absl::Span<const float> mu) const {
  auto mean = std::make_shared<Mean>();
  mean->version = version;
  mean->mu.assign(mu.begin(), mu.end());
  mean->rotated.resize(padded_dim());
  Rotate(mean->mu.data(), mean->rotated.data());
  mean->norm_squared = static_cast<float>(NormSquared(mean->mu));
  return mean;
}

namespace {

// Working memory of one encoding thread, cut from one allocation.
class Scratch {
 public:
  explicit Scratch(size_t dim) : stride_((dim + 15) / 16 * 16), floats_(5 * stride_), fields_(dim) {}
  float* buffer(int i) { return floats_.data() + static_cast<size_t>(i) * stride_; }
  uint8_t* fields() { return fields_.data(); }

 private:
  size_t stride_;
  std::vector<float> floats_;
  std::vector<uint8_t> fields_;
};

}  // namespace

void Codec::Encode(MatrixView rows, const Mean* mean, uint8_t* codes) const {
  const Kernels& k = *kernels_;
  const Codebook& book = Codebook::Get(options_.code_bits);
  const size_t n = dim();
  const bool qjl = options_.residual == Residual::kQjl;
  const float root_dim = std::sqrt(static_cast<float>(n));
  Scratch scratch(n);

  for (size_t r = 0; r < rows.rows(); ++r) {
    const absl::Span<const float> x = rows.row(r);
    uint8_t* code = codes + r * code_bytes();
    uint8_t* signs = code + sizeof(CodeHeader);
    CodeHeader header = {};
    header.mean_version = mean != nullptr ? mean->version : 0;
    const double norm = std::sqrt(NormSquared(x));
    header.norm = static_cast<float>(norm);

    // y = H(x - mu), x normalised under COSINE.
    float* centered = scratch.buffer(0);
    const float unit = options_.metric == Metric::kCosine ? static_cast<float>(1 / norm) : 1.0f;
    if (mean != nullptr) {
      const float* mu = mean->mu.data();
      for (size_t i = 0; i < n; ++i) centered[i] = x[i] * unit - mu[i];
    } else {
      for (size_t i = 0; i < n; ++i) centered[i] = x[i] * unit;
    }
    float* y = scratch.buffer(1);
    rotation_.Apply(k, centered, y, scratch.buffer(2));

    float norms[2];
    k.norms(y, n, norms);
    header.centered_norm = std::sqrt(norms[0]);
    if (options_.metric == Metric::kL2) {
      header.bias = -norms[0];
    } else if (mean != nullptr) {
      header.bias = static_cast<float>(DotProduct({centered, n}, mean->mu.data()));
    }

    // A vector at the mean itself: every scale zero, so that its estimate is its bias, which is exact.
    const bool zero = !(norms[0] > 0) || !std::isfinite(root_dim / header.centered_norm);
    if (zero) {
      header.centered_norm = 0;
      std::memset(signs, 0, sign_bytes() + packing_.bytes);
      std::memcpy(code, &header, sizeof(header));
      continue;
    }
    header.sign_scale = norms[0] / norms[1];

    float* u = scratch.buffer(2);
    float* c = scratch.buffer(3);
    float dots[2];
    k.quantize(y, n, root_dim / header.centered_norm, book, u, scratch.fields(), c, dots);
    k.pack_signs(u, n, signs);
    // |u|^2 as rounded, so that the estimate for q = x is exact.
    float u_norms[2];
    k.norms(u, n, u_norms);
    const float per_unit = header.centered_norm / root_dim;
    if (qjl) {
      // With b the signs of S r, r the part of u orthogonal to c: alpha c + beta S^T b is the
      // combination nearest to u (least squares; FACTS-codec 8.1 without neglecting <Sc, b>), and one
      // scale then makes <u, alpha c + beta S^T b> equal |u|^2.
      const float t = dots[0] / dots[1];
      float* residual = scratch.buffer(0);
      k.residual(u, c, t, n, residual);
      float* z = scratch.buffer(1);
      residual_rotation_.Apply(k, residual, z, scratch.buffer(4));
      float* rotated_c = scratch.buffer(0);
      residual_rotation_.Apply(k, c, rotated_c, scratch.buffer(4));
      const float cross = k.signed_sum(rotated_c, z, n);
      float residual_norms[2];
      k.norms(z, n, residual_norms);
      // No residual at all (every |u_i| on a centroid): its bits say nothing.
      const float beta = residual_norms[1] > 0
                             ? residual_norms[1] / (static_cast<float>(n) - cross * cross / dots[1])
                             : 0.0f;
      const float alpha = t - beta * cross / dots[1];
      const float self = alpha * dots[0] + beta * (t * cross + residual_norms[1]);
      const float scale = u_norms[0] / self * per_unit;
      header.code_scale = scale * alpha;
      header.residual_scale = scale * beta;
      k.append_signs(z, n, scratch.fields());
    } else {
      header.code_scale = u_norms[0] / dots[0] * per_unit;
    }
    if (packing_.bytes > 0) k.pack_fields(packing_, scratch.fields(), signs + sign_bytes());
    std::memcpy(code, &header, sizeof(header));
  }
}

absl::Status Codec::Decode(absl::Span<const uint8_t> code, const Mean* mean,
                           absl::Span<float> vector) const {
  if (code.size() != code_bytes() || vector.size() != dim()) {
    return absl::DataLossError(absl::StrCat("code record has ", code.size(), " bytes; need ", code_bytes()));
  }
  CodeHeader header;
  std::memcpy(&header, code.data(), sizeof(header));
  for (float f : {header.norm, header.centered_norm, header.sign_scale, header.code_scale,
                  header.residual_scale, header.bias}) {
    if (!std::isfinite(f)) return absl::DataLossError("code record has a factor that is not finite");
  }
  const uint32_t given = mean != nullptr ? mean->version : 0;
  if (header.mean_version != given) {
    return absl::FailedPreconditionError(absl::StrCat("code record is under mean version ",
                                                      header.mean_version, "; got version ", given));
  }
  const size_t n = dim();
  const bool qjl = options_.residual == Residual::kQjl;
  const Codebook& book = Codebook::Get(options_.code_bits);
  const uint8_t* signs = code.data() + sizeof(CodeHeader);
  std::vector<uint8_t> fields(n);
  packing_.Unpack(signs + sign_bytes(), fields.data());
  std::vector<float> y(padded_dim()), z(padded_dim()), scratch(padded_dim());
  if (qjl) {
    for (size_t i = 0; i < n; ++i) y[i] = fields[i] & 1 ? header.residual_scale : -header.residual_scale;
    residual_rotation_.ApplyInverse(*kernels_, y.data(), z.data(), scratch.data());
  }
  for (size_t i = 0; i < n; ++i) {
    const float c = book.centroids[fields[i] >> (qjl ? 1 : 0)];
    z[i] += header.code_scale * (signs[i / 8] >> (i % 8) & 1 ? c : -c);
  }
  // z satisfies <z, y> = |y|^2; of all multiples of z, |y|^2 / |z|^2 times z is nearest to y.
  const double z_squared = NormSquared({z.data(), n});
  const double shrink =
      z_squared > 0 ? double{header.centered_norm} * header.centered_norm / z_squared : 0.0;
  rotation_.ApplyInverse(*kernels_, z.data(), y.data(), scratch.data());
  const float length = options_.metric == Metric::kCosine ? header.norm : 1.0f;
  for (size_t i = 0; i < n; ++i) {
    const float mu = mean != nullptr ? mean->mu[i] : 0.0f;
    vector[i] = (static_cast<float>(shrink) * y[i] + mu) * length;
  }
  return absl::OkStatus();
}

}  // namespace tqdb
