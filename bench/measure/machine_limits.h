// The limits of this machine, measured in the same run as the code that is compared with them. A
// share of the limit says more than a rate. It is comparable between machines, and it tells how
// much can be gained.
#ifndef TQDB_BENCH_MEASURE_MACHINE_LIMITS_H_
#define TQDB_BENCH_MEASURE_MACHINE_LIMITS_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace tqdb::bench {

// Bytes of a buffer far larger than any cache.
inline constexpr size_t kMemoryBytes = size_t{1} << 30;

// Returns the bytes per second that `threads` threads together read from a buffer of `bytes` bytes
// on huge pages. Each thread reads its own piece, 64 bytes a load, as one stream or as four. The
// best of several passes counts. A buffer that fits into a cache is read from there. So `bytes`
// should be the size of the scanned data. Sizes above kMemoryBytes count as kMemoryBytes.
double ReadBandwidth(size_t threads, size_t bytes = kMemoryBytes);

// Returns the table look-ups of one byte that one core does per second in registers. They use the
// widest byte shuffle of a kernel level. This bounds a scan of the sign plane that memory does not
// bound. 0 for a level without a byte shuffle (scalar) and for one that this CPU lacks.
double LookupRate(absl::string_view kernels);

// Returns the multiply-accumulates of unsigned by signed bytes into 32 bits that one core does per
// second in registers. This bounds a scan of whole codes. The instruction is tdpbsud for amx and
// vpdpbusd zmm for avx512. For avx2, 64 products take two vpmaddubsw, a vpaddw, a vpmaddwd by ones
// and a vpaddd, which is exact for 7-bit operands. 0 for scalar and for a level that this CPU
// lacks.
double DotRate(absl::string_view kernels);

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_MEASURE_MACHINE_LIMITS_H_
