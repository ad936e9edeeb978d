// The TurboQuant codec: float32 vectors to code records and back.
//
// A vector x is turned and rounded. Let y = H(x - mu), where H is a seeded rotation (rotation.h)
// and mu is a mean version or zero (centering.h). Every coordinate of y sqrt(dim) / |y| is then
// nearly N(0,1). It is rounded to the nearest Lloyd-Max centroid (codebook.h; arXiv 2504.19874,
// Alg. 1). The vector of these centroids is c.
//
// The simple idea would be to score <Hq, c>. It is biased: c is shorter than y, by a factor that
// differs from row to row. The factor alone would change the order of near rows. So each record has
// a float that repairs it. code_scale makes the estimate exact for q = x, and unbiased over the
// rotations for every other q.
//
// Residual::kQjl adds one bit per dimension, the sign of what c missed under a second rotation S
// (the paper's Sec. 3.2). The record then has two scales:
//   <q - mu, x - mu>  ~  code_scale <H(q - mu), c>  +  residual_scale <S H(q - mu), bits>
// The published estimator gives the bits a gain that is unbiased by itself and so adds all of their
// noise. Here both parts are the least-squares fit to y, and one scale unbiases them together.
// docs/quantization.md, "The residual bit", explains it and has the variances.
//
// Example: dim 1536 with 4 bits and the residual bit is a record of 28 + 192 + 768 = 988 bytes, 6.2
// times smaller than 6,144 bytes of floats.
//
// Vectors below dim 8 are coded as vectors of dim 8, with zeros at the end. A rotation of few
// coordinates has few values, so nothing would average out, and the error of a sign code divides by
// dim - 1. Records of such spaces are those of dim 8; vectors, queries and means stay as they are.
//
// This file leaves out:
// - Scoring by decoding. A search never undoes H: the query is rotated instead, once (query.h).
// - A dense random matrix for S, as the paper has it. It lives in estimator_test, as an oracle.
// - Rotations learnt from data. Codes must not depend on rows that came before.
//
// Thread-safe: a Codec is immutable; every method may run on any thread.
#ifndef TQDB_CORE_CODEC_CODEC_H_
#define TQDB_CORE_CODEC_CODEC_H_

#include <algorithm>
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

// Everything that fixes the bytes of a code. Frozen when a vector space is created: codes of two
// different options cannot be compared.
struct CodecOptions {
  size_t dim = 0;  // dimensions of a vector, kMinDim to kMaxDim
  Metric metric = Metric::kCosine;
  int code_bits = 4;  // bits per dimension without the residual bit: 1, 2, 3, 4 or 8
  Residual residual = Residual::kQjl;
  uint64_t seed = 0x7464625f73656564;  // seed of both rotations
  uint32_t format_version = 1;         // version of the record layout and of every table behind it
};

// Fewest dimensions of a code. Shorter vectors are coded with zeros at the end.
inline constexpr size_t kMinCodedDim = 8;

// Byte layout of one code record, little-endian:
//
// clang-format off
//   [0, 28)        CodeHeader
//   [28, 28 + s)   sign bits, s = sign_bytes(): dimension i in bit i % 8 of byte i / 8;
//                  1 where the sign bit of y_i is clear
//   [28 + s, ...)  fields of code_bits - 1 magnitude bits and the QJL bit, in the sections of
//                  RecordPacking
// clang-format on
//
// docs/format.md is the contract. Static assertions in codec.cc hold this file to it.
struct CodeHeader {
  uint32_t mean_version;  // version of the subtracted mean; 0 if none was subtracted
  float norm;             // |x| as it arrived, before any normalisation
  float centered_norm;    // |y|; 0 marks a vector that equals the mean, whose scales are all 0
  float sign_scale;       // |y|^2 / |y|_1, which makes the sign plane alone an unbiased estimate
  float code_scale;       // factor of <Hq', c>, with c in units of N(0,1) and q' = q - mu
  float residual_scale;   // factor of <S H q', bits>; 0 without residual
  float bias;  // exact part of the score: <x - mu, mu> for COSINE and DOT, -|x - mu|^2 for L2
};
static_assert(sizeof(CodeHeader) == 28);

class Codec {
 public:
  // Returns a codec, or InvalidArgument when an option is out of range, or FailedPrecondition when
  // the format version is unknown. `kernels` may be null and then means the best level of this CPU.
  static absl::StatusOr<std::unique_ptr<Codec>> Create(const CodecOptions& options,
                                                       const Kernels* kernels = nullptr);

  const CodecOptions& options() const { return options_; }
  size_t dim() const { return options_.dim; }
  // Returns the dimensions of a code: dim(), but at least kMinCodedDim. Rotated vectors have as
  // many coordinates.
  size_t coded_dim() const { return std::max(options_.dim, kMinCodedDim); }
  const Kernels& kernels() const { return *kernels_; }
  const RecordPacking& packing() const { return packing_; }
  const Rotation& rotation() const { return rotation_; }                    // H of the essay above
  const Rotation& residual_rotation() const { return residual_rotation_; }  // S of the essay above
  size_t sign_bytes() const { return (coded_dim() + 7) / 8; }
  // Returns the size of one record: header, sign bits and fields.
  size_t code_bytes() const { return sizeof(CodeHeader) + sign_bytes() + packing_.bytes; }

  // Returns OK when every row can be encoded. Each coordinate must be finite and at most
  // kMaxCoordinate in magnitude, and a row must not be zero under COSINE. InvalidArgument names the
  // first bad row, its coordinate and the value.
  absl::Status Validate(MatrixView rows) const;

  // Encodes rows (n, dim) under `mean` (null: none) into n * code_bytes() bytes.
  //
  // Requires: Validate(rows) is OK. A row's bytes depend on the row, the mean and the options
  // alone, not on its neighbours, the thread or the CPU.
  void Encode(MatrixView rows, const Mean* mean, uint8_t* codes) const;

  // Writes the vector that a code stands for, at its original length, into `vector` (dim floats).
  // It is the reconstruction of least mean squared error, not the unbiased one that scores use.
  //
  // Requires: `mean` is the version that the code names. Returns FailedPrecondition when it is
  // another one, and DataLoss when the size is wrong or a factor of the header is not finite.
  absl::Status Decode(absl::Span<const uint8_t> code, const Mean* mean,
                      absl::Span<float> vector) const;

  // Returns a mean version with its rotation and norm, ready for Encode and for queries. `mu` has
  // dim() floats.
  std::shared_ptr<const Mean> MakeMean(uint32_t version, absl::Span<const float> mu) const;

  // Writes H x into `out` (padded_dim() floats), zero beyond coded_dim(). For queries and means: it
  // allocates scratch memory at every call, which encoding avoids.
  void Rotate(const float* x, float* out) const;
  // Writes S y into `out` (padded_dim() floats), zero beyond coded_dim(), which `y` has.
  void RotateResidual(const float* y, float* out) const;
  // Returns coded_dim rounded up to a multiple of 32: the length of rotated vectors in memory. It
  // makes rows of the sign plane whole groups of four bytes, and lets kernels load without a tail.
  size_t padded_dim() const { return (coded_dim() + 31) / 32 * 32; }
  // Returns coded_dim rounded up to a multiple of 64: the length of a row of expanded codes. The
  // code stage reads them a cache line at a time (Kernels::sum_codes).
  size_t expanded_dim() const { return (coded_dim() + 63) / 64 * 64; }

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
