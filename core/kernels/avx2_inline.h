// Small functions of the AVX2 files. Include it inside the region of avx2_begin.h: outside of it
// their instructions are not allowed.
#ifndef TQDB_CORE_KERNELS_AVX2_INLINE_H_
#define TQDB_CORE_KERNELS_AVX2_INLINE_H_

namespace tqdb::avx2 {
namespace {

using scalar::kLanes;

// The 16 lanes of a sum, in two vectors.
struct Lanes {
  Lanes() : low(_mm256_setzero_ps()), high(_mm256_setzero_ps()) {}
  __m256 low, high;

  // Store and Load hand the lanes to the scalar functions for the last floats, and take them back.
  void Store(float out[kLanes]) const {
    _mm256_storeu_ps(out, low);
    _mm256_storeu_ps(out + 8, high);
  }
  void Load(const float in[kLanes]) {
    low = _mm256_loadu_ps(in);
    high = _mm256_loadu_ps(in + 8);
  }
  // Returns the sum in the order of scalar::SumLanes.
  float Sum() const {
    const __m256 eight = _mm256_add_ps(low, high);
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
  }
};

// Returns |x| by clearing the sign bits.
inline __m256 AbsoluteOf(__m256 x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x); }

}  // namespace
}  // namespace tqdb::avx2

#endif  // TQDB_CORE_KERNELS_AVX2_INLINE_H_
