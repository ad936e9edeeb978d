// A seeded orthonormal map of R^dim after which the coordinates of any vector look Gaussian.
//
// The codebook is made for N(0,1). A vector whose energy lies in a few coordinates would be
// quantised badly, so every vector is turned first. The paper (arXiv 2504.19874, Sec. 3) draws a
// random rotation matrix. Its product costs dim^2 multiplications: 2.4 million at dim 1536. The map
// in this file takes its place, in O(dim log dim) additions.
//
// The simple idea: flip the sign of every coordinate at random, then apply a Walsh-Hadamard
// transform. Each output is then a sum of all inputs with random signs, which is nearly Gaussian.
// The transform wants a power of two, and most dims are none. So the vector is cut into *chunks*,
// the largest power of two first, and each chunk is transformed alone. Nothing is padded:
//
// clang-format off
//   dim    rows of 16   chunks                 tail (dim % 16)
//   1536   96           1024, 512              none
//   1000   62           512, 256, 128, 64, 32  8, as one chunk of 8
//    100   6            64, 32                 4, as one chunk of 4
// clang-format on
//
// One round is not enough, for two reasons. A chunk mixes only its own coordinates. And even one
// chunk of all coordinates turns a one-hot vector into one magnitude with many signs, which is not
// Gaussian. So several rounds follow each other, and each *deals* the vector over the chunks before
// it transforms them, as cards are dealt over players. Dealing moves whole rows of 16 floats. That
// needs no gather, a row being one cache line, and is enough because every transform also mixes
// within rows. From the second round on, rows start after the first dim % 16 floats. The tail of
// the round before then lies in a row.
//
// This file leaves out:
// - Padding to a power of two: 1536 would become 2048, and each code a third larger.
// - Equal blocks of the largest power of two that divides dim. At dim 1000 they are blocks of 8,
//   and a one-hot vector reaches only eight coordinates a round.
// - Full random permutations: they cost a gather a round and measured no better (rotation_test).
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
  // Returns the number of rounds after which no input is quantised much worse than a Gaussian one.
  // From dim 64 on, the distortion is within 3 % of a Gaussian vector's. It is within 4 % where dim
  // is no multiple of 16, and within 6 % for two equal coordinates and nothing else. rotation_test
  // measures this with one-hot and importance-ordered inputs among others.
  static int RoundsFor(size_t dim);

  // Requires: 1 <= dim <= kMaxDim and rounds >= 1. Equal arguments give equal maps on every
  // machine.
  Rotation(size_t dim, uint64_t seed, int rounds);

  size_t dim() const { return dim_; }

  // Computes y = H x.
  //
  // Requires: `x` has dim floats, `y` and `scratch` have at least dim floats, and none overlap.
  void Apply(const Kernels& kernels, const float* x, float* y, float* scratch) const {
    Apply(kernels, x, dim_, 1, y, scratch, dim_);
  }
  // Rotates `count` vectors: vector v starts at x + v * x_stride, its result at y + v * stride.
  // `scratch` has the same layout as `y`. Fastest where `y`, `scratch` and the stride are aligned
  // to 64 bytes and all of it fits into the first-level cache.
  void Apply(const Kernels& kernels, const float* x, size_t x_stride, size_t count, float* y,
             float* scratch, size_t stride) const;
  // Computes x = H^T y, which undoes Apply up to rounding. Sizes are as in Apply for one vector.
  void ApplyInverse(const Kernels& kernels, const float* y, float* x, float* scratch) const;

 private:
  struct alignas(64) Row {
    float values[16];
  };
  struct Round {
    bool shifted;  // rows start after the first dim % 16 floats; these are the tail
    std::vector<uint32_t> row_source;  // number of the input row that becomes row i of the output
    std::vector<Row> rows;  // dim factors: the random sign divided by the root of the chunk's size
    float* factors() { return rows.data()->values; }
    const float* factors() const { return rows.data()->values; }
  };
  // Applies the Walsh-Hadamard transform to every chunk of y, in place.
  void TransformChunks(const Kernels& kernels, float* y) const;

  size_t dim_;
  size_t rows_;  // number of whole rows of 16 floats
  size_t tail_;  // floats after the last whole row: dim % 16
  // Chunk sizes in floats, in the order of the coordinates. They are powers of two, descending in
  // the rows and then again in the tail, and sum to dim.
  std::vector<uint32_t> chunks_;
  std::vector<Round> rounds_;
};

}  // namespace tqdb

#endif  // TQDB_CORE_CODEC_ROTATION_H_
