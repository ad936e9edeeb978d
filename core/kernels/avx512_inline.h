// Small functions of the AVX-512 files. Include it inside the region of avx512_begin.h: outside of
// it their instructions are not allowed.
#ifndef TQDB_CORE_KERNELS_AVX512_INLINE_H_
#define TQDB_CORE_KERNELS_AVX512_INLINE_H_

namespace tqdb::TQDB_AVX512 {
namespace {

using scalar::kLanes;

// Returns the sum of 16 lanes in the order of scalar::SumLanes.
inline float SumLanes(__m512 sum) {
  const __m256 high = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(sum), 1));
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(sum), high);
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

// Returns x with the sign bits flipped that are set in `bits`.
inline __m512 FlipSigns(__m512 x, __m512i bits) {
  return _mm512_castsi512_ps(_mm512_xor_si512(_mm512_castps_si512(x), bits));
}

// Returns |x| by clearing the sign bits.
inline __m512 AbsoluteOf(__m512 x) {
  return _mm512_castsi512_ps(
      _mm512_and_si512(_mm512_castps_si512(x), _mm512_set1_epi32(0x7fffffff)));
}

// Returns x with its signs flipped where those of `signs` are set.
inline __m512 FlipSignsBy(__m512 x, __m512 signs) {
  return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(
      _mm512_castps_si512(x), _mm512_castps_si512(signs), _mm512_set1_epi32(INT32_MIN), 0x78));
}

// Returns a mask of the lanes whose sign bit is clear.
inline uint16_t SignsClear(__m512 x) {
  return _mm512_testn_epi32_mask(_mm512_castps_si512(x), _mm512_set1_epi32(INT32_MIN));
}

// Returns a sign bit in every lane whose mask bit is clear.
inline __m512i SignWhereClear(uint16_t mask) {
  return _mm512_maskz_mov_epi32(static_cast<uint16_t>(~mask), _mm512_set1_epi32(INT32_MIN));
}

// Adds to each sum the dot product of four bytes of `bytes` (unsigned) and of `weights` (signed).
// It is in assembly for g++ 12, which copies the accumulator before and after the intrinsic and
// so halves the rate.
inline void AddDots(__m512i& sum, __m512i bytes, __m512i weights) {
#if defined(TQDB_EMULATE_AVX512) || defined(__clang__)
  sum = _mm512_dpbusd_epi32(sum, bytes, weights);
#else
  asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(bytes), "v"(weights));
#endif
}

// Returns four bytes, repeated in every dword.
inline __m512i BroadcastDword(const int8_t* from) {
  int32_t dword;
  std::memcpy(&dword, from, sizeof(dword));
  return _mm512_set1_epi32(dword);
}

// Orders weights of 32 dimensions as eight steps of a tile (avx512_expand_inline.h): byte 4 t + j
// is that of dimension 8 j + t.
inline void StepsOf(const int8_t* weights, int8_t* steps) {
  const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(weights));
  const __m128i y = _mm_loadu_si128(reinterpret_cast<const __m128i*>(weights + 16));
  const __m128i first = _mm_unpacklo_epi8(x, _mm_srli_si128(x, 8));
  const __m128i second = _mm_unpacklo_epi8(y, _mm_srli_si128(y, 8));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(steps), _mm_unpacklo_epi16(first, second));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(steps + 16), _mm_unpackhi_epi16(first, second));
}

}  // namespace
}  // namespace tqdb::TQDB_AVX512

#endif  // TQDB_CORE_KERNELS_AVX512_INLINE_H_
