// A seeded orthonormal map of R^dim that makes any vector look Gaussian, in O(dim log dim).
//
// Each round deals the vector's rows of 16 floats evenly over the chunks, flips signs, and applies
// a Walsh-Hadamard transform to greedy power-of-two chunks; nothing is padded. Dealing whole rows
// costs no gather, and is enough because the transform mixes within rows; every round but the first
// starts its rows after the first dim % 16 floats, which moves the tail of the round before into
// the rows. Stands in for the Haar rotation of arXiv 2504.19874, Sec. 3.
//
// Frozen: codes on disk depend on every detail. Thread-safe: immutable.
#ifndef TQDB_CORE_CODEC_ROTATION_H_
#define TQDB_CORE_CODEC_ROTATION_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/kernels/kernels.h"

namespace tqdb {

class Rotation {
 public:
  // The number of rounds after which every input from dim 64 on, one-hot and importance-ordered
  // ones included, is quantised within 3 % of a Gaussian's distortion (4 % where dim is no multiple
  // of 16; two equal coordinates and nothing else: 6 %): measured by rotation_test.cc.
  static int RoundsFor(size_t dim);

  // 1 <= dim <= kMaxDim, rounds >= 1.
  Rotation(size_t dim, uint64_t seed, int rounds);

  size_t dim() const { return dim_; }

  // y = H x. `x` has dim floats; `y` and `scratch` have at least dim floats; none may overlap.
  void Apply(const Kernels& kernels, const float* x, float* y, float* scratch) const {
    Apply(kernels, x, dim_, 1, y, scratch, dim_);
  }
  // The same of `count` vectors, x_stride floats apart; y and scratch are `stride` floats apart.
  // Fastest where `y` and `scratch` and their stride are aligned to 64 bytes and all of it fits
  // into the L1 cache.
  void Apply(const Kernels& kernels, const float* x, size_t x_stride, size_t count, float* y,
             float* scratch, size_t stride) const;
  // x = H^T y; same sizes.
  void ApplyInverse(const Kernels& kernels, const float* y, float* x, float* scratch) const;

 private:
  struct alignas(64) Row {
    float values[16];
  };
  struct Round {
    bool shifted;                      // source rows start after the tail, not before it
    std::vector<uint32_t> row_source;  // row i of the output comes from this row of the input
    std::vector<Row> rows;             // dim factors, sign / sqrt(chunk)
    float* factors() { return rows.data()->values; }
    const float* factors() const { return rows.data()->values; }
  };
  // Chunks in place.
  void TransformChunks(const Kernels& kernels, float* y) const;

  size_t dim_;
  size_t rows_;                   // of 16 floats
  size_t tail_;                   // dim % 16
  std::vector<uint32_t> chunks_;  // sizes, powers of two, descending; they sum to dim
  std::vector<Round> rounds_;
};

}  // namespace tqdb

#endif  // TQDB_CORE_CODEC_ROTATION_H_
