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

// The tree that ends every sum. Destroys `lanes`.
float SumLanes(float lanes[kLanes]);
// The same of twice as many lanes, the second half added to the first.
float SumWideLanes(float lanes[2 * kLanes]);

// Elements [first, n) added to 16 running lanes each.
void NormsFrom(const float* y, size_t first, size_t n, float squares[kLanes], float absolutes[kLanes]);
void SignedSumFrom(const float* v, const float* z, size_t first, size_t n, float lanes[kLanes]);
void QuantizeFrom(const float* y, size_t first, size_t n, float scale, const Codebook& book, float* u,
                  uint8_t* levels, float* centroids, float dots[kLanes], float squares[kLanes]);

void Quantize(const float* y, size_t n, float scale, const Codebook& book, float* u, uint8_t* levels,
              float* centroids, float sums[2]);
void Hadamard(float* x, size_t n);
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
