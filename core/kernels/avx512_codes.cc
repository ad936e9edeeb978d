// AVX-512 levels, the code stage: dot products of a tile of expanded codes with many queries.
//
// One instruction (VNNI) multiplies 64 code bytes with 64 weights and adds the products in fours to
// 16 sums. In the tile, a vector holds four dimensions of 16 rows (avx512_expand_inline.h). So the
// weights are one dword of the query, broadcast, and each lane is the sum of one row. Nothing is
// ever added across lanes.
//
// The instruction takes several cycles until its sum can be used again. 16 independent sums keep
// the multipliers busy: eight queries times two groups of rows, or fewer queries and several steps
// at a time.
#if defined(__x86_64__) || defined(TQDB_EMULATE_AVX512)

#include <cstring>

#include "core/codec/codebook.h"
#include "core/codec/record_packing.h"
#include "core/kernels/avx512_intrinsics.h"
#include "core/kernels/avx512_parts.h"
#include "core/kernels/prefetch.h"
#include "core/kernels/scalar_parts.h"
#include "values/types.h"

#include "core/kernels/avx512_begin.h"
// Inside the region, in this order.
// clang-format off
#include "core/kernels/avx512_inline.h"
#include "core/kernels/avx512_expand_inline.h"
// clang-format on

namespace tqdb::TQDB_AVX512 {

namespace {

// Returns how many of `count` queries are taken together: 8, 4, 2 or 1.
size_t Together(size_t count) { return count >= 8 ? 8 : count >= 4 ? 4 : count >= 2 ? 2 : 1; }

constexpr size_t kDimsAtOnce = 64;  // dimensions between two shares of prefetching

// Sums kQueries queries over two groups of rows. Fewer than eight queries take several steps at a
// time, with sums of their own that are added at the end. So there are always 16 sums.
template <size_t kQueries>
void DotTwoGroups(const uint8_t* groups, size_t n, const int8_t* weights, const int32_t* zeros,
                  PrefetchBlock& next, int32_t* sums) {
  constexpr size_t kSteps = 8 / kQueries;
  __m512i low[8], high[8];
#pragma GCC unroll 8
  for (size_t i = 0; i < 8; ++i) low[i] = high[i] = _mm512_setzero_si512();
  const uint8_t* upper = groups + kGroupRows * n;
  for (size_t dim = 0; dim < n; dim += kDimsAtOnce) {
    next.Next();
    for (size_t step = dim / 4; step < (dim + kDimsAtOnce) / 4; step += kSteps) {
#pragma GCC unroll 8
      for (size_t s = 0; s < kSteps; ++s) {
        const __m512i low_codes = _mm512_loadu_si512(groups + (step + s) * 64);
        const __m512i high_codes = _mm512_loadu_si512(upper + (step + s) * 64);
#pragma GCC unroll 8
        for (size_t q = 0; q < kQueries; ++q) {
          const __m512i query = BroadcastDword(weights + ((step + s) * kQueries + q) * 4);
          AddDots(low[s * kQueries + q], low_codes, query);
          AddDots(high[s * kQueries + q], high_codes, query);
        }
      }
    }
  }
#pragma GCC unroll 8
  for (size_t q = 0; q < kQueries; ++q) {
#pragma GCC unroll 8
    for (size_t s = 1; s < kSteps; ++s) {
      low[q] = _mm512_add_epi32(low[q], low[s * kQueries + q]);
      high[q] = _mm512_add_epi32(high[q], high[s * kQueries + q]);
    }
    const __m512i zero = _mm512_set1_epi32(zeros[q]);
    _mm512_storeu_si512(sums + q * kBlockRows, _mm512_sub_epi32(low[q], zero));
    _mm512_storeu_si512(sums + q * kBlockRows + kGroupRows, _mm512_sub_epi32(high[q], zero));
  }
}

}  // namespace

void SumCodesVnni(const RecordPacking& packing, const CodeBlock& block, size_t n,
                  const Codebook& book, int level_shift, const CodeQueries& queries, uint8_t* tile,
                  int32_t* sums) {
  SumCodesOf</*kVbmi=*/false>(packing, block, n, book, level_shift, queries, DotTile, tile, sums);
}

// Packs the weights in the order of DotTwoGroups: queries that are taken together lie side by side,
// a dword of each for every step.
void PackWeights(const int8_t* const* weights, size_t count, size_t n, int8_t* packed) {
  while (count > 0) {
    const size_t together = Together(count);
    for (size_t q = 0; q < together; ++q) {
      int8_t* out = packed + 4 * q;
      for (size_t i = 0; i < n; i += 32) {
        int8_t steps[32];
        StepsOf(weights[q] + i, steps);
        for (size_t t = 0; t < 8; ++t, out += 4 * together) std::memcpy(out, steps + 4 * t, 4);
      }
    }
    packed += together * n;
    weights += together;
    count -= together;
  }
}

void DotTile(const uint8_t* tile, size_t n, const CodeQueries& queries, const CodeBlock& block,
             int32_t* sums) {
  constexpr size_t kRows = 2 * kGroupRows;
  // One share for every kDimsAtOnce dimensions that DotTwoGroups handles.
  PrefetchBlock next(block, (queries.count + 7) / 8 * (n / kDimsAtOnce) * (kBlockRows / kRows));
  for (size_t r = 0; r < kBlockRows; r += kRows) {
    const uint8_t* groups = tile + r * n;
    for (size_t q = 0; q < queries.count;) {
      const size_t together = Together(queries.count - q);
      const int8_t* weights = queries.weights + q * n;
      const int32_t* zeros = queries.zeros + q;
      int32_t* out = sums + q * kBlockRows + r;
      switch (together) {
        case 8: DotTwoGroups<8>(groups, n, weights, zeros, next, out); break;
        case 4: DotTwoGroups<4>(groups, n, weights, zeros, next, out); break;
        case 2: DotTwoGroups<2>(groups, n, weights, zeros, next, out); break;
        default: DotTwoGroups<1>(groups, n, weights, zeros, next, out); break;
      }
      q += together;
    }
  }
}

}  // namespace tqdb::TQDB_AVX512

#include "core/kernels/avx512_end.h"

#endif
