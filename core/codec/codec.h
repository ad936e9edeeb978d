// The TurboQuant codec: float32 vectors to code records and back.
//
// With y = H(x - mu) (H a seeded structured rotation, mu the mean version in force or zero), every
// coordinate of y sqrt(d)/|y| is nearly N(0,1) and is rounded to the nearest Lloyd-Max centroid
// (arXiv 2504.19874, Alg. 1). The residual stage stores the signs of the code's residual under a
// second rotation S (the paper's Sec. 3.2, with the estimator of FACTS-codec 8.1). Two floats make
//     <q - mu, x - mu>  ~  code_scale <Hq', c> + residual_scale <S H q', bits>
// unbiased over the rotations and exact for q = x.
//
// Thread-safe: a Codec is immutable; every method may run on any thread.
#ifndef TQDB_CORE_CODEC_CODEC_H_
#define TQDB_CORE_CODEC_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "base/matrix_view.h"
#include "core/codec/centering.h"
#include "core/codec/record_packing.h"
#include "core/codec/rotation.h"
#include "core/kernels/kernels.h"
#include "values/types.h"

namespace tqdb {

// What fixes the bytes of a code. Frozen when a vector space is created.
struct CodecOptions {
  size_t dim = 0;  // kMinDim..kMaxDim
  Metric metric = Metric::kCosine;
  int code_bits = 4;  // 1, 2, 3, 4 or 8
  Residual residual = Residual::kQjl;
  uint64_t seed = 0x7464625f73656564;  // of both rotations
  uint32_t format_version = 1;         // of the record layout and of every table behind it
};

// Byte layout of one code record, little-endian:
//   [0, 28)    CodeHeader
//   [28, ...)  sign bits: dimension i in bit i % 8 of byte i / 8; 1: the sign bit of y_i is clear
//   [...]      fields of code_bits - 1 magnitude bits and the QJL bit, as the sections of
//   RecordPacking
// docs/format.md is the contract; static_asserts in codec.cc hold this file to it.
struct CodeHeader {
  uint32_t mean_version;  // 0: no mean was subtracted
  float norm;             // |x| as it arrived, before any normalisation
  float centered_norm;    // |y|
  float sign_scale;       // |y|^2 / |y|_1: makes the sign plane alone an unbiased estimate
  float code_scale;       // factor of <Hq', c>, c in units of N(0,1)
  float residual_scale;   // factor of <S H q', bits>; zero without residual
  float bias;             // COSINE, DOT: <x - mu, mu>;  L2: -|x - mu|^2
};
static_assert(sizeof(CodeHeader) == 28);

class Codec {
 public:
  // InvalidArgument when an option is out of range. `kernels` may be null: the best level of this
  // CPU.
  static absl::StatusOr<std::unique_ptr<Codec>> Create(const CodecOptions& options,
                                                       const Kernels* kernels = nullptr);

  const CodecOptions& options() const { return options_; }
  size_t dim() const { return options_.dim; }
  const Kernels& kernels() const { return *kernels_; }
  const RecordPacking& packing() const { return packing_; }
  const Rotation& rotation() const { return rotation_; }                    // H
  const Rotation& residual_rotation() const { return residual_rotation_; }  // S
  size_t sign_bytes() const { return (options_.dim + 7) / 8; }
  // Of one record: header, sign bits and fields.
  size_t code_bytes() const { return sizeof(CodeHeader) + sign_bytes() + packing_.bytes; }

  // OK when every row can be encoded: finite, |coordinate| <= kMaxCoordinate, not zero under
  // COSINE. InvalidArgument names the first bad row and coordinate.
  absl::Status Validate(MatrixView rows) const;

  // Encodes rows (n, dim), already validated, under `mean` (null: none) into n * code_bytes()
  // bytes.
  void Encode(MatrixView rows, const Mean* mean, uint8_t* codes) const;

  // Writes the vector that the code stands for, with the reconstruction of least mean squared
  // error, at its original length. `mean` must be the version named by the code. DataLoss when the
  // header is impossible (not finite), FailedPrecondition when `mean` is another version.
  absl::Status Decode(absl::Span<const uint8_t> code, const Mean* mean,
                      absl::Span<float> vector) const;

  // Rotated mean and norm for a new version; mu has dim() floats.
  std::shared_ptr<const Mean> MakeMean(uint32_t version, absl::Span<const float> mu) const;

  // Scratch-free helper for queries: `out` (padded_dim() floats) = H x, zero padded.
  void Rotate(const float* x, float* out) const;
  void RotateResidual(const float* y, float* out) const;
  // dim rounded up to a multiple of 32: length of rotated vectors in memory.
  size_t padded_dim() const { return (options_.dim + 31) / 32 * 32; }
  // dim rounded up to a multiple of 64: length of a row of expanded codes (Kernels::expand_codes).
  size_t expanded_dim() const { return (options_.dim + 63) / 64 * 64; }

 private:
  Codec(const CodecOptions& options, const Kernels* kernels, Rotation rotation,
        Rotation residual_rotation);

  CodecOptions options_;
  const Kernels* kernels_;
  Rotation rotation_;
  Rotation residual_rotation_;
  RecordPacking packing_;
};

}  // namespace tqdb

#endif  // TQDB_CORE_CODEC_CODEC_H_
