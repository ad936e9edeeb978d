// Small functions of the AVX2 files; to be included inside the region of avx2_begin.h.
#ifndef TQDB_CORE_KERNELS_AVX2_INLINE_H_
#define TQDB_CORE_KERNELS_AVX2_INLINE_H_

namespace tqdb::avx2 {
namespace {

using scalar::kLanes;

// Two vectors hold the 16 lanes of a sum.
struct Lanes {
  Lanes() : low(_mm256_setzero_ps()), high(_mm256_setzero_ps()) {}
  __m256 low, high;

  void Store(float out[kLanes]) const {
    _mm256_storeu_ps(out, low);
    _mm256_storeu_ps(out + 8, high);
  }
};

inline __m256 AbsoluteOf(__m256 x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x); }

}  // namespace
}  // namespace tqdb::avx2

#endif  // TQDB_CORE_KERNELS_AVX2_INLINE_H_
