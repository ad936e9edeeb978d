// AVX-512 level, encoding: 16 floats a vector, which are the 16 lanes of every sum.
//
// Codebooks of at most 8 levels fit half a vector, so a level's boundary and its centroid are found
// by one permutation each. Larger codebooks are left to the specification.
#if defined(__x86_64__) || defined(TQDB_EMULATE_AVX512)

#include <cstring>

#include "core/codec/codebook.h"
#include "core/kernels/avx512_intrinsics.h"
#include "core/kernels/avx512_parts.h"
#include "core/kernels/scalar_parts.h"

#include "core/kernels/avx512_begin.h"
// Inside the region, in this order.
// clang-format off
#include "core/kernels/avx512_inline.h"
// clang-format on

namespace tqdb::TQDB_AVX512 {

namespace {

using scalar::kNormLanes;

// The 64 lanes of a sum: four vectors.
struct NormLanes {
  NormLanes()
      : lanes{_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps()} {}
  __m512 lanes[4];

  void AddProduct(size_t quarter, __m512 a, __m512 b) {
    lanes[quarter] = _mm512_add_ps(lanes[quarter], _mm512_mul_ps(a, b));
  }
  // Adds lane l + 32 to lane l, then l + 16, and ends with the tree of 16 lanes.
  float Sum() const {
    return SumLanes(
        _mm512_add_ps(_mm512_add_ps(lanes[0], lanes[2]), _mm512_add_ps(lanes[1], lanes[3])));
  }
};

}  // namespace

double NormSquared(const float* x, size_t n) {
  NormLanes squares;
  const auto add = [&](const float* from) {
    for (size_t j = 0; j < 4; ++j) {
      const __m512 value = _mm512_loadu_ps(from + 16 * j);
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
  const __m512 factors = _mm512_set1_ps(factor);
  const auto center = [&](const float* from, const float* mean_from, float* to) {
    for (size_t j = 0; j < 4; ++j) {
      const __m512 mean = _mm512_loadu_ps(mean_from + 16 * j);
      const __m512 centered =
          _mm512_sub_ps(_mm512_mul_ps(_mm512_loadu_ps(from + 16 * j), factors), mean);
      _mm512_storeu_ps(to + 16 * j, centered);
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

// Finds the levels of 16 magnitudes, in the low byte of each element, for codebooks of at most 8
// levels. There bin i holds exactly boundary i, so the bin is the index of the boundary.
class LevelFinder {
 public:
  LevelFinder(const Codebook& book, float unit)
      : limit_(_mm512_set1_ps(book.bin_limit * unit)),
        bins_(_mm512_set1_ps(book.bins_per_unit / unit)),
        boundaries_(_mm512_mul_ps(_mm512_loadu_ps(book.boundaries.data()), _mm512_set1_ps(unit))) {}

  __m512i Find(__m512 magnitude) const {
    const __m512 clamped = _mm512_min_ps(magnitude, limit_);
#if defined(TQDB_EMULATE_AVX512)
    const __m512i bin = _mm512_cvttps_epi32(_mm512_mul_ps(clamped, bins_));
#else
    // Converting to integers would cost another operation. From 2^23 on floats are integers, so
    // adding 2^23 and rounding down leaves the bin in the low bits of the mantissa. Permutations
    // look at nothing else.
    const __m512i bin = _mm512_castps_si512(_mm512_fmadd_round_ps(
        clamped, bins_, _mm512_set1_ps(8388608.0f), _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC));
#endif
    const uint16_t reached =
        _mm512_cmp_ps_mask(magnitude, _mm512_permutexvar_ps(bin, boundaries_), _CMP_GE_OQ);
    return _mm512_mask_add_epi32(bin, reached, bin, _mm512_set1_epi32(1));
  }

 private:
  __m512 limit_, bins_, boundaries_;
};

// Quantizes with a codebook of at most 8 levels. kCentroids says whether they are asked for: as a
// template argument it costs no test in the loop.
template <bool kCentroids>
void QuantizeFewLevels(const float* y, size_t n, float unit, const Codebook& book, uint8_t* signs,
                       uint8_t* levels, float* centroids, float sums[3]) {
  const LevelFinder finder(book, unit);
  const __m512 table = _mm512_loadu_ps(book.centroids.data());
  __m512 magnitudes = _mm512_setzero_ps(), dots = _mm512_setzero_ps(),
         squares = _mm512_setzero_ps();
  const size_t whole = n / kLanes * kLanes;
  for (size_t i = 0; i < whole; i += kLanes) {
    const __m512 value = _mm512_loadu_ps(y + i);
    const __m512 magnitude = AbsoluteOf(value);
    const __m512i level = finder.Find(magnitude);
    const __m512 centroid = _mm512_permutexvar_ps(level, table);
    magnitudes = _mm512_add_ps(magnitudes, magnitude);
    dots = _mm512_add_ps(dots, _mm512_mul_ps(magnitude, centroid));
    if constexpr (kCentroids) {
      squares = _mm512_add_ps(squares, _mm512_mul_ps(centroid, centroid));
      _mm512_storeu_ps(centroids + i, FlipSignsBy(centroid, value));
    }
    const uint16_t positive = SignsClear(value);
    std::memcpy(signs + i / 8, &positive, 2);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(levels + i), _mm512_cvtepi32_epi8(level));
  }
  if (whole < n) {
    scalar::QuantizeLanes lanes;
    _mm512_storeu_ps(lanes.magnitudes, magnitudes);
    _mm512_storeu_ps(lanes.dots, dots);
    _mm512_storeu_ps(lanes.squares, squares);
    scalar::QuantizeFrom(y, whole, n, unit, book, signs, levels, centroids, lanes);
    magnitudes = _mm512_loadu_ps(lanes.magnitudes);
    dots = _mm512_loadu_ps(lanes.dots);
    squares = _mm512_loadu_ps(lanes.squares);
  }
  sums[0] = SumLanes(magnitudes);
  sums[1] = SumLanes(dots);
  if constexpr (kCentroids) sums[2] = SumLanes(squares);
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
  const __m512 factor = _mm512_set1_ps(t);
  __m512 magnitudes = _mm512_setzero_ps(), signed_c = _mm512_setzero_ps();
  const size_t whole = n / kLanes * kLanes;
  for (size_t i = 0; i < whole; i += kLanes) {
    const __m512 centroid = _mm512_loadu_ps(c + i);
    const __m512 z = _mm512_sub_ps(_mm512_loadu_ps(y + i), _mm512_mul_ps(factor, centroid));
    magnitudes = _mm512_add_ps(magnitudes, AbsoluteOf(z));
    signed_c = _mm512_add_ps(signed_c, FlipSignsBy(centroid, z));
    __m128i* field = reinterpret_cast<__m128i*>(fields + i);
    const __m128i old = _mm_loadu_si128(field), twice = _mm_add_epi8(old, old);
    _mm_storeu_si128(field, _mm_mask_add_epi8(twice, SignsClear(z), twice, _mm_set1_epi8(1)));
  }
  if (whole < n) {
    float magnitude_lanes[kLanes], signed_lanes[kLanes];
    _mm512_storeu_ps(magnitude_lanes, magnitudes);
    _mm512_storeu_ps(signed_lanes, signed_c);
    scalar::AppendResidualFrom(y, c, t, whole, n, fields, magnitude_lanes, signed_lanes);
    magnitudes = _mm512_loadu_ps(magnitude_lanes);
    signed_c = _mm512_loadu_ps(signed_lanes);
  }
  sums[0] = SumLanes(magnitudes);
  sums[1] = SumLanes(signed_c);
}

}  // namespace tqdb::TQDB_AVX512

#include "core/kernels/avx512_end.h"

#endif
