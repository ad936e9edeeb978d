// The functions that the files of the NEON level share, and that neon.cc puts into its table. Their
// contracts are those of kernels.h.
#ifndef TQDB_CORE_KERNELS_NEON_PARTS_H_
#define TQDB_CORE_KERNELS_NEON_PARTS_H_

#include <cstddef>
#include <cstdint>

#include "core/kernels/kernels.h"

namespace tqdb::neon {

// neon_encode.cc
double NormSquared(const float* x, size_t n);
void Center(const float* x, float factor, const float* mu, size_t n, float* out, double sums[2]);
void Quantize(const float* y, size_t n, float unit, const Codebook& book, uint8_t* signs,
              uint8_t* levels, float* centroids, float sums[3]);
void AppendResidual(const float* y, const float* c, float t, size_t n, uint8_t* fields,
                    float sums[2]);

// neon_packing.cc
void PackFields(const RecordPacking& packing, const uint8_t* fields, uint8_t* packed);
void UnpackFields(const RecordPacking& packing, const uint8_t* packed, uint8_t* fields);

// neon_rotation.cc
void MixRows(const float* in, size_t in_stride, size_t count, const uint32_t* source,
             const float* factors, size_t n, float* out, size_t out_stride);
void Hadamard(float* x, size_t n);

// neon_scan.cc
void ScanSigns(const SignBlock& block, const SignBlock& next, size_t bytes_per_row,
               const uint8_t* const* tables, size_t num_queries, int32_t* sums);
void SumCodes(const RecordPacking& packing, const CodeBlock& block, size_t n, const Codebook& book,
              int level_shift, const CodeQueries& queries, uint8_t* tile, int32_t* sums);
uint64_t Survivors(const int32_t* sums, const float* bias, const float* scale, const float* error,
                   float weight, float error_weight, float threshold);
float CodeDot(const float* rotated, size_t n, const Codebook& book, int level_shift,
              const uint8_t* signs, const uint8_t* fields);
float ResidualDot(const float* residual, size_t n, const uint8_t* fields);

}  // namespace tqdb::neon

#endif  // TQDB_CORE_KERNELS_NEON_PARTS_H_
