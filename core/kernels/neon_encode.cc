// NEON level, encoding: 4 floats a vector, four of which are the 16 lanes of a sum.
//
// A codebook of at most 8 levels fits two vectors, in which a look-up of bytes finds four floats at
// a time. Larger codebooks are left to the specification.
#if defined(__aarch64__) && defined(__linux__)

#include <arm_neon.h>

#include <cstring>

#include "core/codec/codebook.h"
#include "core/kernels/neon_parts.h"
#include "core/kernels/scalar_parts.h"

#include "core/kernels/neon_begin.h"
// Inside the region, in this order.
// clang-format off
#include "core/kernels/neon_inline.h"
// clang-format on

namespace tqdb::neon {

using scalar::kLanes;
using scalar::kNormLanes;

namespace {

// The 64 lanes of a sum: 16 vectors, half of the registers.
struct NormLanes {
  float32x4_t v[16] = {};

  [[gnu::always_inline]] void AddProduct(size_t j, float32x4_t a, float32x4_t b) {
    v[j] = vaddq_f32(v[j], vmulq_f32(a, b));
  }
  // Adds lane l + 32 to lane l, then l + 16, and ends with the tree of 16 lanes.
  float Sum() const {
    Lanes sum;
    for (size_t j = 0; j < 4; ++j) {
      sum.v[j] = vaddq_f32(vaddq_f32(v[j], v[j + 8]), vaddq_f32(v[j + 4], v[j + 12]));
    }
    return sum.Sum();
  }
};

// Returns x with its signs flipped where those of `signs` are set.
float32x4_t FlipSignsBy(float32x4_t x, float32x4_t signs) {
  const uint32x4_t flips = vandq_u32(vreinterpretq_u32_f32(signs), vdupq_n_u32(0x80000000));
  return vreinterpretq_f32_u32(veorq_u32(vreinterpretq_u32_f32(x), flips));
}

// Returns the uppermost bytes of 16 floats, which hold their signs.
uint8x16_t TopBytes(const float32x4_t v[4]) {
  const auto words = [&](size_t j) { return vreinterpretq_u16_f32(v[j]); };
  const uint16x8_t low = vuzp2q_u16(words(0), words(1)), high = vuzp2q_u16(words(2), words(3));
  return vuzp2q_u8(vreinterpretq_u8_u16(low), vreinterpretq_u8_u16(high));
}

// Adds the squares of 64 floats.
[[gnu::always_inline]] inline void AddSquares(const float* from, NormLanes& squares) {
#pragma GCC unroll 16
  for (size_t j = 0; j < 16; ++j) {
    const float32x4_t value = vld1q_f32(from + 4 * j);
    squares.AddProduct(j, value, value);
  }
}

// Centres 64 floats.
[[gnu::always_inline]] inline void CenterPart(const float* x, float32x4_t factor, const float* mu,
                                              float* out, NormLanes& dots) {
#pragma GCC unroll 16
  for (size_t j = 0; j < 16; ++j) {
    const float32x4_t mean = vld1q_f32(mu + 4 * j);
    const float32x4_t centered = vsubq_f32(vmulq_f32(vld1q_f32(x + 4 * j), factor), mean);
    vst1q_f32(out + 4 * j, centered);
    dots.AddProduct(j, centered, mean);
  }
}

}  // namespace

double NormSquared(const float* x, size_t n) {
  NormLanes squares;
  size_t i = 0;
  for (; i + kNormLanes <= n; i += kNormLanes) AddSquares(x + i, squares);
  if (i < n) {
    // Zeros after the end leave every lane's sum as it is.
    float tail[kNormLanes] = {};
    std::memcpy(tail, x + i, (n - i) * sizeof(float));
    AddSquares(tail, squares);
  }
  return scalar::NormSquaredFrom(squares.Sum(), x, n);
}

// The norm takes a pass of its own: two sums of 64 lanes would fill the registers.
void Center(const float* x, float factor, const float* mu, size_t n, float* out, double sums[2]) {
  const float32x4_t factors = vdupq_n_f32(factor);
  NormLanes dots;
  size_t i = 0;
  for (; i + kNormLanes <= n; i += kNormLanes) CenterPart(x + i, factors, mu + i, out + i, dots);
  if (i < n) {
    float tail[kNormLanes] = {}, mean_tail[kNormLanes] = {};
    std::memcpy(tail, x + i, (n - i) * sizeof(float));
    std::memcpy(mean_tail, mu + i, (n - i) * sizeof(float));
    CenterPart(tail, factors, mean_tail, tail, dots);
    std::memcpy(out + i, tail, (n - i) * sizeof(float));
  }
  sums[0] = NormSquared(out, n);
  sums[1] = dots.Sum();
}

namespace {

// Returns one of at most 8 floats for each index, by a look-up of bytes in the two vectors that the
// floats fill. Float i is bytes 4 i to 4 i + 3.
float32x4_t PickFloats(uint8x16x2_t table, uint32x4_t index) {
  const uint32x4_t bytes = vmlaq_u32(vdupq_n_u32(0x03020100), index, vdupq_n_u32(0x04040404));
  return vreinterpretq_f32_u8(vqtbl2q_u8(table, vreinterpretq_u8_u32(bytes)));
}

// Returns two vectors as one table of bytes.
uint8x16x2_t TableOf(float32x4_t low, float32x4_t high) {
  return {{vreinterpretq_u8_f32(low), vreinterpretq_u8_f32(high)}};
}

// Finds the levels of four magnitudes, for codebooks of at most 8 levels. There bin i holds exactly
// boundary i, so the bin is the index of the boundary (codebook.h).
class LevelFinder {
 public:
  LevelFinder(const Codebook& book, float unit)
      : limit_(vdupq_n_f32(book.bin_limit * unit)),
        bins_(vdupq_n_f32(book.bins_per_unit / unit)),
        boundaries_(TableOf(vmulq_n_f32(vld1q_f32(book.boundaries.data()), unit),
                            vmulq_n_f32(vld1q_f32(book.boundaries.data() + 4), unit))) {}

  uint32x4_t Find(float32x4_t magnitude) const {
    const uint32x4_t bin = vcvtq_u32_f32(vmulq_f32(vminq_f32(magnitude, limit_), bins_));
    // A true comparison is all ones, which is -1, so subtracting it adds one.
    return vsubq_u32(bin, vcgeq_f32(magnitude, PickFloats(boundaries_, bin)));
  }

 private:
  float32x4_t limit_, bins_;
  uint8x16x2_t boundaries_;
};

// Quantizes with a codebook of at most 8 levels. kCentroids says whether they are asked for: as a
// template argument it costs no test in the loop.
template <bool kCentroids>
void QuantizeFewLevels(const float* y, size_t n, float unit, const Codebook& book, uint8_t* signs,
                       uint8_t* levels, float* centroids, float sums[3]) {
  const LevelFinder finder(book, unit);
  const uint8x16x2_t table =
      TableOf(vld1q_f32(book.centroids.data()), vld1q_f32(book.centroids.data() + 4));
  const uint8x16_t own = vld1q_u8(kOwnBit);
  Lanes magnitudes, dots, squares;
  const size_t whole = n / kLanes * kLanes;
  for (size_t i = 0; i < whole; i += kLanes) {
    float32x4_t value[4];
    uint32x4_t level[4];
#pragma GCC unroll 4
    for (size_t j = 0; j < 4; ++j) {
      value[j] = vld1q_f32(y + i + 4 * j);
      const float32x4_t magnitude = vabsq_f32(value[j]);
      level[j] = finder.Find(magnitude);
      const float32x4_t centroid = PickFloats(table, level[j]);
      magnitudes.v[j] = vaddq_f32(magnitudes.v[j], magnitude);
      dots.v[j] = vaddq_f32(dots.v[j], vmulq_f32(magnitude, centroid));
      if constexpr (kCentroids) {
        squares.v[j] = vaddq_f32(squares.v[j], vmulq_f32(centroid, centroid));
        vst1q_f32(centroids + i + 4 * j, FlipSignsBy(centroid, value[j]));
      }
    }
    vst1q_u8(levels + i, NarrowToBytes(level[0], level[1], level[2], level[3]));
    // NEON has no move of sign bits to a mask. Each byte keeps the bit of its place, and three
    // rounds of adding pairs join eight of them to a byte.
    const uint8x16_t negative = vcltzq_s8(vreinterpretq_s8_u8(TopBytes(value)));
    uint8x16_t bits = vbicq_u8(own, negative);
    for (int round = 0; round < 3; ++round) bits = vpaddq_u8(bits, bits);
    signs[i / 8] = vgetq_lane_u8(bits, 0);
    signs[i / 8 + 1] = vgetq_lane_u8(bits, 1);
  }
  if (whole < n) {
    scalar::QuantizeLanes lanes;
    magnitudes.Store(lanes.magnitudes);
    dots.Store(lanes.dots);
    squares.Store(lanes.squares);
    scalar::QuantizeFrom(y, whole, n, unit, book, signs, levels, centroids, lanes);
    magnitudes.Load(lanes.magnitudes);
    dots.Load(lanes.dots);
    squares.Load(lanes.squares);
  }
  sums[0] = magnitudes.Sum();
  sums[1] = dots.Sum();
  if constexpr (kCentroids) sums[2] = squares.Sum();
}

}  // namespace

// Leaves 8-bit codes to the specification: 128 levels are more than table look-ups reach.
void Quantize(const float* y, size_t n, float unit, const Codebook& book, uint8_t* signs,
              uint8_t* levels, float* centroids, float sums[3]) {
  if (book.levels > 8) return scalar::Quantize(y, n, unit, book, signs, levels, centroids, sums);
  const auto quantize = centroids != nullptr ? QuantizeFewLevels<true> : QuantizeFewLevels<false>;
  quantize(y, n, unit, book, signs, levels, centroids, sums);
}

void AppendResidual(const float* y, const float* c, float t, size_t n, uint8_t* fields,
                    float sums[2]) {
  const float32x4_t factor = vdupq_n_f32(t);
  Lanes magnitudes, signed_c;
  const size_t whole = n / kLanes * kLanes;
  for (size_t i = 0; i < whole; i += kLanes) {
    float32x4_t z[4];
#pragma GCC unroll 4
    for (size_t j = 0; j < 4; ++j) {
      const float32x4_t centroid = vld1q_f32(c + i + 4 * j);
      z[j] = vsubq_f32(vld1q_f32(y + i + 4 * j), vmulq_f32(factor, centroid));
      magnitudes.v[j] = vaddq_f32(magnitudes.v[j], vabsq_f32(z[j]));
      signed_c.v[j] = vaddq_f32(signed_c.v[j], FlipSignsBy(centroid, z[j]));
    }
    // The field moves up by one, above the complement of the sign.
    const uint8x16_t positive = vshrq_n_u8(vmvnq_u8(TopBytes(z)), 7);
    vst1q_u8(fields + i, vsliq_n_u8(positive, vld1q_u8(fields + i), 1));
  }
  if (whole < n) {
    float magnitude_lanes[kLanes], signed_lanes[kLanes];
    magnitudes.Store(magnitude_lanes);
    signed_c.Store(signed_lanes);
    scalar::AppendResidualFrom(y, c, t, whole, n, fields, magnitude_lanes, signed_lanes);
    magnitudes.Load(magnitude_lanes);
    signed_c.Load(signed_lanes);
  }
  sums[0] = magnitudes.Sum();
  sums[1] = signed_c.Sum();
}

}  // namespace tqdb::neon

#include "core/kernels/neon_end.h"

#endif
