// AVX-512 level with VBMI: the sign plane by permutations of 64-byte tables and look-ups.
#if defined(__x86_64__) || defined(TQDB_EMULATE_AVX512)

#include <cstring>

#include "core/codebook.h"
#include "core/kernels/avx512_intrinsics.h"
#include "core/kernels/avx512_parts.h"
#include "core/kernels/prefetch.h"
#include "core/kernels/scalar_parts.h"
#include "core/record_packing.h"

#include "core/kernels/avx512_vbmi_begin.h"
// clang-format off: inside the region
#include "core/kernels/avx512_inline.h"
#include "core/kernels/avx512_expand_inline.h"
// clang-format on

namespace tqdb::TQDB_AVX512 {

namespace {

constexpr size_t kAheadBytes = 4096;

// Adds up `kQueries` queries over `kGroups` times 16 vectors of a block: each 32-bit lane is a vector, and
// one dot product with ones adds the four look-ups of its four bytes. Look-ups and sums fill the shuffle
// and the multiply port; what more queries save is index arithmetic, three operations for two look-ups.
template <size_t kQueries, size_t kGroups>
void ScanSignsOf(const uint8_t* plane, const uint8_t* next_plane, size_t bytes_per_row,
                 const uint8_t* const* tables, int32_t* sums) {
  const __m512i nibble = _mm512_set1_epi8(15);
  // Byte j of a dword looks into quarter j of a 64-entry table.
  const __m512i quarter = _mm512_set1_epi32(0x30201000);
  const __m512i ones = _mm512_set1_epi8(1);
  __m512i sum[kQueries][kGroups];
#pragma GCC unroll 16
  for (size_t q = 0; q < kQueries; ++q) {
#pragma GCC unroll 16
    for (size_t g = 0; g < kGroups; ++g) sum[q][g] = _mm512_set1_epi32(-static_cast<int32_t>(bytes_per_row) * 256);
  }
  for (size_t b = 0; b < bytes_per_row; b += 4) {
    // Few queries wait for memory, whose own prefetching stops at every page.
    if constexpr (kQueries <= 2) {
      const size_t ahead = b * kBlockRows + kAheadBytes, size = bytes_per_row * kBlockRows;
      const uint8_t* from = ahead < size ? plane + ahead : next_plane + (ahead - size);
#pragma GCC unroll 4
      for (size_t line = 0; line < kGroups; ++line) __builtin_prefetch(from + 64 * line);
    }
    __m512i low[kGroups], high[kGroups];
#pragma GCC unroll 16
    for (size_t g = 0; g < kGroups; ++g) {
      const __m512i bytes = _mm512_loadu_si512(plane + b * kBlockRows + 64 * g);
      // (bytes & nibble) | quarter.
      low[g] = _mm512_ternarylogic_epi32(bytes, nibble, quarter, 0xea);
      high[g] = _mm512_ternarylogic_epi32(_mm512_srli_epi16(bytes, 4), nibble, quarter, 0xea);
    }
#pragma GCC unroll 16
    for (size_t q = 0; q < kQueries; ++q) {
      const __m512i low_table = _mm512_loadu_si512(tables[q] + b * 32);
      const __m512i high_table = _mm512_loadu_si512(tables[q] + b * 32 + 64);
#pragma GCC unroll 16
      for (size_t g = 0; g < kGroups; ++g) {
        AddDots(sum[q][g], _mm512_permutexvar_epi8(low[g], low_table), ones);
        AddDots(sum[q][g], _mm512_permutexvar_epi8(high[g], high_table), ones);
      }
    }
  }
#pragma GCC unroll 16
  for (size_t q = 0; q < kQueries; ++q) {
#pragma GCC unroll 16
    for (size_t g = 0; g < kGroups; ++g) _mm512_storeu_si512(sums + q * kBlockRows + 16 * g, sum[q][g]);
  }
}

}  // namespace

// See avx2_scan.cc: bytes of rows that are not yet published may change under the scan.
__attribute__((no_sanitize("thread"))) void ScanSigns(const uint8_t* plane, const uint8_t* next_plane,
                                                      size_t bytes_per_row, const uint8_t* const* tables, size_t num_queries,
                                                      uint64_t rows, int32_t* sums) {
  // A line holds 16 rows. One query waits for memory: where all it wants is in such a quarter, it reads no more.
  for (size_t g = 0; g < 4 && num_queries == 1; ++g) {
    if ((rows & ~(uint64_t{0xffff} << (16 * g))) != 0) continue;
    return ScanSignsOf<1, 1>(plane + 64 * g, next_plane + 64 * g, bytes_per_row, tables, sums + 16 * g);
  }
  // Eight queries share more of the index arithmetic, as long as their tables fit the first-level cache.
  while (num_queries >= 8 && bytes_per_row * 32 * 8 <= (24 << 10)) {
    ScanSignsOf<8, 2>(plane, next_plane, bytes_per_row, tables, sums);
    ScanSignsOf<8, 2>(plane + 128, next_plane, bytes_per_row, tables, sums + 32);
    tables += 8;
    sums += 8 * kBlockRows;
    num_queries -= 8;
  }
  while (num_queries >= 4) {
    ScanSignsOf<4, 4>(plane, next_plane, bytes_per_row, tables, sums);
    tables += 4;
    sums += 4 * kBlockRows;
    num_queries -= 4;
  }
  switch (num_queries) {
    case 3: return ScanSignsOf<3, 4>(plane, next_plane, bytes_per_row, tables, sums);
    case 2: return ScanSignsOf<2, 4>(plane, next_plane, bytes_per_row, tables, sums);
    case 1: return ScanSignsOf<1, 4>(plane, next_plane, bytes_per_row, tables, sums);
    default: return;
  }
}

void SumCodesBy(DotTileFunction* dot, const RecordPacking& packing, const CodeBlock& block, size_t n,
                const Codebook& book, int level_shift, const CodeQueries& queries, uint8_t* tile, int32_t* sums) {
  SumCodesOf</*kVbmi=*/true>(packing, block, n, book, level_shift, queries, dot, tile, sums);
}

void SumCodes(const RecordPacking& packing, const CodeBlock& block, size_t n, const Codebook& book, int level_shift,
              const CodeQueries& queries, uint8_t* tile, int32_t* sums) {
  SumCodesBy(DotTile, packing, block, n, book, level_shift, queries, tile, sums);
}

}  // namespace tqdb::TQDB_AVX512

#include "core/kernels/avx512_end.h"

#endif
