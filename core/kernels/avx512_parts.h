// The functions that the files of the AVX-512 levels share, and that avx512.cc and amx.cc put into
// their tables. Their contracts are those of kernels.h unless said otherwise.
#ifndef TQDB_CORE_KERNELS_AVX512_PARTS_H_
#define TQDB_CORE_KERNELS_AVX512_PARTS_H_

#include <cstddef>
#include <cstdint>

#include "core/kernels/kernels.h"

// The emulated build lives next to the real one in one program, so it has a namespace of its own.
#if defined(TQDB_EMULATE_AVX512)
#define TQDB_AVX512 emulated_avx512
#define TQDB_LEVEL_NAME(name) "emulated_" name
#else
#define TQDB_AVX512 avx512
#define TQDB_LEVEL_NAME(name) name
#endif

namespace tqdb::TQDB_AVX512 {

inline constexpr size_t kGroupRows = 16;  // rows of a group of a tile: 32-bit lanes of a vector

// avx512_rotation.cc
void MixRows(const float* in, size_t in_stride, size_t count, const uint32_t* source,
             const float* factors, size_t n, float* out, size_t out_stride);
void Hadamard(float* x, size_t n);

// avx512_encode.cc
double NormSquared(const float* x, size_t n);
void Center(const float* x, float factor, const float* mu, size_t n, float* out, double sums[2]);
void Quantize(const float* y, size_t n, float unit, const Codebook& book, uint8_t* signs,
              uint8_t* levels, float* centroids, float sums[3]);
void AppendResidual(const float* y, const float* c, float t, size_t n, uint8_t* fields,
                    float sums[2]);

// avx512_packing.cc
void PackFields(const RecordPacking& packing, const uint8_t* fields, uint8_t* packed);

// avx512_vbmi.cc
void ScanSigns(const SignBlock& block, const SignBlock& next, size_t bytes_per_row,
               const uint8_t* const* tables, size_t num_queries, int32_t* sums);
// ScanSigns that asks memory for `next` meanwhile.
void ScanSignsAskingForSeveral(const SignBlock& block, const SignBlock& next, size_t bytes_per_row,
                               const uint8_t* const* tables, size_t num_queries, int32_t* sums);
void ScanSignsAsking(const SignBlock& block, const SignBlock& next, size_t bytes_per_row,
                     const uint8_t* const* tables, size_t num_queries, int32_t* sums);
void SumCodes(const RecordPacking& packing, const CodeBlock& block, size_t n, const Codebook& book,
              int level_shift, const CodeQueries& queries, uint8_t* tile, int32_t* sums);

// Makes the sums of more than two queries from a finished tile.
using DotTileFunction = void(const uint8_t* tile, size_t n, const CodeQueries& queries,
                             const CodeBlock& block, int32_t* sums);
// Does the work of SumCodes with another function than DotTile: amx.cc multiplies by tiles.
void SumCodesBy(DotTileFunction* dot, const RecordPacking& packing, const CodeBlock& block,
                size_t n, const Codebook& book, int level_shift, const CodeQueries& queries,
                uint8_t* tile, int32_t* sums);

// avx512_codes.cc
void SumCodesVnni(const RecordPacking& packing, const CodeBlock& block, size_t n,
                  const Codebook& book, int level_shift, const CodeQueries& queries, uint8_t* tile,
                  int32_t* sums);
void PackWeights(const int8_t* const* weights, size_t count, size_t n, int8_t* packed);
// Makes the sums from a tile laid out as in avx512_expand_inline.h. It asks for the next block's
// rows on the way.
void DotTile(const uint8_t* tile, size_t n, const CodeQueries& queries, const CodeBlock& block,
             int32_t* sums);

// avx512_scan.cc
void UnpackFields(const RecordPacking& packing, const uint8_t* packed, uint8_t* fields);
void ScanSignBytes(const SignBlock& block, const SignBlock& next, size_t bytes_per_row,
                   const uint8_t* const* tables, size_t num_queries, int32_t* sums);
uint64_t Survivors(const int32_t* sums, const float* bias, const float* scale, const float* error,
                   float weight, float error_weight, float threshold);
float CodeDot(const float* rotated, size_t n, const Codebook& book, int level_shift,
              const uint8_t* signs, const uint8_t* fields);
float ResidualDot(const float* residual, size_t n, const uint8_t* fields);

}  // namespace tqdb::TQDB_AVX512

#endif  // TQDB_CORE_KERNELS_AVX512_PARTS_H_
