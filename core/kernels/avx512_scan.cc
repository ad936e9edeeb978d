// AVX-512 level, scan and refinement: 64 bytes of codes a vector. The sign scan with byte
// permutation (VBMI) is in avx512_vbmi.cc; the one here is for CPUs without it.
#if defined(__x86_64__) || defined(TQDB_EMULATE_AVX512)

#include <cstring>

#include "core/codec/codebook.h"
#include "core/codec/record_packing.h"
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

// Sums of 64 rows, a byte each, in two vectors of 16 bits. avx2_scan.cc explains the trick: `whole`
// adds pairs of bytes as words, `odd` the upper bytes alone, and the lower sums are the difference.
// A table byte is at most 252, so the sum of 128 look-ups fits.
struct PairSums {
  PairSums() : whole(_mm512_setzero_si512()), odd(_mm512_setzero_si512()) {}
  __m512i whole, odd;

  void Add(__m512i bytes) {
    whole = _mm512_add_epi16(whole, bytes);
    odd = _mm512_add_epi16(odd, _mm512_srli_epi16(bytes, 8));
  }
  // Adds the sums to those of the 64 rows.
  void AddTo(int32_t* sums) const {
    uint16_t evens[32], odds[32];
    _mm512_storeu_si512(evens, _mm512_sub_epi16(whole, _mm512_slli_epi16(odd, 8)));
    _mm512_storeu_si512(odds, odd);
    for (size_t i = 0; i < 32; ++i) {
      sums[2 * i] += evens[i];
      sums[2 * i + 1] += odds[i];
    }
  }
};

// Scans a block for kQueries queries. Each byte of the plane is loaded and split into nibbles once
// for all of them.
template <size_t kQueries>
void ScanSignsOf(const uint8_t* plane, size_t bytes_per_row, const uint8_t* const* tables,
                 int32_t* sums) {
  constexpr size_t kFlush = 64;  // byte positions between spills, with two look-ups each
  const __m512i nibble = _mm512_set1_epi8(15);
  for (size_t v = 0; v < kQueries * kBlockRows; ++v)
    sums[v] = -static_cast<int32_t>(bytes_per_row) * 256;
  for (size_t first = 0; first < bytes_per_row; first += kFlush) {
    const size_t last = first + kFlush < bytes_per_row ? first + kFlush : bytes_per_row;
    PairSums pair_sums[kQueries];
    for (size_t b = first; b < last; ++b) {
      const __m512i bytes = _mm512_loadu_si512(plane + b * kBlockRows);
      const __m512i low = _mm512_and_si512(bytes, nibble);
      const __m512i high = _mm512_and_si512(_mm512_srli_epi16(bytes, 4), nibble);
#pragma GCC unroll 16
      for (size_t q = 0; q < kQueries; ++q) {
        const __m128i* table = reinterpret_cast<const __m128i*>(tables[q] + b * 32);
        pair_sums[q].Add(_mm512_shuffle_epi8(_mm512_broadcast_i32x4(_mm_loadu_si128(table)), low));
        pair_sums[q].Add(
            _mm512_shuffle_epi8(_mm512_broadcast_i32x4(_mm_loadu_si128(table + 1)), high));
      }
    }
#pragma GCC unroll 16
    for (size_t q = 0; q < kQueries; ++q) pair_sums[q].AddTo(sums + q * kBlockRows);
  }
}

}  // namespace

// Scans one byte of 64 rows at a time (plane_group 1). As avx2_scan.cc explains, bytes of rows that
// are not published may change under the scan.
__attribute__((no_sanitize("thread"))) void ScanSignBytes(const SignBlock& block,
                                                          const SignBlock& /*next*/,
                                                          size_t bytes_per_row,
                                                          const uint8_t* const* tables,
                                                          size_t num_queries, int32_t* sums) {
  const uint8_t* plane = block.plane;
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

namespace {

// Widens 16 fields to the low bits of 16 dwords.
__m512i FieldsOf(const uint8_t* fields) {
  return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(fields)));
}

// Unpacks 8 * kBits dense bytes to 64 parts, a byte each.
template <int kBits>
__m512i UnpackPart(const uint8_t* in) {
  if constexpr (kBits == 8) {
    return _mm512_loadu_si512(in);
  } else if constexpr (kBits == 4) {
    const __m512i words =
        _mm512_cvtepu8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(in)));
    return _mm512_and_si512(_mm512_or_si512(words, _mm512_slli_epi16(words, 4)),
                            _mm512_set1_epi8(15));
  } else if constexpr (kBits == 2) {
    const __m512i dwords = FieldsOf(in);
    const __m512i halves = _mm512_or_si512(dwords, _mm512_slli_epi32(dwords, 12));
    return _mm512_and_si512(_mm512_or_si512(halves, _mm512_slli_epi32(halves, 6)),
                            _mm512_set1_epi8(3));
  } else {
    uint64_t bits;
    std::memcpy(&bits, in, 8);
    return _mm512_maskz_mov_epi8(bits, _mm512_set1_epi8(1));
  }
}

// Puts the section's bits into the fields, next to the bits that are there. The first section
// overwrites the fields instead, which saves clearing them.
template <int kBits>
void UnpackSection(const uint8_t* in, size_t n, int shift, bool first, uint8_t* fields) {
  const __m128i count = _mm_cvtsi32_si128(shift);
  size_t i = 0;
  for (; i + 64 <= n; i += 64) {
    __m512i part = _mm512_sll_epi16(UnpackPart<kBits>(in + i * kBits / 8), count);
    if (!first) part = _mm512_or_si512(part, _mm512_loadu_si512(fields + i));
    _mm512_storeu_si512(fields + i, part);
  }
  if (i == n) return;
  uint8_t packed[64] = {}, tail[64];
  std::memcpy(packed, in + i * kBits / 8, ((n - i) * kBits + 7) / 8);
  _mm512_storeu_si512(tail, _mm512_sll_epi16(UnpackPart<kBits>(packed), count));
  for (size_t j = i; j < n; ++j)
    fields[j] = static_cast<uint8_t>(first ? tail[j - i] : fields[j] | tail[j - i]);
}

}  // namespace

void UnpackFields(const RecordPacking& packing, const uint8_t* packed, uint8_t* fields) {
  if (packing.num_sections == 0) std::memset(fields, 0, packing.dim);
  for (int s = 0; s < packing.num_sections; ++s) {
    const RecordPacking::Section& section = packing.sections[s];
    const uint8_t* in = packed + section.offset;
    switch (section.bits) {
      case 8: UnpackSection<8>(in, packing.dim, section.shift, s == 0, fields); break;
      case 4: UnpackSection<4>(in, packing.dim, section.shift, s == 0, fields); break;
      case 2: UnpackSection<2>(in, packing.dim, section.shift, s == 0, fields); break;
      default: UnpackSection<1>(in, packing.dim, section.shift, s == 0, fields); break;
    }
  }
}

uint64_t Survivors(const int32_t* sums, const float* bias, const float* scale, const float* error,
                   float weight, float error_weight, float threshold) {
  const __m512 weights = _mm512_set1_ps(weight), error_weights = _mm512_set1_ps(error_weight);
  const __m512 thresholds = _mm512_set1_ps(threshold);
  uint64_t mask = 0;
  for (size_t v = 0; v < kBlockRows; v += 16) {
    const __m512 sum = _mm512_cvtepi32_ps(_mm512_loadu_si512(sums + v));
    const __m512 estimate =
        _mm512_add_ps(_mm512_loadu_ps(bias + v),
                      _mm512_mul_ps(weights, _mm512_mul_ps(_mm512_loadu_ps(scale + v), sum)));
    const __m512 bound =
        _mm512_add_ps(estimate, _mm512_mul_ps(error_weights, _mm512_loadu_ps(error + v)));
    mask |= static_cast<uint64_t>(_mm512_cmp_ps_mask(bound, thresholds, _CMP_GE_OQ)) << v;
  }
  return mask;
}

namespace {

// Returns 16 products of a query with centroids. `table` is indexed by the low four bits of a
// field.
__m512 Products(const float* rotated, __m512 table, const uint8_t* signs, const uint8_t* fields) {
  uint16_t positive;
  std::memcpy(&positive, signs, 2);
  const __m512 centroid = _mm512_permutexvar_ps(FieldsOf(fields), table);
  return _mm512_mul_ps(_mm512_loadu_ps(rotated), FlipSigns(centroid, SignWhereClear(positive)));
}

// Returns 16 floats, negated where bit 0 of the field is clear.
__m512 WithFieldSigns(const float* x, const uint8_t* fields) {
  const __m512i clear =
      _mm512_andnot_si512(_mm512_slli_epi32(FieldsOf(fields), 31), _mm512_set1_epi32(INT32_MIN));
  return FlipSigns(_mm512_loadu_ps(x), clear);
}

}  // namespace

float CodeDot(const float* rotated, size_t n, const Codebook& book, int level_shift,
              const uint8_t* signs, const uint8_t* fields) {
  if (book.levels > 8) return scalar::CodeDot(rotated, n, book, level_shift, signs, fields);
  // The table holds every centroid twice where there is a residual bit, which thereby does not
  // count.
  const __m512i field = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  const __m512 table =
      _mm512_permutexvar_ps(_mm512_srl_epi32(field, _mm_cvtsi32_si128(level_shift)),
                            _mm512_loadu_ps(book.centroids.data()));
  __m512 low = _mm512_setzero_ps(), high = _mm512_setzero_ps();
  for (size_t i = 0; i < n; i += 2 * kLanes) {
    low = _mm512_add_ps(low, Products(rotated + i, table, signs + i / 8, fields + i));
    high = _mm512_add_ps(
        high, Products(rotated + i + kLanes, table, signs + i / 8 + 2, fields + i + kLanes));
  }
  return SumLanes(_mm512_add_ps(low, high));
}

float ResidualDot(const float* residual, size_t n, const uint8_t* fields) {
  __m512 low = _mm512_setzero_ps(), high = _mm512_setzero_ps();
  for (size_t i = 0; i < n; i += 2 * kLanes) {
    low = _mm512_add_ps(low, WithFieldSigns(residual + i, fields + i));
    high = _mm512_add_ps(high, WithFieldSigns(residual + i + kLanes, fields + i + kLanes));
  }
  return SumLanes(_mm512_add_ps(low, high));
}

}  // namespace tqdb::TQDB_AVX512

#include "core/kernels/avx512_end.h"

#endif
