// AMX level: AVX-512 with VBMI, and whole codes multiplied 16 rows times 16 queries at a time
// (Sapphire Rapids and later Xeons).
//
// A *tile register* holds 16 rows of 64 bytes. One instruction multiplies a tile of weights (16
// queries, 64 dimensions) with a tile of codes (64 dimensions, 16 rows). It adds to a tile of 16 x
// 16 sums. That is 16,384 products, where a vector makes 64. The layout of avx512_expand_inline.h
// fits as it is, since a row of the code tile is a step: four dimensions of 16 rows.
//
// There are eight registers. Two groups of queries times two groups of rows give four products with
// every four tiles that are loaded:
//
// clang-format off
//               codes 6   codes 7
//   weights 4   sums 0    sums 1
//   weights 5   sums 2    sums 3
// clang-format on
//
// Everything but sum_codes and pack_weights is taken from the AVX-512 level.
#include "core/kernels/kernels.h"

#if (defined(__x86_64__) && defined(__linux__)) || defined(TQDB_EMULATE_AVX512)

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "core/codec/codebook.h"
#include "core/kernels/amx_intrinsics.h"
#include "core/kernels/avx512_intrinsics.h"
#include "core/kernels/avx512_parts.h"
#include "core/kernels/prefetch.h"
#include "core/kernels/scalar_parts.h"

#include "core/kernels/amx_begin.h"
// Inside the region, in this order.
// clang-format off
#include "core/kernels/avx512_inline.h"
// clang-format on

namespace tqdb::TQDB_AVX512 {

namespace {

constexpr size_t kGroupQueries = 16;  // queries of a tile
constexpr size_t kBlockDims = 64;     // dimensions of one tile product
// Bytes from one query's sums to the next query's.
constexpr size_t kSumStride = kBlockRows * sizeof(int32_t);
// Fewest queries of a tile. Fewer are multiplied by AVX-512, because a tile product takes as long
// for one query as for 16.
constexpr size_t kMinQueries = 4;

// Returns how many of the queries tiles take, in groups of 16 of which the last may be smaller.
size_t QueriesInTiles(size_t count) {
  const size_t rest = count % kGroupQueries;
  return rest < kMinQueries ? count - rest : count;
}

// The configuration of the tile registers, in the layout that the instruction reads. The sums of
// query group a and row group b are in register 2 a + b, weights in 4 + a, codes in 6 + b.
struct alignas(64) TileConfig {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};

  // For two groups of `first` and `second` queries. The second may be empty; its registers are then
  // not used.
  TileConfig(size_t first, size_t second) {
    const size_t counts[8] = {first, first, second, second, first, second, kGroupRows, kGroupRows};
    for (size_t t = 0; t < 8; ++t) {
      rows[t] = static_cast<uint8_t>(counts[t]);
      row_bytes[t] = counts[t] != 0 ? 64 : 0;
    }
  }
};

// Adds `dims` dimensions of two groups of rows to the sums of two groups of queries. The second
// group of queries may be empty. `groups` and the weights point to the first of these dimensions,
// of n.
void Multiply(const uint8_t* groups, size_t n, size_t dims, const int8_t* first, size_t first_count,
              const int8_t* second, size_t second_count, PrefetchBlock& next, int32_t* sums) {
  const uint8_t* upper = groups + kGroupRows * n;
  int32_t* second_sums = sums + first_count * kBlockRows;
  _tile_loadd(0, sums, kSumStride);
  _tile_loadd(1, sums + kGroupRows, kSumStride);
  if (second_count > 0) {
    _tile_loadd(2, second_sums, kSumStride);
    _tile_loadd(3, second_sums + kGroupRows, kSumStride);
  }
  for (size_t i = 0; i < dims; i += kBlockDims) {
    next.Next();
    _tile_loadd(4, first + i * first_count, kBlockDims);
    _tile_loadd(6, groups + i * kGroupRows, 64);
    _tile_dpbsud(0, 4, 6);
    _tile_loadd(7, upper + i * kGroupRows, 64);
    _tile_dpbsud(1, 4, 7);
    if (second_count > 0) {
      _tile_loadd(5, second + i * second_count, kBlockDims);
      _tile_dpbsud(2, 5, 6);
      _tile_dpbsud(3, 5, 7);
    }
  }
  _tile_stored(0, sums, kSumStride);
  _tile_stored(1, sums + kGroupRows, kSumStride);
  if (second_count > 0) {
    _tile_stored(2, second_sums, kSumStride);
    _tile_stored(3, second_sums + kGroupRows, kSumStride);
  }
}

// Dimensions that are multiplied for all queries and rows before the next ones: their weights,
// codes and sums share the first-level cache.
constexpr size_t kChunkDims = 256;

// Makes the sums from a tile, by tile products as far as there are queries for them. The remaining
// queries are left to DotTile.
void DotTileByTiles(const uint8_t* tile, size_t n, const CodeQueries& queries,
                    const CodeBlock& block, int32_t* sums) {
  const size_t in_tiles = QueriesInTiles(queries.count);
  if (in_tiles == 0) return DotTile(tile, n, queries, block, sums);
  // The sums start at minus the offset of the code bytes.
  for (size_t q = 0; q < in_tiles; ++q) {
    const __m512i zero = _mm512_set1_epi32(-queries.zeros[q]);
    for (size_t r = 0; r < kBlockRows; r += 16)
      _mm512_storeu_si512(sums + q * kBlockRows + r, zero);
  }
  constexpr size_t kQueries = 2 * kGroupQueries, kRows = 2 * kGroupRows;
  PrefetchBlock next(
      block, (in_tiles + kQueries - 1) / kQueries * (kBlockRows / kRows) * (n / kBlockDims));
  size_t configured = 0;
  for (size_t dim = 0; dim < n; dim += kChunkDims) {
    const size_t dims = n - dim < kChunkDims ? n - dim : kChunkDims;
    for (size_t q = 0; q < in_tiles; q += kQueries) {
      const size_t count = in_tiles - q < kQueries ? in_tiles - q : kQueries;
      const size_t first = count < kGroupQueries ? count : kGroupQueries, second = count - first;
      // Loading a configuration clears the tiles and is slow, so it is done only when it changes.
      if (configured != count) {
        const TileConfig config(first, second);
        _tile_loadconfig(&config);
        configured = count;
      }
      const int8_t* weights = queries.weights + q * n;
      for (size_t r = 0; r < kBlockRows; r += kRows) {
        Multiply(tile + r * n + dim * kGroupRows, n, dims, weights + dim * first, first,
                 weights + first * n + dim * second, second, next, sums + q * kBlockRows + r);
      }
    }
  }
  // Tiles in use would be saved at every switch of threads.
  _tile_release();
  if (in_tiles == queries.count) return;
  const CodeQueries rest = {queries.count - in_tiles, queries.weights + in_tiles * n,
                            queries.zeros + in_tiles};
  DotTile(tile, n, rest, block, sums + in_tiles * kBlockRows);
}

void SumCodesByTiles(const RecordPacking& packing, const CodeBlock& block, size_t n,
                     const Codebook& book, int level_shift, const CodeQueries& queries,
                     uint8_t* tile, int32_t* sums) {
  SumCodesBy(DotTileByTiles, packing, block, n, book, level_shift, queries, tile, sums);
}

// Packs the weights as tile products read them: for each group of queries and 64 dimensions, a row
// of 64 weights of every query.
void PackTileWeights(const int8_t* const* weights, size_t count, size_t n, int8_t* packed) {
  const size_t in_tiles = QueriesInTiles(count);
  for (size_t first = 0; first < in_tiles; first += kGroupQueries) {
    const size_t group = in_tiles - first < kGroupQueries ? in_tiles - first : kGroupQueries;
    for (size_t q = 0; q < group; ++q) {
      for (size_t i = 0; i < n; i += 32) {
        StepsOf(weights[first + q] + i,
                packed + (i - i % kBlockDims) * group + q * kBlockDims + i % kBlockDims);
      }
    }
    packed += group * n;
  }
  PackWeights(weights + in_tiles, count - in_tiles, n, packed);
}

Kernels MakeTable(const Kernels& avx512) {
  Kernels kernels = avx512;
  kernels.name = TQDB_LEVEL_NAME("amx");
  // As measured, the code stage is faster from 48 queries on, whatever the data.
  kernels.codes_pay_from = 48;
  kernels.sum_codes = SumCodesByTiles;
  kernels.pack_weights = PackTileWeights;
  return kernels;
}

}  // namespace
}  // namespace tqdb::TQDB_AVX512

#include "core/kernels/avx512_end.h"

namespace tqdb {

#if defined(TQDB_EMULATE_AVX512)

const Kernels* EmulatedAvx512Kernels();

const Kernels* EmulatedAmxKernels() {
  static const Kernels kernels = TQDB_AVX512::MakeTable(*EmulatedAvx512Kernels());
  return &kernels;
}

#else

namespace {

// Returns whether the CPU has int8 tiles and Linux lets this process use them. The process has to
// ask, because the kernel then keeps room for their state in every thread.
bool MayUseTiles() {
  unsigned eax, ebx, ecx, edx;
  if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) return false;
  constexpr unsigned kTiles = 1u << 24, kInt8 = 1u << 25;
  if ((edx & kTiles) == 0 || (edx & kInt8) == 0) return false;
  // ARCH_REQ_XCOMP_PERM and XFEATURE_XTILE_DATA of the Linux headers, which older ones lack.
  constexpr long kRequestState = 0x1023, kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestState, kTileData) == 0;
}

}  // namespace

const Kernels* AmxKernels() {
  static const bool supported = Avx512Kernels() != nullptr && MayUseTiles();
  if (!supported) return nullptr;
  static const Kernels kernels = TQDB_AVX512::MakeTable(*Avx512Kernels());
  return &kernels;
}

#endif

}  // namespace tqdb

#else

namespace tqdb {
const Kernels* AmxKernels() { return nullptr; }
}  // namespace tqdb

#endif
