// What this machine can do at best, measured in the same run as the code that is held against it.
#ifndef TQDB_BENCH_MEASURE_MACHINE_LIMITS_H_
#define TQDB_BENCH_MEASURE_MACHINE_LIMITS_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace tqdb::bench {

// Far beyond any cache.
inline constexpr size_t kMemoryBytes = size_t{1} << 30;

// Bytes per second that `threads` threads together read from a buffer of `bytes` bytes on huge
// pages, each its own piece of it, 64 bytes a load, as one stream or as four: the best of several
// passes. Buffers that fit a cache are read from there, so give the size of what is scanned; sizes
// beyond kMemoryBytes are all the same and count as that.
double ReadBandwidth(size_t threads, size_t bytes = kMemoryBytes);

// Table look-ups of one byte each that one core does per second in registers with the widest byte
// shuffle of the kernel level: what bounds a scan of the sign plane that is no longer bound by
// memory. Zero for a level without a byte shuffle (scalar) or one that this CPU lacks.
double LookupRate(absl::string_view kernels);

// Multiply-accumulates of unsigned by signed bytes into 32 bits that one core does per second in
// registers: what bounds a scan of whole codes. amx: tdpbsud. avx512: vpdpbusd zmm. avx2: two
// vpmaddubsw, a vpaddw, a vpmaddwd by ones and a vpaddd for every 64, which is exact for 7-bit
// operands. Zero for scalar, or a level that this CPU lacks.
double DotRate(absl::string_view kernels);

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_MEASURE_MACHINE_LIMITS_H_
