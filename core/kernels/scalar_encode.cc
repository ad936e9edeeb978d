// The specification of rotation and encoding: every other level must return the same bits.
//
// Sums are kept in arrays of lanes, though one float would do, because vector levels have lanes. A
// compiler may vectorise these loops, but must not reorder additions (no -ffast-math).
#include <cmath>
#include <cstring>

#include "core/codec/codebook.h"
#include "core/codec/record_packing.h"
#include "core/kernels/kernels.h"
#include "core/kernels/scalar_parts.h"

namespace tqdb::scalar {

namespace {

// Adds kCount lanes as a tree: the upper half to the lower half, until one lane is left. A vector
// register halves in the same way.
template <size_t kCount>
float SumTree(float* lanes) {
  for (size_t width = kCount / 2; width > 0; width /= 2) {
    for (size_t l = 0; l < width; ++l) lanes[l] += lanes[l + width];
  }
  return lanes[0];
}

}  // namespace

float SumLanes(float lanes[kLanes]) { return SumTree<kLanes>(lanes); }
float SumNormLanes(float lanes[kNormLanes]) { return SumTree<kNormLanes>(lanes); }

void MixRows(const float* in, size_t in_stride, size_t count, const uint32_t* source,
             const float* factors, size_t n, float* out, size_t out_stride) {
  for (size_t v = 0; v < count; ++v, in += in_stride, out += out_stride) {
    for (size_t i = 0; i < n; ++i) out[i] = in[16 * size_t{source[i / 16]} + i % 16] * factors[i];
    Hadamard(out, n);
  }
}

// Each stage replaces pairs (a, b) by (a + b, a - b). The stage of the largest stride comes first.
// The order of stages decides how sums round, so it is part of the specification.
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

double NormSquaredFrom(float sum, const float* x, size_t n) {
  // Outside of this range squares of some size might have been lost. A NaN fails the test, too.
  if (sum > 1e-20f && sum < 1e34f) return sum;
  double exact = 0;
  for (size_t i = 0; i < n; ++i) exact += double{x[i]} * x[i];
  return exact;
}

double NormSquared(const float* x, size_t n) {
  float squares[kNormLanes] = {};
  for (size_t i = 0; i < n; ++i) squares[i % kNormLanes] += x[i] * x[i];
  return NormSquaredFrom(SumNormLanes(squares), x, n);
}

void Center(const float* x, float factor, const float* mu, size_t n, float* out, double sums[2]) {
  float dots[kNormLanes] = {};
  for (size_t i = 0; i < n; ++i) {
    out[i] = x[i] * factor - mu[i];
    dots[i % kNormLanes] += out[i] * mu[i];
  }
  sums[0] = NormSquared(out, n);
  sums[1] = SumNormLanes(dots);
}

void QuantizeFrom(const float* y, size_t first, size_t n, float unit, const Codebook& book,
                  uint8_t* signs, uint8_t* levels, float* centroids, QuantizeLanes& lanes) {
  for (size_t i = first; i < n; ++i) {
    const float magnitude = std::fabs(y[i]);
    const int level = book.LevelOf(magnitude, unit);
    const float centroid = book.centroids[level];
    const bool positive = !std::signbit(y[i]);
    // The first bit of a byte clears it, so `signs` need not be zero before.
    if (i % 8 == 0) signs[i / 8] = 0;
    signs[i / 8] |= static_cast<uint8_t>(positive << (i % 8));
    levels[i] = static_cast<uint8_t>(level);
    lanes.magnitudes[i % kLanes] += magnitude;
    lanes.dots[i % kLanes] += magnitude * centroid;
    if (centroids == nullptr) continue;
    centroids[i] = positive ? centroid : -centroid;
    lanes.squares[i % kLanes] += centroid * centroid;
  }
}

void Quantize(const float* y, size_t n, float unit, const Codebook& book, uint8_t* signs,
              uint8_t* levels, float* centroids, float sums[3]) {
  QuantizeLanes lanes = {};
  QuantizeFrom(y, 0, n, unit, book, signs, levels, centroids, lanes);
  sums[0] = SumLanes(lanes.magnitudes);
  sums[1] = SumLanes(lanes.dots);
  if (centroids != nullptr) sums[2] = SumLanes(lanes.squares);
}

void AppendResidualFrom(const float* y, const float* c, float t, size_t first, size_t n,
                        uint8_t* fields, float magnitudes[kLanes], float signed_c[kLanes]) {
  for (size_t i = first; i < n; ++i) {
    const float z = y[i] - t * c[i];
    const bool positive = !std::signbit(z);
    fields[i] = static_cast<uint8_t>(fields[i] << 1 | positive);
    magnitudes[i % kLanes] += std::fabs(z);
    signed_c[i % kLanes] += positive ? c[i] : -c[i];
  }
}

void AppendResidual(const float* y, const float* c, float t, size_t n, uint8_t* fields,
                    float sums[2]) {
  float magnitudes[kLanes] = {}, signed_c[kLanes] = {};
  AppendResidualFrom(y, c, t, 0, n, fields, magnitudes, signed_c);
  sums[0] = SumLanes(magnitudes);
  sums[1] = SumLanes(signed_c);
}

void PackFields(const RecordPacking& packing, const uint8_t* fields, uint8_t* packed) {
  packing.Pack(fields, packed);
}

void UnpackFields(const RecordPacking& packing, const uint8_t* packed, uint8_t* fields) {
  packing.Unpack(packed, fields);
}

}  // namespace tqdb::scalar
