// Lloyd-Max codebooks of N(0,1): TurboQuant's scalar codes (arXiv 2504.19874, Alg. 1 and Sec. 3.1).
#ifndef TQDB_CORE_CODEC_CODEBOOK_H_
#define TQDB_CORE_CODEC_CODEBOOK_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace tqdb {

inline constexpr int kMaxCodeBits = 8;
inline constexpr size_t kMaxLevels = size_t{1} << (kMaxCodeBits - 1);

// The positive half of a symmetric codebook. A code is a sign and a level (index of the magnitude).
// Level of |u| = number of boundaries that are <= |u|.
//
// The level is found without a search: bins of equal width hold at most one boundary each, so that
//   bin = floor(min(|u|, bin_limit) * bins_per_unit),  l = first_level[bin],  level = l +
//   (boundaries[l] <= |u|).
// With at most 8 levels bin i holds just boundary i: first_level is the identity, and kernels leave
// it out. No boundary is so near to a bin's edge that rounding could put it into the next
// (codebook_test).
struct Codebook {
  int bits;
  int levels;                               // 2^(bits - 1)
  std::array<float, kMaxLevels> centroids;  // ascending; [0, levels)
  std::array<float, kMaxLevels>
      boundaries;  // midpoints of neighbours; [0, levels - 1), then infinity
  // round(63 centroid / largest centroid): what stands for a level in an int8 dot product.
  std::array<uint8_t, kMaxLevels> magnitudes;
  float distortion;  // E (x - Q(x))^2 of x ~ N(0,1)
  float bin_limit;
  float bins_per_unit;
  std::array<uint8_t, 320> first_level;  // number of boundaries below the bin

  // Of a magnitude given in multiples of `unit`.
  int LevelOf(float magnitude, float unit) const {
    const float bin = std::min(magnitude, bin_limit * unit) * (bins_per_unit / unit);
    const int level = first_level[static_cast<size_t>(bin)];
    return level + (boundaries[static_cast<size_t>(level)] * unit <= magnitude);
  }

  // `bits` is one of 1, 2, 3, 4, 8. Frozen: part of the code format.
  static const Codebook& Get(int bits);
  static bool IsSupported(int bits) { return (bits >= 1 && bits <= 4) || bits == 8; }
};

}  // namespace tqdb

#endif  // TQDB_CORE_CODEC_CODEBOOK_H_
