// The specification of scan and refinement: every other level must return the same bits.
#include <algorithm>

#include "core/codec/codebook.h"
#include "core/kernels/kernels.h"
#include "core/kernels/scalar_parts.h"

namespace tqdb {
namespace scalar {

float SumWideLanes(float lanes[2 * kLanes]) {
  for (size_t l = 0; l < kLanes; ++l) lanes[l] += lanes[l + kLanes];
  return SumLanes(lanes);
}

// A table entry is 128 + sum, and a byte of signs takes two entries. So a row's sum starts at -256
// for each byte.
void ScanSigns(const SignBlock& block, const SignBlock& /*next*/, size_t bytes_per_row,
               const uint8_t* const* tables, size_t num_queries, int32_t* sums) {
  const uint8_t* plane = block.plane;
  for (size_t q = 0; q < num_queries; ++q) {
    int32_t* sum = sums + q * kBlockRows;
    std::fill_n(sum, kBlockRows, -static_cast<int32_t>(bytes_per_row) * 256);
    for (size_t b = 0; b < bytes_per_row; ++b) {
      const uint8_t* low = tables[q] + b * 32;
      for (size_t v = 0; v < kBlockRows; ++v) {
        const uint8_t byte = plane[b * kBlockRows + v];
        sum[v] += low[byte & 15] + low[16 + (byte >> 4)];
      }
    }
  }
}

void GatherSigns(const uint8_t* plane, size_t bytes_per_row, size_t first_row, size_t stride,
                 uint8_t* signs) {
  for (size_t b = 0; b < bytes_per_row; ++b) {
    for (size_t r = 0; r < 16; ++r) signs[r * stride + b] = plane[b * kBlockRows + first_row + r];
  }
}

void ExpandCodes(const RecordPacking& packing, const uint8_t* signs, const uint8_t* packed,
                 size_t n, const Codebook& book, int level_shift, uint8_t* row) {
  UnpackFields(packing, packed, row);
  // Weights are zero there; the bytes only have to be defined.
  for (size_t i = packing.dim; i < n; ++i) row[i] = 0;
  for (size_t i = 0; i < n; ++i) {
    const int magnitude = book.magnitudes[row[i] >> level_shift];
    row[i] = static_cast<uint8_t>(signs[i / 8] >> (i % 8) & 1 ? kCodeZero + magnitude
                                                              : kCodeZero - magnitude);
  }
}

namespace {

void DotRows(const uint8_t* rows, size_t n, const CodeQueries& queries, int32_t* sums) {
  for (size_t q = 0; q < queries.count; ++q) {
    for (size_t r = 0; r < kBlockRows; ++r) {
      int32_t sum = -queries.zeros[q];
      for (size_t i = 0; i < n; ++i) sum += rows[r * n + i] * queries.weights[q * n + i];
      sums[q * kBlockRows + r] = sum;
    }
  }
}

}  // namespace

void SumCodes(const RecordPacking& packing, const CodeBlock& block, size_t n, const Codebook& book,
              int level_shift, const CodeQueries& queries, uint8_t* tile, int32_t* sums) {
  SumCodesByRows<GatherSigns, ExpandCodes, DotRows>(packing, block, n, book, level_shift, queries,
                                                    tile, sums);
}

void PackWeights(const int8_t* const* weights, size_t count, size_t n, int8_t* packed) {
  for (size_t q = 0; q < count; ++q) std::copy_n(weights[q], n, packed + q * n);
}

// The order of the operations is fixed: scale times sum, then times weight, then plus bias.
uint64_t Survivors(const int32_t* sums, const float* bias, const float* scale, const float* error,
                   float weight, float error_weight, float threshold) {
  uint64_t mask = 0;
  for (size_t v = 0; v < kBlockRows; ++v) {
    const float estimate = bias[v] + weight * (scale[v] * static_cast<float>(sums[v]));
    mask |= static_cast<uint64_t>(estimate + error_weight * error[v] >= threshold) << v;
  }
  return mask;
}

float CodeDot(const float* rotated, size_t n, const Codebook& book, int level_shift,
              const uint8_t* signs, const uint8_t* fields) {
  float lanes[2 * kLanes] = {};
  for (size_t i = 0; i < n; ++i) {
    const float c = book.centroids[fields[i] >> level_shift];
    const bool positive = signs[i / 8] >> (i % 8) & 1;
    lanes[i % (2 * kLanes)] += rotated[i] * (positive ? c : -c);
  }
  return SumWideLanes(lanes);
}

float ResidualDot(const float* residual, size_t n, const uint8_t* fields) {
  float lanes[2 * kLanes] = {};
  for (size_t i = 0; i < n; ++i)
    lanes[i % (2 * kLanes)] += fields[i] & 1 ? residual[i] : -residual[i];
  return SumWideLanes(lanes);
}

}  // namespace scalar
}  // namespace tqdb
