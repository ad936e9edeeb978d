// What this machine can do at best, measured in the same run as the code that is held against it.
#ifndef TQDB_BENCH_MACHINE_LIMITS_H_
#define TQDB_BENCH_MACHINE_LIMITS_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace tqdb::bench {

// Bytes per second that `threads` threads together read from memory, each its own piece of one
// large buffer in sequence: the best of several passes.
double ReadBandwidth(size_t threads);

// Table look-ups of one byte each that one core does per second in registers with the widest byte
// shuffle of the kernel level: what bounds a scan of the sign plane that is no longer bound by
// memory. Zero for a level without a byte shuffle (scalar) or one that this CPU lacks.
double LookupRate(absl::string_view kernels);

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_MACHINE_LIMITS_H_
