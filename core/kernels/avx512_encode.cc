// AVX-512 level, encoding: 16 floats, which are the 16 lanes of every sum, a vector.
#if defined(__x86_64__) || defined(TQDB_EMULATE_AVX512)

#include <cstring>

#include "core/codebook.h"
#include "core/kernels/avx512_intrinsics.h"
#include "core/kernels/avx512_parts.h"
#include "core/kernels/scalar_parts.h"
#include "core/record_packing.h"

#include "core/kernels/avx512_begin.h"
// clang-format off: inside the region
#include "core/kernels/avx512_inline.h"
// clang-format on

namespace tqdb::TQDB_AVX512 {

void DealRows(const float* in, const uint32_t* source, const float* factors, size_t rows, float* out) {
  for (size_t i = 0; i < rows; ++i) {
    const __m512 row = _mm512_loadu_ps(in + 16 * static_cast<size_t>(source[i]));
    _mm512_storeu_ps(out + 16 * i, _mm512_mul_ps(row, _mm512_loadu_ps(factors + 16 * i)));
  }
}

namespace {

// Swaps 128-bit quarters. By the integer shuffle, since SIMDe lacks the float one.
template <int kOrder>
__m512 Quarters(__m512 x) {
  const __m512i bits = _mm512_castps_si512(x);
  return _mm512_castsi512_ps(_mm512_shuffle_i32x4(bits, bits, kOrder));
}

// The stages of strides 8, 4, 2 and 1 within one vector: partner + own, the upper of each pair negated.
__m512 HadamardInVector(__m512 x) {
  x = _mm512_add_ps(Quarters<0x4e>(x), FlipSigns(x, SignWhereClear(0x00ff)));
  x = _mm512_add_ps(Quarters<0xb1>(x), FlipSigns(x, SignWhereClear(0x0f0f)));
  x = _mm512_add_ps(_mm512_shuffle_ps(x, x, 0x4e), FlipSigns(x, SignWhereClear(0x3333)));
  return _mm512_add_ps(_mm512_shuffle_ps(x, x, 0xb1), FlipSigns(x, SignWhereClear(0x5555)));
}

void Butterfly(__m512& a, __m512& b) {
  const __m512 sum = _mm512_add_ps(a, b);
  b = _mm512_sub_ps(a, b);
  a = sum;
}

// Stages of strides n/2, n/4 and n/8 in one pass over memory, for n >= 128.
void HadamardRadix8(float* x, size_t n) {
  const size_t s = n / 8;
  for (size_t i = 0; i < s; i += 16) {
    __m512 v[8];
    for (size_t j = 0; j < 8; ++j) v[j] = _mm512_loadu_ps(x + i + j * s);
    for (size_t j = 0; j < 4; ++j) Butterfly(v[j], v[j + 4]);
    for (size_t j : {0, 1, 4, 5}) Butterfly(v[j], v[j + 2]);
    for (size_t j : {0, 2, 4, 6}) Butterfly(v[j], v[j + 1]);
    for (size_t j = 0; j < 8; ++j) _mm512_storeu_ps(x + i + j * s, v[j]);
  }
}

// All stages of n = 16, 32, ..., 256 floats in registers.
template <size_t kVectors>
void HadamardInRegisters(float* x) {
  __m512 v[kVectors];
  for (size_t j = 0; j < kVectors; ++j) v[j] = _mm512_loadu_ps(x + 16 * j);
  for (size_t stride = kVectors / 2; stride > 0; stride /= 2) {
    for (size_t base = 0; base < kVectors; base += 2 * stride) {
      for (size_t j = base; j < base + stride; ++j) Butterfly(v[j], v[j + stride]);
    }
  }
  for (size_t j = 0; j < kVectors; ++j) _mm512_storeu_ps(x + 16 * j, HadamardInVector(v[j]));
}

}  // namespace

void Hadamard(float* x, size_t n) {
  switch (n) {
    case 16: return HadamardInRegisters<1>(x);
    case 32: return HadamardInRegisters<2>(x);
    case 64: return HadamardInRegisters<4>(x);
    case 128: return HadamardInRegisters<8>(x);
    case 256: return HadamardInRegisters<16>(x);
    default: break;
  }
  if (n < 16) return scalar::Hadamard(x, n);
  HadamardRadix8(x, n);
  for (size_t i = 0; i < n; i += n / 8) Hadamard(x + i, n / 8);
}

void Norms(const float* y, size_t n, float sums[2]) {
  __m512 squares = _mm512_setzero_ps(), absolutes = _mm512_setzero_ps();
  const size_t whole = n / kLanes * kLanes;
  for (size_t i = 0; i < whole; i += kLanes) {
    const __m512 a = _mm512_loadu_ps(y + i);
    squares = _mm512_add_ps(squares, _mm512_mul_ps(a, a));
    absolutes = _mm512_add_ps(absolutes, AbsoluteOf(a));
  }
  float square_lanes[kLanes], absolute_lanes[kLanes];
  _mm512_storeu_ps(square_lanes, squares);
  _mm512_storeu_ps(absolute_lanes, absolutes);
  scalar::NormsFrom(y, whole, n, square_lanes, absolute_lanes);
  sums[0] = scalar::SumLanes(square_lanes);
  sums[1] = scalar::SumLanes(absolute_lanes);
}

void Quantize(const float* y, size_t n, float scale, const Codebook& book, float* u, uint8_t* levels,
              float* centroids, float sums[2]) {
  if (book.levels > 8) return scalar::Quantize(y, n, scale, book, u, levels, centroids, sums);
  __m512 boundaries[7];
  for (int b = 0; b + 1 < book.levels; ++b) boundaries[b] = _mm512_set1_ps(book.boundaries[b]);
  const __m512 table = _mm512_loadu_ps(book.centroids.data());
  const __m512 scales = _mm512_set1_ps(scale);
  __m512 dots = _mm512_setzero_ps(), squares = _mm512_setzero_ps();
  const size_t whole = n / kLanes * kLanes;
  for (size_t i = 0; i < whole; i += kLanes) {
    const __m512 scaled = _mm512_mul_ps(_mm512_loadu_ps(y + i), scales);
    const __m512 magnitude = AbsoluteOf(scaled);
    __m512i level = _mm512_setzero_si512();
    for (int b = 0; b + 1 < book.levels; ++b) {
      const uint16_t reached = _mm512_cmp_ps_mask(magnitude, boundaries[b], _CMP_GE_OQ);
      level = _mm512_mask_add_epi32(level, reached, level, _mm512_set1_epi32(1));
    }
    const uint16_t positive = _mm512_cmp_ps_mask(scaled, _mm512_setzero_ps(), _CMP_GE_OQ);
    const __m512 centroid = FlipSigns(_mm512_permutexvar_ps(level, table), SignWhereClear(positive));
    _mm512_storeu_ps(u + i, scaled);
    _mm512_storeu_ps(centroids + i, centroid);
    dots = _mm512_add_ps(dots, _mm512_mul_ps(scaled, centroid));
    squares = _mm512_add_ps(squares, _mm512_mul_ps(centroid, centroid));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(levels + i), _mm512_cvtsepi32_epi8(level));
  }
  float dot_lanes[kLanes], square_lanes[kLanes];
  _mm512_storeu_ps(dot_lanes, dots);
  _mm512_storeu_ps(square_lanes, squares);
  scalar::QuantizeFrom(y, whole, n, scale, book, u, levels, centroids, dot_lanes, square_lanes);
  sums[0] = scalar::SumLanes(dot_lanes);
  sums[1] = scalar::SumLanes(square_lanes);
}

float SignedSum(const float* v, const float* z, size_t n) {
  __m512 sum = _mm512_setzero_ps();
  const size_t whole = n / kLanes * kLanes;
  for (size_t i = 0; i < whole; i += kLanes) {
    const uint16_t positive = _mm512_cmp_ps_mask(_mm512_loadu_ps(z + i), _mm512_setzero_ps(), _CMP_GE_OQ);
    sum = _mm512_add_ps(sum, FlipSigns(_mm512_loadu_ps(v + i), SignWhereClear(positive)));
  }
  float lanes[kLanes];
  _mm512_storeu_ps(lanes, sum);
  scalar::SignedSumFrom(v, z, whole, n, lanes);
  return scalar::SumLanes(lanes);
}

void ResidualOf(const float* u, const float* c, float t, size_t n, float* r) {
  const __m512 factor = _mm512_set1_ps(t);
  size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    const __m512 scaled = _mm512_mul_ps(factor, _mm512_loadu_ps(c + i));
    _mm512_storeu_ps(r + i, _mm512_sub_ps(_mm512_loadu_ps(u + i), scaled));
  }
  for (; i < n; ++i) r[i] = u[i] - t * c[i];
}

void PackSigns(const float* y, size_t n, uint8_t* bits) {
  size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    const uint16_t positive = _mm512_cmp_ps_mask(_mm512_loadu_ps(y + i), _mm512_setzero_ps(), _CMP_GE_OQ);
    std::memcpy(bits + i / 8, &positive, 2);
  }
  if (i == n) return;
  std::memset(bits + i / 8, 0, (n + 7) / 8 - i / 8);
  for (; i < n; ++i) bits[i / 8] |= static_cast<uint8_t>((y[i] >= 0) << (i % 8));
}

}  // namespace tqdb::TQDB_AVX512

#include "core/kernels/avx512_end.h"

#endif
