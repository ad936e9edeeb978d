// Lloyd-Max codebooks of N(0,1): TurboQuant's scalar codes (arXiv 2504.19874, Alg. 1 and Sec. 3.1).
#ifndef TQDB_CORE_CODEBOOK_H_
#define TQDB_CORE_CODEBOOK_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace tqdb {

inline constexpr int kMaxCodeBits = 8;
inline constexpr size_t kMaxLevels = size_t{1} << (kMaxCodeBits - 1);

// The positive half of a symmetric codebook. A code is a sign and a level (index of the magnitude).
// Level of |u| = number of boundaries that are <= |u|.
struct Codebook {
  int bits;
  int levels;                                 // 2^(bits - 1)
  std::array<float, kMaxLevels> centroids;    // ascending; [0, levels)
  std::array<float, kMaxLevels> boundaries;   // midpoints of neighbours; [0, levels - 1)
  // round(63 centroid / largest centroid): what stands for a level in an int8 dot product.
  std::array<uint8_t, kMaxLevels> magnitudes;
  float distortion;  // E (x - Q(x))^2 of x ~ N(0,1)
  // Number of boundaries <= i / 16: where the search for a level starts (8-bit codes).
  std::array<uint8_t, 80> first_level;

  // `bits` is one of 1, 2, 3, 4, 8. Frozen: part of the code format.
  static const Codebook& Get(int bits);
  static bool IsSupported(int bits) { return (bits >= 1 && bits <= 4) || bits == 8; }
};

}  // namespace tqdb

#endif  // TQDB_CORE_CODEBOOK_H_
