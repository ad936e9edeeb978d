// Standard Gaussian numbers by counter: any piece of any stream, in any order, without state.
#ifndef TQDB_BENCH_DATA_GAUSSIAN_H_
#define TQDB_BENCH_DATA_GAUSSIAN_H_

#include <cstddef>
#include <cstdint>

namespace tqdb::bench {

// Writes the first n numbers of the stream `key`. Each is one of 65,536 equally likely quantiles of
// N(0,1), scaled to variance 1: 4.3 at most, which is far enough out for vectors that are
// normalised afterwards, and ten times faster than Box-Muller. Thread-safe.
void FillGaussian(uint64_t key, float* out, size_t n);

// out[i] += scale * number i of the stream.
void AddGaussian(uint64_t key, float scale, float* out, size_t n);

// Scales x (n floats, not all zero) to Euclidean norm 1.
void Normalize(float* x, size_t n);

// n Gaussian numbers, scaled to norm 1: a uniformly random direction.
void FillUnitVector(uint64_t key, float* out, size_t n);

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_DATA_GAUSSIAN_H_
