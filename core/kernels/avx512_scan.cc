// AVX-512 level, scan and refinement: 64 bytes of codes a vector.
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

namespace {

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

}  // namespace

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

}  // namespace tqdb::TQDB_AVX512

#include "core/kernels/avx512_end.h"

#endif
