// AVX2 level, encoding: 8 floats a vector, two of which are the 16 lanes of every sum.
//
// Codebooks of at most 8 levels fit one vector, so a level's boundary and its centroid are found by
// one permutation each. Larger codebooks are left to the specification.
#if defined(__x86_64__)

#include <immintrin.h>

#include <cstring>

#include "core/codec/codebook.h"
#include "core/kernels/avx2_parts.h"
#include "core/kernels/scalar_parts.h"

#include "core/kernels/avx2_begin.h"
// Inside the region, in this order.
// clang-format off
#include "core/kernels/avx2_inline.h"
// clang-format on

namespace tqdb::avx2 {

namespace {

using scalar::kNormLanes;

// The 64 lanes of a sum: eight vectors. Named quarters are 16 lanes each.
struct NormLanes {
  Lanes quarters[4];

  void AddProduct(size_t eighth, __m256 a, __m256 b) {
    __m256& lane = eighth % 2 == 0 ? quarters[eighth / 2].low : quarters[eighth / 2].high;
    lane = _mm256_add_ps(lane, _mm256_mul_ps(a, b));
  }
  // Adds lane l + 32 to lane l, then l + 16, and ends with the tree of 16 lanes.
  float Sum() const {
    Lanes sum;
    sum.low = _mm256_add_ps(_mm256_add_ps(quarters[0].low, quarters[2].low),
                            _mm256_add_ps(quarters[1].low, quarters[3].low));
    sum.high = _mm256_add_ps(_mm256_add_ps(quarters[0].high, quarters[2].high),
                             _mm256_add_ps(quarters[1].high, quarters[3].high));
    return sum.Sum();
  }
};

// Returns x with its signs flipped where those of `signs` are set.
__m256 FlipSignsBy(__m256 x, __m256 signs) {
  return _mm256_xor_ps(x, _mm256_and_ps(signs, _mm256_set1_ps(-0.0f)));
}

// Narrows 16 int32, which must fit a byte, to 16 bytes in order. The permutation puts the 64-bit
// quarters back in order, since packs works on each 128-bit half alone.
__m128i Bytes(__m256i low, __m256i high) {
  const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xd8);
  return _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
}

}  // namespace

double NormSquared(const float* x, size_t n) {
  NormLanes squares;
  const auto add = [&](const float* from) {
    for (size_t j = 0; j < 8; ++j) {
      const __m256 value = _mm256_loadu_ps(from + 8 * j);
      squares.AddProduct(j, value, value);
    }
  };
  size_t i = 0;
  for (; i + kNormLanes <= n; i += kNormLanes) add(x + i);
  if (i < n) {
    // Zeros after the end leave every lane's sum as it is.
    float tail[kNormLanes] = {};
    std::memcpy(tail, x + i, (n - i) * sizeof(float));
    add(tail);
  }
  return scalar::NormSquaredFrom(squares.Sum(), x, n);
}

void Center(const float* x, float factor, const float* mu, size_t n, float* out, double sums[2]) {
  NormLanes squares, dots;
  const __m256 factors = _mm256_set1_ps(factor);
  const auto center = [&](const float* from, const float* mean_from, float* to) {
    for (size_t j = 0; j < 8; ++j) {
      const __m256 mean = _mm256_loadu_ps(mean_from + 8 * j);
      const __m256 centered =
          _mm256_sub_ps(_mm256_mul_ps(_mm256_loadu_ps(from + 8 * j), factors), mean);
      _mm256_storeu_ps(to + 8 * j, centered);
      squares.AddProduct(j, centered, centered);
      dots.AddProduct(j, centered, mean);
    }
  };
  size_t i = 0;
  for (; i + kNormLanes <= n; i += kNormLanes) center(x + i, mu + i, out + i);
  if (i < n) {
    float tail[kNormLanes] = {}, mean_tail[kNormLanes] = {};
    std::memcpy(tail, x + i, (n - i) * sizeof(float));
    std::memcpy(mean_tail, mu + i, (n - i) * sizeof(float));
    center(tail, mean_tail, tail);
    std::memcpy(out + i, tail, (n - i) * sizeof(float));
  }
  sums[0] = scalar::NormSquaredFrom(squares.Sum(), out, n);
  sums[1] = dots.Sum();
}

namespace {

// Finds the levels (as int32) of eight magnitudes, for codebooks of at most 8 levels. There bin i
// holds exactly boundary i, so the bin is the index of the boundary (codebook.h).
class LevelFinder {
 public:
  LevelFinder(const Codebook& book, float unit)
      : limit_(_mm256_set1_ps(book.bin_limit * unit)),
        bins_(_mm256_set1_ps(book.bins_per_unit / unit)),
        boundaries_(_mm256_mul_ps(_mm256_loadu_ps(book.boundaries.data()), _mm256_set1_ps(unit))) {}

  __m256i Find(__m256 magnitude) const {
    const __m256i bin = _mm256_cvttps_epi32(_mm256_mul_ps(_mm256_min_ps(magnitude, limit_), bins_));
    const __m256 reached =
        _mm256_cmp_ps(magnitude, _mm256_permutevar8x32_ps(boundaries_, bin), _CMP_GE_OQ);
    // A true comparison is -1 as an integer, so subtracting it adds one.
    return _mm256_sub_epi32(bin, _mm256_castps_si256(reached));
  }

 private:
  __m256 limit_, bins_, boundaries_;
};

// Quantizes with a codebook of at most 8 levels. kCentroids says whether they are asked for: as a
// template argument it costs no test in the loop.
template <bool kCentroids>
void QuantizeFewLevels(const float* y, size_t n, float unit, const Codebook& book, uint8_t* signs,
                       uint8_t* levels, float* centroids, float sums[3]) {
  const LevelFinder finder(book, unit);
  const __m256 table = _mm256_loadu_ps(book.centroids.data());
  Lanes magnitudes, dots, squares;
  const size_t whole = n / kLanes * kLanes;
  const auto half = [&](size_t i, __m256& magnitude_sum, __m256& dot_sum, __m256& square_sum) {
    const __m256 value = _mm256_loadu_ps(y + i);
    const __m256 magnitude = AbsoluteOf(value);
    const __m256i level = finder.Find(magnitude);
    const __m256 centroid = _mm256_permutevar8x32_ps(table, level);
    magnitude_sum = _mm256_add_ps(magnitude_sum, magnitude);
    dot_sum = _mm256_add_ps(dot_sum, _mm256_mul_ps(magnitude, centroid));
    if constexpr (kCentroids) {
      square_sum = _mm256_add_ps(square_sum, _mm256_mul_ps(centroid, centroid));
      _mm256_storeu_ps(centroids + i, FlipSignsBy(centroid, value));
    }
    signs[i / 8] = static_cast<uint8_t>(~_mm256_movemask_ps(value));
    return level;
  };
  for (size_t i = 0; i < whole; i += kLanes) {
    const __m256i low = half(i, magnitudes.low, dots.low, squares.low);
    const __m256i high = half(i + 8, magnitudes.high, dots.high, squares.high);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(levels + i), Bytes(low, high));
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

void Quantize(const float* y, size_t n, float unit, const Codebook& book, uint8_t* signs,
              uint8_t* levels, float* centroids, float sums[3]) {
  if (book.levels > 8) return scalar::Quantize(y, n, unit, book, signs, levels, centroids, sums);
  const auto quantize = centroids != nullptr ? QuantizeFewLevels<true> : QuantizeFewLevels<false>;
  quantize(y, n, unit, book, signs, levels, centroids, sums);
}

void AppendResidual(const float* y, const float* c, float t, size_t n, uint8_t* fields,
                    float sums[2]) {
  const __m256 factor = _mm256_set1_ps(t);
  Lanes magnitudes, signed_c;
  const size_t whole = n / kLanes * kLanes;
  const auto half = [&](size_t i, __m256& magnitude_sum, __m256& signed_sum) {
    const __m256 centroid = _mm256_loadu_ps(c + i);
    const __m256 z = _mm256_sub_ps(_mm256_loadu_ps(y + i), _mm256_mul_ps(factor, centroid));
    magnitude_sum = _mm256_add_ps(magnitude_sum, AbsoluteOf(z));
    signed_sum = _mm256_add_ps(signed_sum, FlipSignsBy(centroid, z));
    return _mm256_srai_epi32(_mm256_castps_si256(z), 31);
  };
  for (size_t i = 0; i < whole; i += kLanes) {
    const __m256i low = half(i, magnitudes.low, signed_c.low);
    const __m256i high = half(i + 8, magnitudes.high, signed_c.high);
    // 2 field + 1 - (z < 0).
    __m128i* field = reinterpret_cast<__m128i*>(fields + i);
    const __m128i old = _mm_loadu_si128(field);
    const __m128i one = _mm_add_epi8(_mm_set1_epi8(1), Bytes(low, high));
    _mm_storeu_si128(field, _mm_add_epi8(_mm_add_epi8(old, old), one));
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

}  // namespace tqdb::avx2

#include "core/kernels/avx2_end.h"

#endif
