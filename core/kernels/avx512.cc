// AVX-512 level (F, BW, DQ, VL, VBMI, VNNI: Ice Lake, Zen 4 and later): 16 floats, which are the 16 lanes
// of every sum, or 64 bytes a vector. The region below compiles this file's functions alone for it.
//
// TQDB_EMULATE_AVX512 builds the same code over SIMDe's portable intrinsics, so that its results are
// tested on machines that lack the instructions.
#include "core/kernels/kernels.h"

#if defined(__x86_64__) || defined(TQDB_EMULATE_AVX512)

#include <cstring>

#if defined(TQDB_EMULATE_AVX512)
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
// What SIMDe 0.7 does not have.
#if !defined(_mm512_cvtepi32_ps)
static inline __m512 _mm512_cvtepi32_ps(__m512i x) {
  int32_t in[16];
  float out[16];
  _mm512_storeu_si512(in, x);
  for (int i = 0; i < 16; ++i) out[i] = static_cast<float>(in[i]);
  return _mm512_loadu_ps(out);
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
#else
#if defined(__GNUC__) && !defined(__clang__)
// g++ 12 warns of its own _mm512_undefined_ps.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#endif

#include "core/codebook.h"
#include "core/kernels/scalar_parts.h"
#include "core/record_packing.h"

#if !defined(TQDB_EMULATE_AVX512)
#if defined(__clang__)
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")
#endif
#endif

namespace tqdb {
namespace {

using scalar::kLanes;

float SumLanes(__m512 sum) {
  float lanes[kLanes];
  _mm512_storeu_ps(lanes, sum);
  return scalar::SumLanes(lanes);
}

__m512 FlipSigns(__m512 x, __m512i bits) {
  return _mm512_castsi512_ps(_mm512_xor_si512(_mm512_castps_si512(x), bits));
}

__m512 AbsoluteOf(__m512 x) {
  return _mm512_castsi512_ps(_mm512_and_si512(_mm512_castps_si512(x), _mm512_set1_epi32(0x7fffffff)));
}

// The sign bit in every lane whose mask bit is clear.
__m512i SignWhereClear(uint16_t mask) {
  return _mm512_maskz_mov_epi32(static_cast<uint16_t>(~mask), _mm512_set1_epi32(INT32_MIN));
}

void DealRows(const float* in, const uint32_t* source, const float* factors, size_t rows, float* out) {
  for (size_t i = 0; i < rows; ++i) {
    const __m512 row = _mm512_loadu_ps(in + 16 * static_cast<size_t>(source[i]));
    _mm512_storeu_ps(out + 16 * i, _mm512_mul_ps(row, _mm512_loadu_ps(factors + 16 * i)));
  }
}

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

// Adds up `kQueries` queries over one block: each 32-bit lane is a vector, and one dot product with ones
// adds the four look-ups of its four bytes.
template <size_t kQueries>
void ScanSignsOf(const uint8_t* plane, size_t bytes_per_row, const uint8_t* const* tables, int32_t* sums) {
  constexpr size_t kGroups = kBlockRows / 16;
  const __m512i nibble = _mm512_set1_epi8(15);
  // Byte j of a dword looks into quarter j of a 64-entry table.
  const __m512i quarter = _mm512_set1_epi32(0x30201000);
  const __m512i ones = _mm512_set1_epi8(1);
  // A byte's 32 entries are its low nibble's and its high nibble's: sorts four bytes' into two tables.
  const __m512i low_of = _mm512_set_epi64(13, 12, 9, 8, 5, 4, 1, 0);
  const __m512i high_of = _mm512_set_epi64(15, 14, 11, 10, 7, 6, 3, 2);
  __m512i sum[kQueries][kGroups];
  for (size_t q = 0; q < kQueries; ++q) {
    for (size_t g = 0; g < kGroups; ++g) sum[q][g] = _mm512_set1_epi32(-static_cast<int32_t>(bytes_per_row) * 256);
  }
  for (size_t b = 0; b < bytes_per_row; b += 4) {
    __m512i low[kGroups], high[kGroups];
    for (size_t g = 0; g < kGroups; ++g) {
      const __m512i bytes = _mm512_loadu_si512(plane + b * kBlockRows + 64 * g);
      low[g] = _mm512_or_si512(_mm512_and_si512(bytes, nibble), quarter);
      high[g] = _mm512_or_si512(_mm512_and_si512(_mm512_srli_epi16(bytes, 4), nibble), quarter);
    }
    for (size_t q = 0; q < kQueries; ++q) {
      const __m512i first = _mm512_loadu_si512(tables[q] + b * 32);
      const __m512i second = _mm512_loadu_si512(tables[q] + b * 32 + 64);
      const __m512i low_table = _mm512_permutex2var_epi64(first, low_of, second);
      const __m512i high_table = _mm512_permutex2var_epi64(first, high_of, second);
      for (size_t g = 0; g < kGroups; ++g) {
        sum[q][g] = _mm512_dpbusd_epi32(sum[q][g], _mm512_permutexvar_epi8(low[g], low_table), ones);
        sum[q][g] = _mm512_dpbusd_epi32(sum[q][g], _mm512_permutexvar_epi8(high[g], high_table), ones);
      }
    }
  }
  for (size_t q = 0; q < kQueries; ++q) {
    for (size_t g = 0; g < kGroups; ++g) _mm512_storeu_si512(sums + q * kBlockRows + 16 * g, sum[q][g]);
  }
}

// See avx2.cc: bytes of rows that are not yet published may change under the scan.
__attribute__((no_sanitize("thread"))) void ScanSigns(const uint8_t* plane, size_t bytes_per_row,
                                                      const uint8_t* const* tables, size_t num_queries,
                                                      int32_t* sums) {
  while (num_queries >= 4) {
    ScanSignsOf<4>(plane, bytes_per_row, tables, sums);
    tables += 4;
    sums += 4 * kBlockRows;
    num_queries -= 4;
  }
  switch (num_queries) {
    case 3: return ScanSignsOf<3>(plane, bytes_per_row, tables, sums);
    case 2: return ScanSignsOf<2>(plane, bytes_per_row, tables, sums);
    case 1: return ScanSignsOf<1>(plane, bytes_per_row, tables, sums);
    default: return;
  }
}

uint64_t Survivors(const int32_t* sums, const float* bias, const float* scale, const float* error,
                   float weight, float error_weight, float threshold) {
  const __m512 weights = _mm512_set1_ps(weight), error_weights = _mm512_set1_ps(error_weight);
  const __m512 thresholds = _mm512_set1_ps(threshold);
  uint64_t mask = 0;
  for (size_t v = 0; v < kBlockRows; v += 16) {
    const __m512 sum = _mm512_cvtepi32_ps(_mm512_loadu_si512(sums + v));
    const __m512 estimate = _mm512_add_ps(
        _mm512_loadu_ps(bias + v), _mm512_mul_ps(weights, _mm512_mul_ps(_mm512_loadu_ps(scale + v), sum)));
    const __m512 bound = _mm512_add_ps(estimate, _mm512_mul_ps(error_weights, _mm512_loadu_ps(error + v)));
    mask |= static_cast<uint64_t>(_mm512_cmp_ps_mask(bound, thresholds, _CMP_GE_OQ)) << v;
  }
  return mask;
}

void Refine(const float* rotated, const float* residual, size_t n, const Codebook& book, int level_shift,
            const uint8_t* signs, const uint8_t* fields, float out[2]) {
  if (book.levels > 8) return scalar::Refine(rotated, residual, n, book, level_shift, signs, fields, out);
  const __m512 table = _mm512_loadu_ps(book.centroids.data());
  const __m128i shift = _mm_cvtsi32_si128(level_shift);
  __m512 codes = _mm512_setzero_ps(), bits = _mm512_setzero_ps();
  for (size_t i = 0; i < n; i += kLanes) {
    const __m512i field = _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(fields + i)));
    uint16_t positive;
    std::memcpy(&positive, signs + i / 8, 2);
    const __m512 centroid =
        FlipSigns(_mm512_permutexvar_ps(_mm512_srl_epi32(field, shift), table), SignWhereClear(positive));
    codes = _mm512_add_ps(codes, _mm512_mul_ps(_mm512_loadu_ps(rotated + i), centroid));
    if (level_shift == 1) {
      // Bit 0 clear flips the sign: move its complement to bit 31.
      const __m512i flip =
          _mm512_andnot_si512(_mm512_slli_epi32(field, 31), _mm512_set1_epi32(INT32_MIN));
      bits = _mm512_add_ps(bits, FlipSigns(_mm512_loadu_ps(residual + i), flip));
    }
  }
  out[0] = SumLanes(codes);
  out[1] = SumLanes(bits);
}

}  // namespace
}  // namespace tqdb

#if !defined(TQDB_EMULATE_AVX512)
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif

namespace tqdb {

namespace {

const Kernels& Table() {
  // Packing moves a kilobyte a row: the AVX2 level's is as good.
  const Kernels* narrow = Avx2Kernels() != nullptr ? Avx2Kernels() : ScalarKernels();
  static const Kernels kernels = {
      .name = "avx512",
      .plane_group = 4,
      .deal_rows = DealRows,
      .hadamard = Hadamard,
      .norms = Norms,
      .quantize = Quantize,
      .signed_sum = SignedSum,
      .residual = ResidualOf,
      .pack_signs = PackSigns,
      .append_signs = narrow->append_signs,
      .pack_fields = narrow->pack_fields,
      .unpack_fields = narrow->unpack_fields,
      .scan_signs = ScanSigns,
      .survivors = Survivors,
      .refine = Refine,
  };
  return kernels;
}

}  // namespace

#if defined(TQDB_EMULATE_AVX512)
const Kernels* EmulatedAvx512Kernels() { return &Table(); }
#else
const Kernels* Avx512Kernels() {
  static const bool supported = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                                __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                                __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vnni");
  return supported ? &Table() : nullptr;
}
#endif

}  // namespace tqdb

#else

namespace tqdb {
const Kernels* Avx512Kernels() { return nullptr; }
}  // namespace tqdb

#endif
