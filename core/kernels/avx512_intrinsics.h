// The AVX-512 intrinsics, or SIMDe's portable ones where TQDB_EMULATE_AVX512 asks for them.
//
// The emulation compiles the same kernel files a second time. So the AVX-512 levels are tested on
// every x86 machine, bit for bit, whether or not it has the instructions.
#ifndef TQDB_CORE_KERNELS_AVX512_INTRINSICS_H_
#define TQDB_CORE_KERNELS_AVX512_INTRINSICS_H_

#if defined(TQDB_EMULATE_AVX512)
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
// Functions that SIMDe 0.7 lacks, or has wrong: its alias of _mm512_madd_epi16 takes four
// arguments.
#undef _mm512_madd_epi16
#define _mm512_madd_epi16(a, b) simde_mm512_madd_epi16(a, b)
#if !defined(_mm512_cvtepi32_ps)
static inline __m512 _mm512_cvtepi32_ps(__m512i x) {
  int32_t in[16];
  float out[16];
  _mm512_storeu_si512(in, x);
  for (int i = 0; i < 16; ++i) out[i] = static_cast<float>(in[i]);
  return _mm512_loadu_ps(out);
}
#endif
#if !defined(_mm512_cvttps_epi32)
static inline __m512i _mm512_cvttps_epi32(__m512 x) {
  float in[16];
  int32_t out[16];
  _mm512_storeu_ps(in, x);
  for (int i = 0; i < 16; ++i) out[i] = static_cast<int32_t>(in[i]);
  return _mm512_loadu_si512(out);
}
#endif
#if !defined(_mm512_testn_epi32_mask)
static inline uint16_t _mm512_testn_epi32_mask(__m512i a, __m512i b) {
  return static_cast<uint16_t>(~_mm512_test_epi32_mask(a, b));
}
#endif
#if !defined(_mm512_testn_epi8_mask)
static inline uint64_t _mm512_testn_epi8_mask(__m512i a, __m512i b) {
  return ~_mm512_test_epi8_mask(a, b);
}
#endif
#if !defined(_mm512_cvtepi32_epi8)
static inline __m128i _mm512_cvtepi32_epi8(__m512i x) {
  int32_t in[16];
  uint8_t out[16];
  _mm512_storeu_si512(in, x);
  for (int i = 0; i < 16; ++i) out[i] = static_cast<uint8_t>(in[i]);
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(out));
}
#endif
#if !defined(_mm512_cvtepu8_epi32)
static inline __m512i _mm512_cvtepu8_epi32(__m128i x) {
  uint8_t in[16];
  int32_t out[16];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(in), x);
  for (int i = 0; i < 16; ++i) out[i] = in[i];
  return _mm512_loadu_si512(out);
}
#endif
#if !defined(_mm512_cvtepu8_epi16)
static inline __m512i _mm512_cvtepu8_epi16(__m256i x) {
  uint8_t in[32];
  uint16_t out[32];
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(in), x);
  for (int i = 0; i < 32; ++i) out[i] = in[i];
  return _mm512_loadu_si512(out);
}
#endif
#else
#if defined(__GNUC__) && !defined(__clang__)
// g++ 12 warns of its own _mm512_undefined_ps.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#endif

#endif  // TQDB_CORE_KERNELS_AVX512_INTRINSICS_H_
