// The specification: every other level must return the same bits as the functions of this file.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/codebook.h"
#include "core/kernels/kernels.h"
#include "core/kernels/scalar_parts.h"
#include "core/record_packing.h"

namespace tqdb {
namespace scalar {

float SumLanes(float lanes[kLanes]) {
  for (size_t width = kLanes / 2; width > 0; width /= 2) {
    for (size_t l = 0; l < width; ++l) lanes[l] += lanes[l + width];
  }
  return lanes[0];
}

void NormsFrom(const float* y, size_t first, size_t n, float squares[kLanes], float absolutes[kLanes]) {
  for (size_t i = first; i < n; ++i) {
    squares[i % kLanes] += y[i] * y[i];
    absolutes[i % kLanes] += std::fabs(y[i]);
  }
}

void SignedSumFrom(const float* v, const float* z, size_t first, size_t n, float lanes[kLanes]) {
  for (size_t i = first; i < n; ++i) lanes[i % kLanes] += z[i] >= 0 ? v[i] : -v[i];
}

void QuantizeFrom(const float* y, size_t first, size_t n, float scale, const Codebook& book, float* u,
                  uint8_t* levels, float* centroids, float dots[kLanes], float squares[kLanes]) {
  const float last_bin = static_cast<float>(book.first_level.size() - 1);
  for (size_t i = first; i < n; ++i) {
    u[i] = y[i] * scale;
    const float magnitude = std::fabs(u[i]);
    int level = book.first_level[static_cast<size_t>(std::min(magnitude * 16, last_bin))];
    while (level + 1 < book.levels && book.boundaries[level] <= magnitude) ++level;
    levels[i] = static_cast<uint8_t>(level);
    centroids[i] = u[i] >= 0 ? book.centroids[level] : -book.centroids[level];
    dots[i % kLanes] += u[i] * centroids[i];
    squares[i % kLanes] += centroids[i] * centroids[i];
  }
}

void Quantize(const float* y, size_t n, float scale, const Codebook& book, float* u, uint8_t* levels,
              float* centroids, float sums[2]) {
  float dots[kLanes] = {}, squares[kLanes] = {};
  QuantizeFrom(y, 0, n, scale, book, u, levels, centroids, dots, squares);
  sums[0] = SumLanes(dots);
  sums[1] = SumLanes(squares);
}

void Hadamard(float* x, size_t n) {
  for (size_t stride = n / 2; stride > 0; stride /= 2) {
    for (size_t base = 0; base < n; base += 2 * stride) {
      for (size_t i = base; i < base + stride; ++i) {
        const float a = x[i], b = x[i + stride];
        x[i] = a + b;
        x[i + stride] = a - b;
      }
    }
  }
}

void PackFields(const RecordPacking& packing, const uint8_t* fields, uint8_t* packed) {
  packing.Pack(fields, packed);
}

void UnpackFields(const RecordPacking& packing, const uint8_t* packed, uint8_t* fields) {
  packing.Unpack(packed, fields);
}

namespace {

void DealRows(const float* in, const uint32_t* source, const float* factors, size_t rows, float* out) {
  for (size_t i = 0; i < rows; ++i) {
    for (size_t l = 0; l < 16; ++l) out[16 * i + l] = in[16 * source[i] + l] * factors[16 * i + l];
  }
}

void Norms(const float* y, size_t n, float sums[2]) {
  float squares[kLanes] = {}, absolutes[kLanes] = {};
  NormsFrom(y, 0, n, squares, absolutes);
  sums[0] = SumLanes(squares);
  sums[1] = SumLanes(absolutes);
}

float SignedSum(const float* v, const float* z, size_t n) {
  float lanes[kLanes] = {};
  SignedSumFrom(v, z, 0, n, lanes);
  return SumLanes(lanes);
}

void ResidualOf(const float* u, const float* c, float t, size_t n, float* r) {
  for (size_t i = 0; i < n; ++i) r[i] = u[i] - t * c[i];
}

void PackSigns(const float* y, size_t n, uint8_t* bits) {
  std::memset(bits, 0, (n + 7) / 8);
  for (size_t i = 0; i < n; ++i) bits[i / 8] |= static_cast<uint8_t>((y[i] >= 0) << (i % 8));
}

void AppendSigns(const float* z, size_t n, uint8_t* fields) {
  for (size_t i = 0; i < n; ++i) fields[i] = static_cast<uint8_t>(fields[i] << 1 | (z[i] >= 0));
}

}  // namespace
}  // namespace scalar

const Kernels* ScalarKernels() {
  static const Kernels kernels = {
      .name = "scalar",
      .plane_group = 1,
      .deal_rows = scalar::DealRows,
      .hadamard = scalar::Hadamard,
      .norms = scalar::Norms,
      .quantize = scalar::Quantize,
      .signed_sum = scalar::SignedSum,
      .residual = scalar::ResidualOf,
      .pack_signs = scalar::PackSigns,
      .append_signs = scalar::AppendSigns,
      .pack_fields = scalar::PackFields,
      .unpack_fields = scalar::UnpackFields,
      .scan_signs = scalar::ScanSigns,
      .gather_signs = scalar::GatherSigns,
      .expand_codes = scalar::ExpandCodes,
      .dot_codes = scalar::DotCodes,
      .survivors = scalar::Survivors,
      .code_dot = scalar::CodeDot,
      .residual_dot = scalar::ResidualDot,
  };
  return &kernels;
}

}  // namespace tqdb
