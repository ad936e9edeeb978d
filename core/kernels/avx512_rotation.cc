// AVX-512 level, rotation: 16 floats a vector, 16 vectors in registers at a time. avx2_rotation.cc
// has the idea; here 256 floats are transformed in registers, and a pass over memory does up to
// four stages.
#if defined(__x86_64__) || defined(TQDB_EMULATE_AVX512)

#include "core/kernels/avx512_intrinsics.h"
#include "core/kernels/avx512_parts.h"
#include "core/kernels/scalar_parts.h"

#include "core/kernels/avx512_begin.h"
// Inside the region, in this order.
// clang-format off
#include "core/kernels/avx512_inline.h"
// clang-format on

namespace tqdb::TQDB_AVX512 {

namespace {

// The input of a transform. Calling it with v, then i, loads vector i of chunk v. InPlace reads
// floats as they lie.
struct InPlace {
  const float* x;
  size_t stride;
  auto operator()(size_t v) const {
    const float* chunk = x + v * stride;
    return [=](size_t i) { return _mm512_loadu_ps(chunk + 16 * i); };
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
      const __m512 row = _mm512_loadu_ps(from + 16 * size_t{source[i]});
      return _mm512_mul_ps(row, _mm512_loadu_ps(factors + 16 * i));
    };
  }
};

template <typename Loads>
void Transform(Loads loads, size_t n, float* out, size_t out_stride, size_t count);

// Permutes the 128-bit quarters of a vector. It uses the integer shuffle, since SIMDe lacks
// the float one.
template <int kOrder>
__m512 Quarters(__m512 x) {
  const __m512i bits = _mm512_castps_si512(x);
  return _mm512_castsi512_ps(_mm512_shuffle_i32x4(bits, bits, kOrder));
}

// Returns 1 in the lower lanes of each pair of `kStride` lanes, and -1 in the upper ones.
template <int kStride>
__m512 LowerMinusUpper() {
  const auto sign = [](int lane) { return lane & kStride ? -1.0f : 1.0f; };
  return _mm512_setr_ps(sign(0), sign(1), sign(2), sign(3), sign(4), sign(5), sign(6), sign(7),
                        sign(8), sign(9), sign(10), sign(11), sign(12), sign(13), sign(14),
                        sign(15));
}

// The stages of strides 8, 4, 2 and 1 within one vector: partner + own, with own negated in the
// upper of each pair. A product with +-1 is exact, so the fused multiply-add rounds as an addition
// does.
__m512 HadamardInVector(__m512 x) {
  x = _mm512_fmadd_ps(x, LowerMinusUpper<8>(), Quarters<0x4e>(x));
  x = _mm512_fmadd_ps(x, LowerMinusUpper<4>(), Quarters<0xb1>(x));
  x = _mm512_fmadd_ps(x, LowerMinusUpper<2>(), _mm512_shuffle_ps(x, x, 0x4e));
  return _mm512_fmadd_ps(x, LowerMinusUpper<1>(), _mm512_shuffle_ps(x, x, 0xb1));
}

// Does all stages between kCount vectors, the largest stride first. It must be inlined: otherwise
// the vectors leave their registers.
template <size_t kCount>
[[gnu::always_inline]] inline void Butterflies(__m512* v) {
  if constexpr (kCount > 1) {
    for (size_t j = 0; j < kCount / 2; ++j) {
      const __m512 sum = _mm512_add_ps(v[j], v[j + kCount / 2]);
      v[j + kCount / 2] = _mm512_sub_ps(v[j], v[j + kCount / 2]);
      v[j] = sum;
    }
    Butterflies<kCount / 2>(v);
    Butterflies<kCount / 2>(v + kCount / 2);
  }
}

// Does the same with vectors i, i + stride, ..., which the first stage loads. With a loop that only
// loads, g++ would make a copy of the vectors on the stack.
template <size_t kCount, typename Load>
[[gnu::always_inline]] inline void LoadButterflies(Load load, size_t i, size_t stride, __m512* v) {
  if constexpr (kCount == 1) {
    v[0] = load(i);
  } else {
    for (size_t j = 0; j < kCount / 2; ++j) {
      const __m512 low = load(i + j * stride), high = load(i + (j + kCount / 2) * stride);
      v[j] = _mm512_add_ps(low, high);
      v[j + kCount / 2] = _mm512_sub_ps(low, high);
    }
    Butterflies<kCount / 2>(v);
    Butterflies<kCount / 2>(v + kCount / 2);
  }
}

// Does all stages of 16 * kCount floats in registers, for `count` chunks.
template <size_t kCount, typename Loads>
void TransformSmall(Loads loads, float* out, size_t out_stride, size_t count) {
  for (size_t v = 0; v < count; ++v, out += out_stride) {
    __m512 x[kCount];
    LoadButterflies<kCount>(loads(v), 0, 1, x);
    for (size_t j = 0; j < kCount; ++j) _mm512_storeu_ps(out + 16 * j, HadamardInVector(x[j]));
  }
}

// Does the stages of strides n/2, ..., n/kRadix in one pass over memory, then transforms the kRadix
// parts one by one.
template <size_t kRadix, typename Loads>
void TransformLarge(Loads loads, size_t n, float* out, size_t out_stride, size_t count) {
  const size_t stride = n / 16 / kRadix;  // in vectors
  for (size_t v = 0; v < count; ++v, out += out_stride) {
    for (size_t i = 0; i < stride; ++i) {
      __m512 x[kRadix];
      LoadButterflies<kRadix>(loads(v), i, stride, x);
      for (size_t j = 0; j < kRadix; ++j) _mm512_storeu_ps(out + 16 * (i + j * stride), x[j]);
    }
    Transform(InPlace{out, 16 * stride}, 16 * stride, out, 16 * stride, kRadix);
  }
}

template <typename Loads>
void Transform(Loads loads, size_t n, float* out, size_t out_stride, size_t count) {
  switch (n) {
    case 16: return TransformSmall<1>(loads, out, out_stride, count);
    case 32: return TransformSmall<2>(loads, out, out_stride, count);
    case 64: return TransformSmall<4>(loads, out, out_stride, count);
    case 128: return TransformSmall<8>(loads, out, out_stride, count);
    case 256: return TransformSmall<16>(loads, out, out_stride, count);
    case 512: return TransformLarge<2>(loads, n, out, out_stride, count);
    case 1024: return TransformLarge<4>(loads, n, out, out_stride, count);
    case 2048: return TransformLarge<8>(loads, n, out, out_stride, count);
    default: return TransformLarge<16>(loads, n, out, out_stride, count);
  }
}

}  // namespace

void MixRows(const float* in, size_t in_stride, size_t count, const uint32_t* source,
             const float* factors, size_t n, float* out, size_t out_stride) {
  Transform(Dealt{in, in_stride, source, factors}, n, out, out_stride, count);
}

void Hadamard(float* x, size_t n) {
  if (n < 16) return scalar::Hadamard(x, n);
  Transform(InPlace{x, n}, n, x, n, 1);
}

}  // namespace tqdb::TQDB_AVX512

#include "core/kernels/avx512_end.h"

#endif
