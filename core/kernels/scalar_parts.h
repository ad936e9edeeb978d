// Pieces of the scalar specification that every level reuses: for what is left after its last full
// vector, and for widths that it does not speed up.
#ifndef TQDB_CORE_KERNELS_SCALAR_PARTS_H_
#define TQDB_CORE_KERNELS_SCALAR_PARTS_H_

#include <cstddef>
#include <cstdint>

#include "core/codebook.h"
#include "core/kernels/kernels.h"
#include "core/record_packing.h"

namespace tqdb::scalar {

inline constexpr size_t kLanes = 16;
inline constexpr size_t kNormLanes = 64;

// The trees that end every sum. Destroy `lanes`.
float SumLanes(float lanes[kLanes]);
// The same of twice as many lanes, the second half added to the first.
float SumWideLanes(float lanes[2 * kLanes]);
float SumNormLanes(float lanes[kNormLanes]);

// What norm_squared makes of the sum in float.
double NormSquaredFrom(float sum, const float* x, size_t n);

// Elements [first, n) of the functions of the table, added to running lanes. `first` is a multiple of 16.
struct QuantizeLanes {
  float magnitudes[kLanes];
  float dots[kLanes];
  float squares[kLanes];  // only where centroids are asked for
};
void QuantizeFrom(const float* y, size_t first, size_t n, float unit, const Codebook& book, uint8_t* signs,
                  uint8_t* levels, float* centroids, QuantizeLanes& lanes);
void AppendResidualFrom(const float* y, const float* c, float t, size_t first, size_t n, uint8_t* fields,
                        float magnitudes[kLanes], float signed_c[kLanes]);

void MixRows(const float* in, size_t in_stride, size_t count, const uint32_t* source, const float* factors,
             size_t n, float* out, size_t out_stride);
void Hadamard(float* x, size_t n);
double NormSquared(const float* x, size_t n);
void Center(const float* x, float factor, const float* mu, size_t n, float* out, double sums[2]);
void Quantize(const float* y, size_t n, float unit, const Codebook& book, uint8_t* signs, uint8_t* levels,
              float* centroids, float sums[3]);
void AppendResidual(const float* y, const float* c, float t, size_t n, uint8_t* fields, float sums[2]);
void PackFields(const RecordPacking& packing, const uint8_t* fields, uint8_t* packed);
void UnpackFields(const RecordPacking& packing, const uint8_t* packed, uint8_t* fields);
void ScanSigns(const uint8_t* plane, size_t bytes_per_row, const uint8_t* const* tables, size_t num_queries,
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

}  // namespace tqdb::scalar

#endif  // TQDB_CORE_KERNELS_SCALAR_PARTS_H_
