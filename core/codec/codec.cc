#include "core/codec/codec.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "core/codec/codebook.h"

namespace tqdb {

// The offsets of docs/format.md. They hold because every field is four bytes wide.
static_assert(offsetof(CodeHeader, mean_version) == 0 && offsetof(CodeHeader, norm) == 4 &&
              offsetof(CodeHeader, centered_norm) == 8 && offsetof(CodeHeader, sign_scale) == 12 &&
              offsetof(CodeHeader, code_scale) == 16 &&
              offsetof(CodeHeader, residual_scale) == 20 && offsetof(CodeHeader, bias) == 24);

namespace {

// Rounds of S. A code's residual is well mixed already, so one round suffices to make its signs
// independent of the code's.
constexpr int kResidualRounds = 1;

}  // namespace

absl::StatusOr<std::unique_ptr<Codec>> Codec::Create(const CodecOptions& options,
                                                     const Kernels* kernels) {
  if (options.format_version != 1) {
    return absl::FailedPreconditionError(absl::StrCat(
        "codec format version ", options.format_version, " is not known; this build reads 1"));
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
  const size_t coded = std::max(options.dim, kMinCodedDim);
  // The complement of the seed gives S a stream of its own, so S is independent of H.
  return std::unique_ptr<Codec>(new Codec(options, level,
                                          Rotation(coded, options.seed, Rotation::RoundsFor(coded)),
                                          Rotation(coded, ~options.seed, kResidualRounds)));
}

Codec::Codec(const CodecOptions& options, const Kernels* kernels, Rotation rotation,
             Rotation residual_rotation)
    : options_(options),
      kernels_(kernels),
      rotation_(std::move(rotation)),
      residual_rotation_(std::move(residual_rotation)),
      packing_(coded_dim(), options.code_bits, options.residual) {}

absl::Status Codec::Validate(MatrixView rows) const {
  if (rows.rows() > 0 && rows.dim() != dim()) {
    return absl::InvalidArgumentError(
        absl::StrCat("vector has dim ", rows.dim(), "; this vector space needs ", dim()));
  }
  for (size_t r = 0; r < rows.rows(); ++r) {
    const absl::Span<const float> row = rows.row(r);
    // One pass over the row proves most rows good. NaN and infinity make the sum NaN or infinite,
    // and a large coordinate makes it large. Only a suspect row is looked at coordinate by
    // coordinate, in order to name the first bad one.
    const double norm_squared = kernels_->norm_squared(row.data(), row.size());
    constexpr double kSuspect = double{kMaxCoordinate} * kMaxCoordinate;
    if (!(norm_squared <= kSuspect)) {
      for (size_t i = 0; i < row.size(); ++i) {
        if (std::fabs(row[i]) <= kMaxCoordinate) continue;
        return absl::InvalidArgumentError(absl::StrCat(
            "vector ", r, " has ", row[i], " at coordinate ", i,
            "; every coordinate must be finite and at most ", kMaxCoordinate, " in magnitude"));
      }
    }
    if (options_.metric == Metric::kCosine && norm_squared < kMinNorm * kMinNorm) {
      return absl::InvalidArgumentError(
          absl::StrCat("vector ", r, " has norm ", std::sqrt(norm_squared),
                       "; metric COSINE needs a norm of at least ", kMinNorm));
    }
  }
  return absl::OkStatus();
}

void Codec::Rotate(const float* x, float* out) const {
  std::vector<float> scratch(coded_dim());
  std::vector<float> padded;
  if (dim() < coded_dim()) {
    padded.assign(x, x + dim());
    padded.resize(coded_dim());
    x = padded.data();
  }
  rotation_.Apply(*kernels_, x, out, scratch.data());
  std::fill(out + coded_dim(), out + padded_dim(), 0.0f);
}

void Codec::RotateResidual(const float* y, float* out) const {
  std::vector<float> scratch(coded_dim());
  residual_rotation_.Apply(*kernels_, y, out, scratch.data());
  std::fill(out + coded_dim(), out + padded_dim(), 0.0f);
}

std::shared_ptr<const Mean> Codec::MakeMean(uint32_t version, absl::Span<const float> mu) const {
  auto mean = std::make_shared<Mean>();
  mean->version = version;
  mean->mu.assign(mu.begin(), mu.end());
  mean->rotated.resize(padded_dim());
  Rotate(mean->mu.data(), mean->rotated.data());
  mean->norm_squared = static_cast<float>(kernels_->norm_squared(mu.data(), mu.size()));
  return mean;
}

namespace {

// Encodes a few rows at a time, step by step: all of them are centred, then all rotated, and so on.
//
// One row's steps depend on each other, so a CPU would wait at the end of each. With several rows
// the steps of different rows overlap. A group is as large as its buffers fit the first-level
// cache: 2,048 floats, at most 16 rows. At dim 1536 that is one row, at dim 128 it is 16. Not
// thread-safe: each call of Codec::Encode has its own.
class GroupEncoder {
 public:
  // Returns the rows of a group: at least one, and at most `rows`.
  static size_t GroupRows(size_t dim, size_t rows) {
    return std::min({std::max<size_t>(2048 / dim, 1), kMaxGroup, rows});
  }

  GroupEncoder(const Codec& codec, const Mean* mean, size_t group)
      : codec_(codec),
        kernels_(codec.kernels()),
        book_(Codebook::Get(codec.options().code_bits)),
        mean_(mean),
        dim_(codec.coded_dim()),
        root_dim_(std::sqrt(static_cast<double>(dim_))),
        qjl_(codec.options().residual == Residual::kQjl),
        group_(group),
        rows_per_vector_((dim_ + 15) / 16),
        rows_(kBuffers * group * rows_per_vector_),
        fields_(group * dim_) {}

  // Encodes the rows of one group. `next` is the group after it, whose floats are prefetched: they
  // come from memory once, and the arithmetic of this group hides the wait.
  void Encode(MatrixView rows, MatrixView next, uint8_t* codes) {
    const size_t count = rows.rows(), stride = 16 * rows_per_vector_;
    for (size_t v = 0; v < count; ++v) Measure(v, rows.row(v).data());
    const float* centered = mean_ != nullptr ? buffer(0) : rows.data();
    // Buffer 2 is scratch here; S y goes there only afterwards.
    codec_.rotation().Apply(kernels_, centered, mean_ != nullptr ? stride : dim_, count, buffer(1),
                            buffer(2), stride);
    for (size_t v = 0; v < count; ++v) {
      if (v < next.rows()) Prefetch(next.row(v));
      Quantize(v, code(codes, v));
    }
    if (qjl_) {
      // Writes S y to buffer 2, then S c over y, which is no longer needed.
      codec_.residual_rotation().Apply(kernels_, buffer(1), stride, count, buffer(2), buffer(3),
                                       stride);
      codec_.residual_rotation().Apply(kernels_, buffer(0), stride, count, buffer(1), buffer(3),
                                       stride);
      for (size_t v = 0; v < count; ++v) AppendResidual(v);
    }
    for (size_t v = 0; v < count; ++v) Finish(v, code(codes, v));
  }

 private:
  static constexpr size_t kMaxGroup = 16, kBuffers = 4;

  struct alignas(64) Row {
    float values[16];
  };
  // State of one row of the group between the steps.
  struct Vector {
    CodeHeader header;
    double length;  // length of y as it was rotated; under COSINE without a mean, not 1
    float dot;      // <y, c>
    float squares;  // |c|^2
  };

  // Returns row v of buffer b. The buffers are used again, so that a group fits the first-level
  // cache:
  //
  // clang-format off
  //   buffer 0   x - mu, then c
  //   buffer 1   y = H(x - mu), then S c
  //   buffer 2   scratch, then S y
  //   buffer 3   scratch
  // clang-format on
  float* buffer(size_t b, size_t v = 0) {
    return rows_[(b * group_ + v) * rows_per_vector_].values;
  }
  uint8_t* fields(size_t v) { return fields_.data() + v * dim_; }
  uint8_t* code(uint8_t* codes, size_t v) const { return codes + v * codec_.code_bytes(); }

  // Asks memory for the floats of a row, a cache line at a time.
  static void Prefetch(absl::Span<const float> x) {
    for (size_t i = 0; i < x.size(); i += 16) __builtin_prefetch(x.data() + i, 0, 3);
  }
  // The steps for row v of the group, in this order. They are described at their definitions.
  void Measure(size_t v, const float* x);
  void Quantize(size_t v, uint8_t* code);
  void AppendResidual(size_t v);
  void Finish(size_t v, uint8_t* code);

  const Codec& codec_;
  const Kernels& kernels_;
  const Codebook& book_;
  const Mean* mean_;
  size_t dim_;
  double root_dim_;
  bool qjl_;
  size_t group_, rows_per_vector_;
  std::vector<Row> rows_;
  std::vector<uint8_t> fields_;
  Vector vectors_[kMaxGroup];
};

// Fills in the norms and the bias, and writes x - mu, with x normalised under COSINE. Without a
// mean nothing is written and x itself is rotated: the scales account for its length.
void GroupEncoder::Measure(size_t v, const float* x) {
  Vector& vector = vectors_[v];
  CodeHeader& header = vector.header = {};
  const bool cosine = codec_.options().metric == Metric::kCosine;
  vector.length = std::sqrt(kernels_.norm_squared(x, dim_));
  header.norm = static_cast<float>(vector.length);
  header.centered_norm = cosine ? 1.0f : header.norm;
  if (mean_ != nullptr) {
    double sums[2];
    const float unit = cosine ? static_cast<float>(1 / vector.length) : 1.0f;
    kernels_.center(x, unit, mean_->mu.data(), dim_, buffer(0, v), sums);
    vector.length = std::sqrt(sums[0]);
    header.mean_version = mean_->version;
    header.centered_norm = static_cast<float>(vector.length);
    header.bias = static_cast<float>(sums[1]);
  }
  if (codec_.options().metric == Metric::kL2)
    header.bias = static_cast<float>(-vector.length * vector.length);
  // A row at the mean itself has no direction to code. All its scales are zero, so its estimate is
  // its bias, which is exact. The negated comparison treats NaN in the same way.
  if (!(vector.length >= kMinUnit * root_dim_)) vector.header.centered_norm = 0;
}

// Rounds y to signs, levels and centroids, and sets the two scales that need no residual.
void GroupEncoder::Quantize(size_t v, uint8_t* code) {
  Vector& vector = vectors_[v];
  if (vector.header.centered_norm == 0) return;
  float sums[3] = {};
  kernels_.quantize(buffer(1, v), dim_, static_cast<float>(vector.length / root_dim_), book_,
                    code + sizeof(CodeHeader), fields(v), qjl_ ? buffer(0, v) : nullptr, sums);
  // A scale is |y|^2 divided by the product of y with its code: then the estimate for q = x is
  // exact. One length of self_score is in the units of the header, the other in the units of y.
  const double self_score = vector.header.centered_norm * vector.length;
  vector.header.sign_scale = static_cast<float>(self_score / sums[0]);
  vector.header.code_scale = static_cast<float>(self_score / sums[1]);
  vector.dot = sums[1];
  vector.squares = sums[2];
}

// Adds the residual bits to the fields and replaces the scale of the code by the pair of scales.
//
// Let r = y - t c be the part of y orthogonal to c, and b the signs of S r. Least squares finds the
// combination nearest to y,
//   alpha c + beta S^T b
// from two linear equations, whose coefficients are |c|^2, dim and <S c, b>. Leaving <S c, b> out
// would save one rotation, but at 4 bits the self-score would err by about 0.08 / sqrt(dim). One
// common scale then makes the product of the combination with y equal to |y|^2. S is linear, so S r
// = S y - t S c, and r is never made.
void GroupEncoder::AppendResidual(size_t v) {
  Vector& vector = vectors_[v];
  if (vector.header.centered_norm == 0) return;
  const float t = vector.dot / vector.squares;
  float sums[2];
  kernels_.append_residual(buffer(2, v), buffer(1, v), t, dim_, fields(v), sums);
  const double residual = sums[0], cross = sums[1], count = static_cast<double>(dim_);
  // `spread` is the part of |S^T b|^2 that is orthogonal to c. Where it is small, b is noise along
  // S c and says nothing new. That happens when there is no residual, each |y_i| being a centroid.
  const double spread = count - cross * cross / vector.squares;
  const double beta = spread > count / 64 ? residual / spread : 0;
  const double alpha = t - beta * cross / vector.squares;
  const double self = alpha * vector.dot + beta * (t * cross + residual);
  const double scale = vector.header.centered_norm * vector.length / self;
  vector.header.code_scale = static_cast<float>(scale * alpha);
  vector.header.residual_scale = static_cast<float>(scale * beta);
}

// Writes the header and the packed fields. Records of rows at the mean are zero after the header,
// so that equal rows have equal bytes.
void GroupEncoder::Finish(size_t v, uint8_t* code) {
  const RecordPacking& packing = codec_.packing();
  uint8_t* signs = code + sizeof(CodeHeader);
  std::memcpy(code, &vectors_[v].header, sizeof(CodeHeader));
  if (vectors_[v].header.centered_norm == 0) {
    std::memset(signs, 0, codec_.sign_bytes() + packing.bytes);
  } else if (packing.bytes > 0) {
    kernels_.pack_fields(packing, fields(v), signs + codec_.sign_bytes());
  }
}

}  // namespace

void Codec::Encode(MatrixView rows, const Mean* mean, uint8_t* codes) const {
  // Rows and mean of fewer dimensions get zeros at the end. Norms and products stay what they were.
  std::vector<float> padded;
  Mean padded_mean;
  if (dim() < coded_dim()) {
    padded.resize(rows.rows() * coded_dim());
    for (size_t r = 0; r < rows.rows(); ++r)
      std::copy_n(rows.row(r).data(), dim(), padded.data() + r * coded_dim());
    rows = MatrixView(padded.data(), rows.rows(), coded_dim());
    if (mean != nullptr) {
      padded_mean = *mean;
      padded_mean.mu.resize(coded_dim());
      mean = &padded_mean;
    }
  }
  const size_t group = GroupEncoder::GroupRows(coded_dim(), rows.rows());
  GroupEncoder encoder(*this, mean, group);
  for (size_t r = 0; r < rows.rows(); r += group) {
    const size_t end = std::min(r + group, rows.rows()),
                 next_end = std::min(end + group, rows.rows());
    encoder.Encode(rows.Slice(r, end - r), rows.Slice(end, next_end - end),
                   codes + r * code_bytes());
  }
}

absl::Status Codec::Decode(absl::Span<const uint8_t> code, const Mean* mean,
                           absl::Span<float> vector) const {
  if (code.size() != code_bytes() || vector.size() != dim()) {
    return absl::DataLossError(
        absl::StrCat("code record has ", code.size(), " bytes; need ", code_bytes()));
  }
  CodeHeader header;
  std::memcpy(&header, code.data(), sizeof(header));
  // A damaged record must not put NaN into an answer.
  for (float f : {header.norm, header.centered_norm, header.sign_scale, header.code_scale,
                  header.residual_scale, header.bias}) {
    if (!std::isfinite(f))
      return absl::DataLossError("code record has a factor that is not finite");
  }
  const uint32_t given = mean != nullptr ? mean->version : 0;
  if (header.mean_version != given) {
    return absl::FailedPreconditionError(absl::StrCat(
        "code record is under mean version ", header.mean_version, "; got version ", given));
  }
  const size_t n = coded_dim();
  const bool qjl = options_.residual == Residual::kQjl;
  const Codebook& book = Codebook::Get(options_.code_bits);
  const uint8_t* signs = code.data() + sizeof(CodeHeader);
  std::vector<uint8_t> fields(n);
  packing_.Unpack(signs + sign_bytes(), fields.data());
  std::vector<float> y(padded_dim()), z(padded_dim()), scratch(padded_dim());
  // z = residual_scale S^T bits + code_scale c, the estimate of y that scores use.
  if (qjl) {
    for (size_t i = 0; i < n; ++i)
      y[i] = fields[i] & 1 ? header.residual_scale : -header.residual_scale;
    residual_rotation_.ApplyInverse(*kernels_, y.data(), z.data(), scratch.data());
  }
  for (size_t i = 0; i < n; ++i) {
    const float c = book.centroids[fields[i] >> (qjl ? 1 : 0)];
    z[i] += header.code_scale * (signs[i / 8] >> (i % 8) & 1 ? c : -c);
  }
  // <z, y> = |y|^2 holds by the choice of the scales. The multiple of z nearest to y has the factor
  // |y|^2 / |z|^2. It shortens z: an unbiased estimate is longer than y.
  const double z_squared = kernels_->norm_squared(z.data(), n);
  const double shrink =
      z_squared > 0 ? double{header.centered_norm} * header.centered_norm / z_squared : 0.0;
  rotation_.ApplyInverse(*kernels_, z.data(), y.data(), scratch.data());
  // Under COSINE the code stands for a vector of length 1; the header kept the original length.
  const float length = options_.metric == Metric::kCosine ? header.norm : 1.0f;
  for (size_t i = 0; i < dim(); ++i) {
    const float mu = mean != nullptr ? mean->mu[i] : 0.0f;
    vector[i] = (static_cast<float>(shrink) * y[i] + mu) * length;
  }
  return absl::OkStatus();
}

}  // namespace tqdb
