// Lloyd-Max codebooks of N(0,1): TurboQuant's scalar codes (arXiv 2504.19874, Alg. 1 and Sec. 3.1).
//
// After the rotation every coordinate u, in units of |y| / sqrt(dim), is nearly N(0,1). One
// codebook therefore serves every coordinate of every vector, and nothing is learnt from the data.
// The Lloyd-Max codebook is the one with the least mean squared error at its number of centroids.
//
// The simple idea: round u to the nearest of 2^bits centroids. The density is symmetric, so the
// codebook is too. A code is a sign bit and a *level*, which is the index of the magnitude. Example
// with 3 bits and u = -1.2:
//
// clang-format off
//   level      0        1        2        3
//   centroid   0.2451   0.7560   1.3439   2.1519
//   boundary        0.5006   1.0500   1.7479        midway between two centroids
// clang-format on
//
// Two boundaries are <= 1.2, so the level is 2 and u becomes -1.3439.
//
// The level is found without a search. Bins of equal width hold at most one boundary each:
//   bin = floor(min(|u|, bin_limit) * bins_per_unit)
//   l = first_level[bin]
//   level = l + (boundaries[l] <= |u|)
// In the example there are 4 / 2.8 bins a unit. 1.2 falls into bin 1 and boundary 1 is 1.05, so the
// level is 1 + 1. With at most 8 levels bin i holds exactly boundary i: first_level is the
// identity, and kernels leave it out. No boundary lies so near a bin's edge that rounding could
// move it into the next bin (codebook_test).
//
// This file leaves out:
// - Codebooks for the exact marginal of a sphere in dim dimensions (the paper's Lemma 1). It tends
//   to N(0,1) as dim grows. rotation_test bounds the distortion with this one table from dim 64 on.
// - Entropy coding of the levels: at 4 bits it would save about 5 % of the bytes (the paper's Sec.
//   3.1), at the price of records of different lengths.
//
// Thread-safe: immutable after its first use.
#ifndef TQDB_CORE_CODEC_CODEBOOK_H_
#define TQDB_CORE_CODEC_CODEBOOK_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace tqdb {

// Limits of one code: bits of a coordinate with its sign, and levels of its magnitude.
inline constexpr int kMaxCodeBits = 8;
inline constexpr size_t kMaxLevels = size_t{1} << (kMaxCodeBits - 1);

// The positive half of a symmetric codebook, with the tables that kernels read.
struct Codebook {
  int bits;                                 // bits of a code, the sign bit counted
  int levels;                               // number of magnitudes: 2^(bits - 1)
  std::array<float, kMaxLevels> centroids;  // ascending; indices [0, levels) are set
  // Midpoints between neighbouring centroids in [0, levels - 1), infinity after them. Infinity
  // keeps the comparison of the last level false, so that no kernel needs a special case.
  std::array<float, kMaxLevels> boundaries;
  // Integers that stand for the centroids in an int8 dot product: 63 centroid / largest centroid,
  // rounded. 63 leaves room for the sign and for sums of products in 16 bits (kernels.h).
  std::array<uint8_t, kMaxLevels> magnitudes;
  float distortion;     // E (x - Q(x))^2 for x ~ N(0,1): the share of the energy that a code loses
  float bin_limit;      // largest |u| that the bins cover; above it every |u| has the last level
  float bins_per_unit;  // bins in an interval of length 1
  std::array<uint8_t, 320> first_level;  // number of boundaries below the bin

  // Returns the level of a magnitude that is given in multiples of `unit`. The tables are
  // multiplied by the unit, which a kernel does once a vector. The alternative is a division per
  // coordinate.
  int LevelOf(float magnitude, float unit) const {
    const float bin = std::min(magnitude, bin_limit * unit) * (bins_per_unit / unit);
    const int level = first_level[static_cast<size_t>(bin)];
    return level + (boundaries[static_cast<size_t>(level)] * unit <= magnitude);
  }

  // Returns the codebook of `bits` bits, the same object at every call.
  //
  // Requires: IsSupported(bits). The tables are frozen: they are part of the code format.
  static const Codebook& Get(int bits);
  static bool IsSupported(int bits) { return (bits >= 1 && bits <= 4) || bits == 8; }
};

}  // namespace tqdb

#endif  // TQDB_CORE_CODEC_CODEBOOK_H_
