// AVX2 level, rotation: 8 floats a vector, 8 vectors in registers at a time.
//
// The simple idea: the stages of a Walsh-Hadamard transform, one pass over memory each. At n = 1024
// that would be ten passes. Here a pass loads 8 vectors that are far apart, does three stages among
// them in registers, and stores them. 1024 floats take one such pass and then eight transforms of
// 128. Each of them takes a pass of one stage and two transforms of 64 in registers. The stages
// within a vector come last. The order of stages stays that of the specification, so sums round
// alike.
#if defined(__x86_64__)

#include <immintrin.h>

#include "core/kernels/avx2_parts.h"
#include "core/kernels/scalar_parts.h"

#include "core/kernels/avx2_begin.h"

namespace tqdb::avx2 {

namespace {

// The input of a transform. Calling it with v, then i, loads vector i of chunk v. InPlace reads
// floats as they lie.
struct InPlace {
  const float* x;
  size_t stride;
  auto operator()(size_t v) const {
    const float* chunk = x + v * stride;
    return [=](size_t i) { return _mm256_loadu_ps(chunk + 8 * i); };
  }
};
// Reads rows in dealt order and multiplies them with their factors. The first stage of a transform
// loads through it, so dealing costs no pass of its own.
struct Dealt {
  const float* in;
  size_t stride;
  const uint32_t* source;
  const float* factors;
  auto operator()(size_t v) const {
    return [from = in + v * stride, source = source, factors = factors](size_t i) {
      const __m256 half_row = _mm256_loadu_ps(from + 16 * size_t{source[i / 2]} + i % 2 * 8);
      return _mm256_mul_ps(half_row, _mm256_loadu_ps(factors + 8 * i));
    };
  }
};

template <typename Loads>
void Transform(Loads loads, size_t n, float* out, size_t out_stride, size_t count);

// The stages of strides 4, 2 and 1 within one vector: partner + own, with own negated in the upper
// of each pair. A product with +-1 is exact, so the fused multiply-add rounds as an addition does.
__m256 HadamardInVector(__m256 x) {
  x = _mm256_fmadd_ps(x, _mm256_setr_ps(1, 1, 1, 1, -1, -1, -1, -1),
                      _mm256_permute2f128_ps(x, x, 1));
  x = _mm256_fmadd_ps(x, _mm256_setr_ps(1, 1, -1, -1, 1, 1, -1, -1), _mm256_permute_ps(x, 0x4e));
  return _mm256_fmadd_ps(x, _mm256_setr_ps(1, -1, 1, -1, 1, -1, 1, -1), _mm256_permute_ps(x, 0xb1));
}

// Does all stages between kCount vectors, the largest stride first. It must be inlined: otherwise
// the vectors leave their registers.
template <size_t kCount>
[[gnu::always_inline]] inline void Butterflies(__m256* v) {
  if constexpr (kCount > 1) {
    for (size_t j = 0; j < kCount / 2; ++j) {
      const __m256 sum = _mm256_add_ps(v[j], v[j + kCount / 2]);
      v[j + kCount / 2] = _mm256_sub_ps(v[j], v[j + kCount / 2]);
      v[j] = sum;
    }
    Butterflies<kCount / 2>(v);
    Butterflies<kCount / 2>(v + kCount / 2);
  }
}

// Does the same with vectors i, i + stride, ..., which the first stage loads. With a loop that only
// loads, g++ would make a copy of the vectors on the stack.
template <size_t kCount, typename Load>
[[gnu::always_inline]] inline void LoadButterflies(Load load, size_t i, size_t stride, __m256* v) {
  if constexpr (kCount == 1) {
    v[0] = load(i);
  } else {
    for (size_t j = 0; j < kCount / 2; ++j) {
      const __m256 low = load(i + j * stride), high = load(i + (j + kCount / 2) * stride);
      v[j] = _mm256_add_ps(low, high);
      v[j + kCount / 2] = _mm256_sub_ps(low, high);
    }
    Butterflies<kCount / 2>(v);
    Butterflies<kCount / 2>(v + kCount / 2);
  }
}

// Does all stages of 8 * kCount floats in registers, for `count` chunks.
template <size_t kCount, typename Loads>
void TransformSmall(Loads loads, float* out, size_t out_stride, size_t count) {
  for (size_t v = 0; v < count; ++v, out += out_stride) {
    __m256 x[kCount];
    LoadButterflies<kCount>(loads(v), 0, 1, x);
    for (size_t j = 0; j < kCount; ++j) _mm256_storeu_ps(out + 8 * j, HadamardInVector(x[j]));
  }
}

// Does the stages of strides n/2, ..., n/kRadix in one pass over memory, then transforms the kRadix
// parts one by one.
template <size_t kRadix, typename Loads>
void TransformLarge(Loads loads, size_t n, float* out, size_t out_stride, size_t count) {
  const size_t stride = n / 8 / kRadix;  // in vectors
  for (size_t v = 0; v < count; ++v, out += out_stride) {
    for (size_t i = 0; i < stride; ++i) {
      __m256 x[kRadix];
      LoadButterflies<kRadix>(loads(v), i, stride, x);
      for (size_t j = 0; j < kRadix; ++j) _mm256_storeu_ps(out + 8 * (i + j * stride), x[j]);
    }
    Transform(InPlace{out, 8 * stride}, 8 * stride, out, 8 * stride, kRadix);
  }
}

template <typename Loads>
void Transform(Loads loads, size_t n, float* out, size_t out_stride, size_t count) {
  switch (n) {
    case 8: return TransformSmall<1>(loads, out, out_stride, count);
    case 16: return TransformSmall<2>(loads, out, out_stride, count);
    case 32: return TransformSmall<4>(loads, out, out_stride, count);
    case 64: return TransformSmall<8>(loads, out, out_stride, count);
    case 128: return TransformLarge<2>(loads, n, out, out_stride, count);
    case 256: return TransformLarge<4>(loads, n, out, out_stride, count);
    default: return TransformLarge<8>(loads, n, out, out_stride, count);
  }
}

}  // namespace

void MixRows(const float* in, size_t in_stride, size_t count, const uint32_t* source,
             const float* factors, size_t n, float* out, size_t out_stride) {
  Transform(Dealt{in, in_stride, source, factors}, n, out, out_stride, count);
}

void Hadamard(float* x, size_t n) {
  if (n < 8) return scalar::Hadamard(x, n);
  Transform(InPlace{x, n}, n, x, n, 1);
}

}  // namespace tqdb::avx2

#include "core/kernels/avx2_end.h"

#endif
