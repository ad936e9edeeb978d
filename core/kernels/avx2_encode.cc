// AVX2 level, encoding: 8 floats a vector, two of which are the 16 lanes of every sum.
#if defined(__x86_64__)

#include <immintrin.h>

#include <cstring>

#include "core/codebook.h"
#include "core/kernels/avx2_parts.h"
#include "core/kernels/scalar_parts.h"
#include "core/record_packing.h"

#include "core/kernels/avx2_begin.h"
// clang-format off: inside the region
#include "core/kernels/avx2_inline.h"
// clang-format on

namespace tqdb::avx2 {

void DealRows(const float* in, const uint32_t* source, const float* factors, size_t rows, float* out) {
  for (size_t i = 0; i < rows; ++i) {
    const float* row = in + 16 * static_cast<size_t>(source[i]);
    _mm256_storeu_ps(out + 16 * i, _mm256_mul_ps(_mm256_loadu_ps(row), _mm256_loadu_ps(factors + 16 * i)));
    _mm256_storeu_ps(out + 16 * i + 8,
                     _mm256_mul_ps(_mm256_loadu_ps(row + 8), _mm256_loadu_ps(factors + 16 * i + 8)));
  }
}

namespace {

// The stages of strides 4, 2 and 1 within one vector: partner + own, with the upper of each pair negated.
__m256 HadamardInVector(__m256 x) {
  const __m256 upper4 = _mm256_setr_ps(0, 0, 0, 0, -0.0f, -0.0f, -0.0f, -0.0f);
  const __m256 upper2 = _mm256_setr_ps(0, 0, -0.0f, -0.0f, 0, 0, -0.0f, -0.0f);
  const __m256 upper1 = _mm256_setr_ps(0, -0.0f, 0, -0.0f, 0, -0.0f, 0, -0.0f);
  x = _mm256_add_ps(_mm256_permute2f128_ps(x, x, 1), _mm256_xor_ps(x, upper4));
  x = _mm256_add_ps(_mm256_permute_ps(x, 0x4e), _mm256_xor_ps(x, upper2));
  return _mm256_add_ps(_mm256_permute_ps(x, 0xb1), _mm256_xor_ps(x, upper1));
}

void Butterfly(__m256& a, __m256& b) {
  const __m256 sum = _mm256_add_ps(a, b);
  b = _mm256_sub_ps(a, b);
  a = sum;
}

// Stages of strides n/2, n/4 and n/8 in one pass over memory, for n >= 64.
void HadamardRadix8(float* x, size_t n) {
  const size_t s = n / 8;
  for (size_t i = 0; i < s; i += 8) {
    __m256 v[8];
    for (size_t j = 0; j < 8; ++j) v[j] = _mm256_loadu_ps(x + i + j * s);
    for (size_t j = 0; j < 4; ++j) Butterfly(v[j], v[j + 4]);
    for (size_t j : {0, 1, 4, 5}) Butterfly(v[j], v[j + 2]);
    for (size_t j : {0, 2, 4, 6}) Butterfly(v[j], v[j + 1]);
    for (size_t j = 0; j < 8; ++j) _mm256_storeu_ps(x + i + j * s, v[j]);
  }
}

// All stages of n = 8, 16, 32 or 64 floats in registers.
template <size_t kVectors>
void HadamardInRegisters(float* x) {
  __m256 v[kVectors];
  for (size_t j = 0; j < kVectors; ++j) v[j] = _mm256_loadu_ps(x + 8 * j);
  for (size_t stride = kVectors / 2; stride > 0; stride /= 2) {
    for (size_t base = 0; base < kVectors; base += 2 * stride) {
      for (size_t j = base; j < base + stride; ++j) Butterfly(v[j], v[j + stride]);
    }
  }
  for (size_t j = 0; j < kVectors; ++j) _mm256_storeu_ps(x + 8 * j, HadamardInVector(v[j]));
}

}  // namespace

void Hadamard(float* x, size_t n) {
  switch (n) {
    case 8: return HadamardInRegisters<1>(x);
    case 16: return HadamardInRegisters<2>(x);
    case 32: return HadamardInRegisters<4>(x);
    case 64: return HadamardInRegisters<8>(x);
    default: break;
  }
  if (n < 8) return scalar::Hadamard(x, n);
  HadamardRadix8(x, n);
  for (size_t i = 0; i < n; i += n / 8) Hadamard(x + i, n / 8);
}

void Norms(const float* y, size_t n, float sums[2]) {
  Lanes squares, absolutes;
  const size_t whole = n / kLanes * kLanes;
  for (size_t i = 0; i < whole; i += kLanes) {
    const __m256 a = _mm256_loadu_ps(y + i), b = _mm256_loadu_ps(y + i + 8);
    squares.low = _mm256_add_ps(squares.low, _mm256_mul_ps(a, a));
    squares.high = _mm256_add_ps(squares.high, _mm256_mul_ps(b, b));
    absolutes.low = _mm256_add_ps(absolutes.low, AbsoluteOf(a));
    absolutes.high = _mm256_add_ps(absolutes.high, AbsoluteOf(b));
  }
  float square_lanes[kLanes], absolute_lanes[kLanes];
  squares.Store(square_lanes);
  absolutes.Store(absolute_lanes);
  scalar::NormsFrom(y, whole, n, square_lanes, absolute_lanes);
  sums[0] = scalar::SumLanes(square_lanes);
  sums[1] = scalar::SumLanes(absolute_lanes);
}

namespace {

// Eight levels (as int32) of eight magnitudes, for codebooks of at most 8 levels.
__m256i LevelsOf(__m256 magnitude, const __m256* boundaries, int count) {
  __m256i level = _mm256_setzero_si256();
  for (int b = 0; b < count; ++b) {
    const __m256 reached = _mm256_cmp_ps(magnitude, boundaries[b], _CMP_GE_OQ);
    level = _mm256_sub_epi32(level, _mm256_castps_si256(reached));
  }
  return level;
}

}  // namespace

void Quantize(const float* y, size_t n, float scale, const Codebook& book, float* u, uint8_t* levels,
              float* centroids, float sums[2]) {
  if (book.levels > 8) return scalar::Quantize(y, n, scale, book, u, levels, centroids, sums);
  __m256 boundaries[7];
  for (int b = 0; b + 1 < book.levels; ++b) boundaries[b] = _mm256_set1_ps(book.boundaries[b]);
  const __m256 table = _mm256_loadu_ps(book.centroids.data());
  const __m256 scales = _mm256_set1_ps(scale);
  const __m256 sign_bit = _mm256_set1_ps(-0.0f);
  Lanes dots, squares;
  const size_t whole = n / kLanes * kLanes;
  for (size_t i = 0; i < whole; i += kLanes) {
    __m256i level[2];
    __m256 scaled[2], centroid[2];
    for (int half = 0; half < 2; ++half) {
      scaled[half] = _mm256_mul_ps(_mm256_loadu_ps(y + i + 8 * half), scales);
      level[half] = LevelsOf(AbsoluteOf(scaled[half]), boundaries, book.levels - 1);
      const __m256 positive = _mm256_cmp_ps(scaled[half], _mm256_setzero_ps(), _CMP_GE_OQ);
      centroid[half] = _mm256_xor_ps(_mm256_permutevar8x32_ps(table, level[half]),
                                     _mm256_andnot_ps(positive, sign_bit));
      _mm256_storeu_ps(u + i + 8 * half, scaled[half]);
      _mm256_storeu_ps(centroids + i + 8 * half, centroid[half]);
    }
    dots.low = _mm256_add_ps(dots.low, _mm256_mul_ps(scaled[0], centroid[0]));
    dots.high = _mm256_add_ps(dots.high, _mm256_mul_ps(scaled[1], centroid[1]));
    squares.low = _mm256_add_ps(squares.low, _mm256_mul_ps(centroid[0], centroid[0]));
    squares.high = _mm256_add_ps(squares.high, _mm256_mul_ps(centroid[1], centroid[1]));
    const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(level[0], level[1]), 0xd8);
    const __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(levels + i), bytes);
  }
  float dot_lanes[kLanes], square_lanes[kLanes];
  dots.Store(dot_lanes);
  squares.Store(square_lanes);
  scalar::QuantizeFrom(y, whole, n, scale, book, u, levels, centroids, dot_lanes, square_lanes);
  sums[0] = scalar::SumLanes(dot_lanes);
  sums[1] = scalar::SumLanes(square_lanes);
}

float SignedSum(const float* v, const float* z, size_t n) {
  const __m256 sign_bit = _mm256_set1_ps(-0.0f);
  Lanes sum;
  const size_t whole = n / kLanes * kLanes;
  for (size_t i = 0; i < whole; i += kLanes) {
    for (int half = 0; half < 2; ++half) {
      const __m256 positive = _mm256_cmp_ps(_mm256_loadu_ps(z + i + 8 * half), _mm256_setzero_ps(), _CMP_GE_OQ);
      const __m256 value = _mm256_xor_ps(_mm256_loadu_ps(v + i + 8 * half), _mm256_andnot_ps(positive, sign_bit));
      __m256& lanes = half == 0 ? sum.low : sum.high;
      lanes = _mm256_add_ps(lanes, value);
    }
  }
  float lanes[kLanes];
  sum.Store(lanes);
  scalar::SignedSumFrom(v, z, whole, n, lanes);
  return scalar::SumLanes(lanes);
}

void ResidualOf(const float* u, const float* c, float t, size_t n, float* r) {
  const __m256 factor = _mm256_set1_ps(t);
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const __m256 scaled = _mm256_mul_ps(factor, _mm256_loadu_ps(c + i));
    _mm256_storeu_ps(r + i, _mm256_sub_ps(_mm256_loadu_ps(u + i), scaled));
  }
  for (; i < n; ++i) r[i] = u[i] - t * c[i];
}

void PackSigns(const float* y, size_t n, uint8_t* bits) {
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const __m256 positive = _mm256_cmp_ps(_mm256_loadu_ps(y + i), _mm256_setzero_ps(), _CMP_GE_OQ);
    bits[i / 8] = static_cast<uint8_t>(_mm256_movemask_ps(positive));
  }
  if (i == n) return;
  bits[i / 8] = 0;
  for (; i < n; ++i) bits[i / 8] |= static_cast<uint8_t>((y[i] >= 0) << (i % 8));
}

// z < 0 clears, z >= 0 sets the new lowest bit of each field.
void AppendSigns(const float* z, size_t n, uint8_t* fields) {
  size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    const __m256i low = _mm256_castps_si256(_mm256_cmp_ps(_mm256_loadu_ps(z + i), _mm256_setzero_ps(), _CMP_GE_OQ));
    const __m256i high =
        _mm256_castps_si256(_mm256_cmp_ps(_mm256_loadu_ps(z + i + 8), _mm256_setzero_ps(), _CMP_GE_OQ));
    const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xd8);
    const __m128i set = _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    __m128i* field = reinterpret_cast<__m128i*>(fields + i);
    const __m128i old = _mm_loadu_si128(field);
    // Twice the field, minus -1 where the bit is set.
    _mm_storeu_si128(field, _mm_sub_epi8(_mm_add_epi8(old, old), set));
  }
  for (; i < n; ++i) fields[i] = static_cast<uint8_t>(fields[i] << 1 | (z[i] >= 0));
}

}  // namespace tqdb::avx2

#include "core/kernels/avx2_end.h"

#endif
