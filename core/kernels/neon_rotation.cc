// NEON level, rotation: 4 floats a vector, 16 vectors in registers at a time. avx2_rotation.cc has
// the idea; here 64 floats are transformed in registers, and a pass over memory does up to four
// stages.
#if defined(__aarch64__) && defined(__linux__)

#include <arm_neon.h>

#include "core/kernels/neon_parts.h"
#include "core/kernels/scalar_parts.h"

#include "core/kernels/neon_begin.h"

namespace tqdb::neon {

namespace {

// The input of a transform. Calling it with v, then i, loads vector i of chunk v. InPlace reads
// floats as they lie.
struct InPlace {
  const float* x;
  size_t stride;
  auto operator()(size_t v) const {
    const float* chunk = x + v * stride;
    return [=](size_t i) { return vld1q_f32(chunk + 4 * i); };
  }
};
// Reads rows in dealt order and multiplies them with their factors.
struct Dealt {
  const float* in;
  size_t stride;
  const uint32_t* source;
  const float* factors;
  auto operator()(size_t v) const {
    return [from = in + v * stride, source = source, factors = factors](size_t i) {
      const float32x4_t quarter_row = vld1q_f32(from + 16 * size_t{source[i / 4]} + i % 4 * 4);
      return vmulq_f32(quarter_row, vld1q_f32(factors + 4 * i));
    };
  }
};

// The stages of strides 2 and 1 within one vector: partner + own, with own negated in the upper of
// each pair. A product with +-1 is exact, so the fused multiply-add rounds as an addition does.
[[gnu::always_inline]] inline float32x4_t HadamardInVector(float32x4_t x) {
  const float32x4_t upper_half = {1, 1, -1, -1}, odd = {1, -1, 1, -1};
  x = vfmaq_f32(vextq_f32(x, x, 2), x, upper_half);
  return vfmaq_f32(vrev64q_f32(x), x, odd);
}

// Does all stages between kCount vectors, the largest stride first. It must be inlined: otherwise
// the vectors leave their registers.
template <size_t kCount>
[[gnu::always_inline]] inline void Butterflies(float32x4_t* v) {
  if constexpr (kCount > 1) {
#pragma GCC unroll 8
    for (size_t j = 0; j < kCount / 2; ++j) {
      const float32x4_t sum = vaddq_f32(v[j], v[j + kCount / 2]);
      v[j + kCount / 2] = vsubq_f32(v[j], v[j + kCount / 2]);
      v[j] = sum;
    }
    Butterflies<kCount / 2>(v);
    Butterflies<kCount / 2>(v + kCount / 2);
  }
}

// Does the same with vectors i, i + stride, ..., which the first stage loads. avx2_rotation.cc says
// why it is written out.
template <size_t kCount, typename Load>
[[gnu::always_inline]] inline void LoadButterflies(Load load, size_t i, size_t stride,
                                                   float32x4_t* v) {
  if constexpr (kCount == 1) {
    v[0] = load(i);
  } else {
#pragma GCC unroll 8
    for (size_t j = 0; j < kCount / 2; ++j) {
      const float32x4_t low = load(i + j * stride), high = load(i + (j + kCount / 2) * stride);
      v[j] = vaddq_f32(low, high);
      v[j + kCount / 2] = vsubq_f32(low, high);
    }
    Butterflies<kCount / 2>(v);
    Butterflies<kCount / 2>(v + kCount / 2);
  }
}

// Does all stages of 4 * kCount floats in registers, for `count` chunks.
template <size_t kCount, typename Loads>
void TransformSmall(Loads loads, float* out, size_t out_stride, size_t count) {
  for (size_t v = 0; v < count; ++v, out += out_stride) {
    float32x4_t x[kCount];
    LoadButterflies<kCount>(loads(v), 0, 1, x);
#pragma GCC unroll 16
    for (size_t j = 0; j < kCount; ++j) vst1q_f32(out + 4 * j, HadamardInVector(x[j]));
  }
}

template <typename Loads>
void Transform(Loads loads, size_t n, float* out, size_t out_stride, size_t count);

// Does the stages of strides n/2, ..., n/kRadix in one pass over memory, then transforms the kRadix
// parts one by one.
template <size_t kRadix, typename Loads>
void TransformLarge(Loads loads, size_t n, float* out, size_t out_stride, size_t count) {
  const size_t stride = n / 4 / kRadix;  // in vectors
  for (size_t v = 0; v < count; ++v, out += out_stride) {
    for (size_t i = 0; i < stride; ++i) {
      float32x4_t x[kRadix];
      LoadButterflies<kRadix>(loads(v), i, stride, x);
#pragma GCC unroll 16
      for (size_t j = 0; j < kRadix; ++j) vst1q_f32(out + 4 * (i + j * stride), x[j]);
    }
    Transform(InPlace{out, 4 * stride}, 4 * stride, out, 4 * stride, kRadix);
  }
}

template <typename Loads>
void Transform(Loads loads, size_t n, float* out, size_t out_stride, size_t count) {
  switch (n) {
    case 4: return TransformSmall<1>(loads, out, out_stride, count);
    case 8: return TransformSmall<2>(loads, out, out_stride, count);
    case 16: return TransformSmall<4>(loads, out, out_stride, count);
    case 32: return TransformSmall<8>(loads, out, out_stride, count);
    case 64: return TransformSmall<16>(loads, out, out_stride, count);
    case 128: return TransformLarge<2>(loads, n, out, out_stride, count);
    case 256: return TransformLarge<4>(loads, n, out, out_stride, count);
    case 512: return TransformLarge<8>(loads, n, out, out_stride, count);
    default: return TransformLarge<16>(loads, n, out, out_stride, count);
  }
}

}  // namespace

void MixRows(const float* in, size_t in_stride, size_t count, const uint32_t* source,
             const float* factors, size_t n, float* out, size_t out_stride) {
  Transform(Dealt{in, in_stride, source, factors}, n, out, out_stride, count);
}

void Hadamard(float* x, size_t n) {
  if (n < 4) return scalar::Hadamard(x, n);
  Transform(InPlace{x, n}, n, x, n, 1);
}

}  // namespace tqdb::neon

#include "core/kernels/neon_end.h"

#endif
