// AVX-512 level with VBMI: the sign plane by permutations of 64-byte tables and look-ups.
#if defined(__x86_64__) || defined(TQDB_EMULATE_AVX512)

#include <cstring>

#include "core/codec/codebook.h"
#include "core/codec/record_packing.h"
#include "core/kernels/avx512_intrinsics.h"
#include "core/kernels/avx512_parts.h"
#include "core/kernels/scalar_parts.h"

#include "core/kernels/avx512_vbmi_begin.h"
// Inside the region, in this order.
// clang-format off
#include "core/kernels/avx512_inline.h"
#include "core/kernels/avx512_expand_inline.h"
// clang-format on

namespace tqdb::TQDB_AVX512 {

namespace {

constexpr size_t kQuarters =
    kBlockRows / kGroupRows;  // of a block: 16 rows each, a line for four bytes of a row
constexpr size_t kAheadBytes = 2048;

// Where four bytes each of 16 vectors look into 64-entry tables: byte j of a dword into quarter j.
struct Indices {
  explicit Indices(const uint8_t* plane) {
    const __m512i bytes = _mm512_loadu_si512(plane);
    const __m512i nibble = _mm512_set1_epi8(15), quarter = _mm512_set1_epi32(0x30201000);
    // (bytes & nibble) | quarter.
    low = _mm512_ternarylogic_epi32(bytes, nibble, quarter, 0xea);
    high = _mm512_ternarylogic_epi32(_mm512_srli_epi16(bytes, 4), nibble, quarter, 0xea);
  }
  __m512i low, high;
};

__m512i FirstSum(size_t bytes_per_row) {
  return _mm512_set1_epi32(-static_cast<int32_t>(bytes_per_row) * 256);
}

// Adds up `kQueries` queries over `kGroups` quarters of a block: each 32-bit lane is a vector, and
// one dot product with ones adds the four look-ups of its four bytes. Look-ups and sums fill the
// shuffle and the multiply port; what more queries save is index arithmetic, three operations for
// two look-ups. Asks for the same bytes from `ahead` on, unless it is null.
template <size_t kQueries, size_t kGroups>
void ScanSignsOf(const uint8_t* plane, const uint8_t* ahead, size_t bytes_per_row,
                 const uint8_t* const* tables, int32_t* sums) {
  const __m512i ones = _mm512_set1_epi8(1);
  const size_t quarter_bytes = kGroupRows * bytes_per_row;
  __m512i sum[kQueries][kGroups];
#pragma GCC unroll 16
  for (size_t q = 0; q < kQueries; ++q) {
#pragma GCC unroll 16
    for (size_t g = 0; g < kGroups; ++g) sum[q][g] = FirstSum(bytes_per_row);
  }
  for (size_t b = 0; b < bytes_per_row; b += 4) {
    if (ahead != nullptr) {
#pragma GCC unroll 16
      for (size_t g = 0; g < kGroups; ++g)
        __builtin_prefetch(ahead + g * quarter_bytes + b * kGroupRows);
    }
    __m512i low[kGroups], high[kGroups];
#pragma GCC unroll 16
    for (size_t g = 0; g < kGroups; ++g) {
      const Indices indices(plane + g * quarter_bytes + b * kGroupRows);
      low[g] = indices.low;
      high[g] = indices.high;
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
    for (size_t g = 0; g < kGroups; ++g)
      _mm512_storeu_si512(sums + q * kBlockRows + kGroupRows * g, sum[q][g]);
  }
}

// One query over one quarter, in four chains: a sum waits five cycles for the one before.
template <bool kAsks>
void ScanQuarter(const uint8_t* plane, const uint8_t* ahead, size_t bytes_per_row,
                 const uint8_t* table, int32_t* sums) {
  const __m512i ones = _mm512_set1_epi8(1);
  __m512i sum[4] = {FirstSum(bytes_per_row), _mm512_setzero_si512(), _mm512_setzero_si512(),
                    _mm512_setzero_si512()};
  const auto add = [&](size_t b, __m512i* low_and_high) {
    if (kAsks) __builtin_prefetch(ahead + b * kGroupRows);
    const Indices indices(plane + b * kGroupRows);
    AddDots(low_and_high[0],
            _mm512_permutexvar_epi8(indices.low, _mm512_loadu_si512(table + b * 32)), ones);
    AddDots(low_and_high[1],
            _mm512_permutexvar_epi8(indices.high, _mm512_loadu_si512(table + b * 32 + 64)), ones);
  };
  size_t b = 0;
  for (; b + 8 <= bytes_per_row; b += 8) {
    add(b, sum);
    add(b + 4, sum + 2);
  }
  if (b < bytes_per_row) add(b, sum);
  _mm512_storeu_si512(
      sums, _mm512_add_epi32(_mm512_add_epi32(sum[0], sum[1]), _mm512_add_epi32(sum[2], sum[3])));
}

bool Wanted(const SignBlock& block, size_t quarter) {
  return (block.rows >> (kGroupRows * quarter) & 0xffff) != 0;
}

// One query reads no more than the quarters that have wanted rows. It waits for memory. Where the
// processor's own prefetching stops at every page, asking for the next quarter helps: `kAsks`.
template <bool kAsks>
void ScanSignsOfOne(const SignBlock& block, const SignBlock& next, size_t bytes_per_row,
                    const uint8_t* table, int32_t* sums) {
  const size_t quarter_bytes = kGroupRows * bytes_per_row;
  size_t wanted[kQuarters], count = 0;
  const uint8_t* planes[kQuarters + 1];  // and behind them, the one that comes after
  for (size_t g = 0; g < kQuarters; ++g) {
    if (!Wanted(block, g)) continue;
    wanted[count] = g;
    planes[count++] = block.plane + g * quarter_bytes;
  }
  size_t first = 0;
  while (first + 1 < kQuarters && !Wanted(next, first)) ++first;
  planes[count] = next.plane + first * quarter_bytes;
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* ahead = planes[i + 1];
    // Where nothing is left out, further on: a quarter may be no more than a few lines.
    if (ahead == planes[i] + quarter_bytes && quarter_bytes < kAheadBytes)
      ahead = planes[i] + kAheadBytes;
    ScanQuarter<kAsks>(planes[i], ahead, bytes_per_row, table, sums + wanted[i] * kGroupRows);
  }
}

// See avx2_scan.cc: bytes of rows that are not yet published may change under the scan.
template <SignPrefetch kForm>
__attribute__((no_sanitize("thread"))) void ScanSignsOfAll(const SignBlock& block,
                                                           const SignBlock& next,
                                                           size_t bytes_per_row,
                                                           const uint8_t* const* tables,
                                                           size_t num_queries, int32_t* sums) {
  const uint8_t* plane = block.plane;
  const size_t half_bytes = kBlockRows / 2 * bytes_per_row;
  const uint8_t* ahead = kForm != SignPrefetch::kOff && next.rows != 0 ? next.plane : nullptr;
  // Eight queries share more of the index arithmetic, as long as their tables fit the first-level
  // cache.
  while (num_queries >= 8 && bytes_per_row * 32 * 8 <= (24 << 10)) {
    ScanSignsOf<8, 2>(plane, ahead, bytes_per_row, tables, sums);
    ScanSignsOf<8, 2>(plane + half_bytes, ahead != nullptr ? ahead + half_bytes : nullptr,
                      bytes_per_row, tables, sums + 32);
    tables += 8;
    sums += 8 * kBlockRows;
    num_queries -= 8;
    ahead = nullptr;
  }
  while (num_queries >= 4) {
    ScanSignsOf<4, 4>(plane, ahead, bytes_per_row, tables, sums);
    tables += 4;
    sums += 4 * kBlockRows;
    num_queries -= 4;
    ahead = nullptr;
  }
  switch (num_queries) {
    case 3: return ScanSignsOf<3, 4>(plane, ahead, bytes_per_row, tables, sums);
    case 2: return ScanSignsOf<2, 4>(plane, ahead, bytes_per_row, tables, sums);
    case 1:
      return ScanSignsOfOne<kForm == SignPrefetch::kOn>(block, next, bytes_per_row, tables[0],
                                                        sums);
    default: return;
  }
}

}  // namespace

void ScanSigns(const SignBlock& block, const SignBlock& next, size_t bytes_per_row,
               const uint8_t* const* tables, size_t num_queries, int32_t* sums) {
  ScanSignsOfAll<SignPrefetch::kOff>(block, next, bytes_per_row, tables, num_queries, sums);
}

void ScanSignsAskingForSeveral(const SignBlock& block, const SignBlock& next, size_t bytes_per_row,
                               const uint8_t* const* tables, size_t num_queries, int32_t* sums) {
  ScanSignsOfAll<SignPrefetch::kSeveral>(block, next, bytes_per_row, tables, num_queries, sums);
}

void ScanSignsAsking(const SignBlock& block, const SignBlock& next, size_t bytes_per_row,
                     const uint8_t* const* tables, size_t num_queries, int32_t* sums) {
  ScanSignsOfAll<SignPrefetch::kOn>(block, next, bytes_per_row, tables, num_queries, sums);
}

void SumCodesBy(DotTileFunction* dot, const RecordPacking& packing, const CodeBlock& block,
                size_t n, const Codebook& book, int level_shift, const CodeQueries& queries,
                uint8_t* tile, int32_t* sums) {
  SumCodesOf</*kVbmi=*/true>(packing, block, n, book, level_shift, queries, dot, tile, sums);
}

void SumCodes(const RecordPacking& packing, const CodeBlock& block, size_t n, const Codebook& book,
              int level_shift, const CodeQueries& queries, uint8_t* tile, int32_t* sums) {
  SumCodesBy(DotTile, packing, block, n, book, level_shift, queries, tile, sums);
}

}  // namespace tqdb::TQDB_AVX512

#include "core/kernels/avx512_end.h"

#endif
