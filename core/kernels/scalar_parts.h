// Pieces of the scalar specification that every level reuses: for what is left after its last full
// vector, and for widths that it does not speed up.
#ifndef TQDB_CORE_KERNELS_SCALAR_PARTS_H_
#define TQDB_CORE_KERNELS_SCALAR_PARTS_H_

#include <cstddef>
#include <cstdint>

#include "core/codebook.h"
#include "core/record_packing.h"

namespace tqdb::scalar {

inline constexpr size_t kLanes = 16;

// The tree that ends every sum. Destroys `lanes`.
float SumLanes(float lanes[kLanes]);

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
void Refine(const float* rotated, const float* residual, size_t n, const Codebook& book, int level_shift,
            const uint8_t* signs, const uint8_t* fields, float out[2]);

}  // namespace tqdb::scalar

#endif  // TQDB_CORE_KERNELS_SCALAR_PARTS_H_
