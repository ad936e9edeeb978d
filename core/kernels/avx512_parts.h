// What the files of the AVX-512 level share: the functions that avx512.cc puts into its table.
#ifndef TQDB_CORE_KERNELS_AVX512_PARTS_H_
#define TQDB_CORE_KERNELS_AVX512_PARTS_H_

#include <cstddef>
#include <cstdint>

#include "core/kernels/kernels.h"

// The emulated build lives beside the real one in one program.
#if defined(TQDB_EMULATE_AVX512)
#define TQDB_AVX512 emulated_avx512
#else
#define TQDB_AVX512 avx512
#endif

namespace tqdb::TQDB_AVX512 {

// avx512_encode.cc
void DealRows(const float* in, const uint32_t* source, const float* factors, size_t rows, float* out);
void Hadamard(float* x, size_t n);
void Norms(const float* y, size_t n, float sums[2]);
void Quantize(const float* y, size_t n, float scale, const Codebook& book, float* u, uint8_t* levels,
              float* centroids, float sums[2]);
float SignedSum(const float* v, const float* z, size_t n);
void ResidualOf(const float* u, const float* c, float t, size_t n, float* r);
void PackSigns(const float* y, size_t n, uint8_t* bits);

// avx512_vbmi.cc
void ScanSigns(const uint8_t* plane, size_t bytes_per_row, const uint8_t* const* tables, size_t num_queries,
               int32_t* sums);
void ExpandWideCodes(const RecordPacking& packing, const uint8_t* signs, const uint8_t* packed, size_t n,
                     const Codebook& book, int level_shift, uint8_t* row);

// avx512_scan.cc
void UnpackFields(const RecordPacking& packing, const uint8_t* packed, uint8_t* fields);
void ScanSignBytes(const uint8_t* plane, size_t bytes_per_row, const uint8_t* const* tables, size_t num_queries,
                   int32_t* sums);
void GatherSigns(const uint8_t* plane, size_t bytes_per_row, size_t first_row, size_t stride, uint8_t* signs);
void ExpandCodes(const RecordPacking& packing, const uint8_t* signs, const uint8_t* packed, size_t n,
                 const Codebook& book, int level_shift, uint8_t* row);
void DotCodes(const uint8_t* rows, size_t n, size_t num_rows, const CodeWeights* queries, size_t num_queries,
              int32_t* sums);
uint64_t Survivors(const int32_t* sums, const float* bias, const float* scale, const float* error,
                   float weight, float error_weight, float threshold);
float CodeDot(const float* rotated, size_t n, const Codebook& book, int level_shift, const uint8_t* signs,
              const uint8_t* fields);
float ResidualDot(const float* residual, size_t n, const uint8_t* fields);

}  // namespace tqdb::TQDB_AVX512

#endif  // TQDB_CORE_KERNELS_AVX512_PARTS_H_
