// Pieces of the scalar specification that the other levels reuse.
//
// A vector level handles whole vectors and leaves the floats after its last one to these functions.
// They continue its lanes, so the result does not show where the vectors ended. Widths that a level
// does not speed up, such as 8-bit codes, are handed over whole.
#ifndef TQDB_CORE_KERNELS_SCALAR_PARTS_H_
#define TQDB_CORE_KERNELS_SCALAR_PARTS_H_

#include <cstddef>
#include <cstdint>

#include "core/codec/codebook.h"
#include "core/codec/record_packing.h"
#include "core/kernels/kernels.h"
#include "core/kernels/prefetch.h"
#include "values/types.h"

namespace tqdb::scalar {

inline constexpr size_t kLanes = 16;      // lanes of a sum
inline constexpr size_t kNormLanes = 64;  // lanes of sums in norm_squared and center

// Each adds all lanes as the tree that ends every sum, and destroys `lanes`. SumWideLanes first
// adds the second half of twice as many lanes to the first half.
float SumLanes(float lanes[kLanes]);
float SumWideLanes(float lanes[2 * kLanes]);
float SumNormLanes(float lanes[kNormLanes]);

// Returns the result of norm_squared, given its sum in float. It is that sum unless float might
// have overflowed or lost small squares; then the sum is made again in double.
double NormSquaredFrom(float sum, const float* x, size_t n);

// Running sums of quantize.
struct QuantizeLanes {
  float magnitudes[kLanes];
  float dots[kLanes];
  float squares[kLanes];  // used only where centroids are asked for
};
// Each handles elements [first, n) of quantize or append_residual, and adds to running lanes.
//
// Requires: `first` is a multiple of 16, so that element `first` falls into lane 0.
void QuantizeFrom(const float* y, size_t first, size_t n, float unit, const Codebook& book,
                  uint8_t* signs, uint8_t* levels, float* centroids, QuantizeLanes& lanes);
void AppendResidualFrom(const float* y, const float* c, float t, size_t first, size_t n,
                        uint8_t* fields, float magnitudes[kLanes], float signed_c[kLanes]);

// The functions of the table, as kernels.h describes them.
void MixRows(const float* in, size_t in_stride, size_t count, const uint32_t* source,
             const float* factors, size_t n, float* out, size_t out_stride);
void Hadamard(float* x, size_t n);
double NormSquared(const float* x, size_t n);
void Center(const float* x, float factor, const float* mu, size_t n, float* out, double sums[2]);
void Quantize(const float* y, size_t n, float unit, const Codebook& book, uint8_t* signs,
              uint8_t* levels, float* centroids, float sums[3]);
void AppendResidual(const float* y, const float* c, float t, size_t n, uint8_t* fields,
                    float sums[2]);
void PackFields(const RecordPacking& packing, const uint8_t* fields, uint8_t* packed);
void UnpackFields(const RecordPacking& packing, const uint8_t* packed, uint8_t* fields);
void ScanSigns(const SignBlock& block, const SignBlock& next, size_t bytes_per_row,
               const uint8_t* const* tables, size_t num_queries, int32_t* sums);
void SumCodes(const RecordPacking& packing, const CodeBlock& block, size_t n, const Codebook& book,
              int level_shift, const CodeQueries& queries, uint8_t* tile, int32_t* sums);
void PackWeights(const int8_t* const* weights, size_t count, size_t n, int8_t* packed);
uint64_t Survivors(const int32_t* sums, const float* bias, const float* scale, const float* error,
                   float weight, float error_weight, float threshold);
float CodeDot(const float* rotated, size_t n, const Codebook& book, int level_shift,
              const uint8_t* signs, const uint8_t* fields);
float ResidualDot(const float* residual, size_t n, const uint8_t* fields);

// --- Parts of sum_codes, for levels whose tiles are row-major.
// Gathers the sign bytes of 16 rows of a block: signs (16, bytes_per_row), with `stride` bytes from
// one row to the next. Requires: first_row is a multiple of 16.
void GatherSigns(const uint8_t* plane, size_t bytes_per_row, size_t first_row, size_t stride,
                 uint8_t* signs);
// Expands one row's codes to bytes, from its n / 8 bytes of signs and its packed fields.
void ExpandCodes(const RecordPacking& packing, const uint8_t* signs, const uint8_t* packed,
                 size_t n, const Codebook& book, int level_shift, uint8_t* row);

// Expands 64 rows and lets kDotRows make the sums from the rows (kBlockRows, n) of codes.
//
// Expansion costs more than one query's products, so it is done once for all queries. Signs come 16
// rows at a time, since gathering them is a transposition. The next block is asked for in equal
// shares, one a row, while this one is expanded (prefetch.h).
template <auto kGatherSigns, auto kExpandCodes, auto kDotRows>
void SumCodesByRows(const RecordPacking& packing, const CodeBlock& block, size_t n,
                    const Codebook& book, int level_shift, const CodeQueries& queries,
                    uint8_t* tile, int32_t* sums) {
  constexpr size_t kGathered = 16;
  alignas(64) uint8_t signs[kGathered * kMaxDim / 8];
  PrefetchBlock next(block, kBlockRows);
  for (size_t r = 0; r < kBlockRows; ++r) {
    if (r % kGathered == 0) kGatherSigns(block.plane, block.bytes_per_row, r, n / 8, signs);
    next.Next();
    kExpandCodes(packing, signs + r % kGathered * (n / 8), block.fields + r * block.field_stride, n,
                 book, level_shift, tile + r * n);
  }
  kDotRows(tile, n, queries, sums);
}

}  // namespace tqdb::scalar

#endif  // TQDB_CORE_KERNELS_SCALAR_PARTS_H_
