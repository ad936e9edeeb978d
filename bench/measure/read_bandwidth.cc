#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "bench/measure/best_of.h"
#include "bench/measure/machine_limits.h"
#include "bench/measure/parallel.h"

namespace tqdb::bench {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kLineBytes = 64;
constexpr size_t kLanes = 4;
// Bytes of one pass. Smaller buffers are read several times, so that a pass is long enough to time.
constexpr size_t kMinBytesPerPass = size_t{256} << 20;

// One cache line. Reading it is one load if the target has registers of 64 bytes, and two or four
// loads otherwise.
using Line [[gnu::vector_size(kLineBytes), gnu::may_alias]] = uint64_t;

// Adds up `count` lines in four lanes. Lanes begin `lane_stride` lines apart and advance by `step`
// lines. (1, 4) reads one stream, and (count / 4, 1) reads four streams. Some CPUs are faster with
// one of them, some with the other.
[[gnu::always_inline]] inline uint64_t SumLanes(const Line* lines, size_t count, size_t lane_stride,
                                                size_t step) {
  const Line* lane0 = lines;
  const Line* lane1 = lane0 + lane_stride;
  const Line* lane2 = lane1 + lane_stride;
  const Line* lane3 = lane2 + lane_stride;
  Line sum0{}, sum1{}, sum2{}, sum3{};
  for (size_t i = 0; i < count / kLanes; ++i) {
    sum0 += *lane0;
    sum1 += *lane1;
    sum2 += *lane2;
    sum3 += *lane3;
    lane0 += step;
    lane1 += step;
    lane2 += step;
    lane3 += step;
  }
  sum0 += sum1 + sum2 + sum3;
  return sum0[0] + sum0[7];
}

using SumFn = uint64_t (*)(const Line*, size_t, size_t, size_t);

uint64_t SumPortable(const Line* lines, size_t count, size_t lane_stride, size_t step) {
  return SumLanes(lines, count, lane_stride, step);
}

#if defined(__x86_64__)
[[gnu::target("avx2")]] uint64_t SumAvx2(const Line* lines, size_t count, size_t lane_stride,
                                         size_t step) {
  return SumLanes(lines, count, lane_stride, step);
}

[[gnu::target("avx512f")]] uint64_t SumAvx512(const Line* lines, size_t count, size_t lane_stride,
                                              size_t step) {
  return SumLanes(lines, count, lane_stride, step);
}

// Returns the best variant of this CPU, whatever kernels are measured: the limit of memory is the
// same for all of them.
SumFn BestSum() {
  if (__builtin_cpu_supports("avx512f")) return SumAvx512;
  if (__builtin_cpu_supports("avx2")) return SumAvx2;
  return SumPortable;
}
#else
SumFn BestSum() { return SumPortable; }
#endif

// Deleter for memory of aligned_alloc.
struct Free {
  void operator()(void* memory) const { std::free(memory); }
};

}  // namespace

double ReadBandwidth(size_t threads, size_t bytes) {
  const size_t wanted = std::clamp(bytes, threads * kLanes * kLineBytes, kMemoryBytes);
  const size_t reserved = (wanted + kHugePage - 1) / kHugePage * kHugePage;
  const std::unique_ptr<void, Free> buffer(std::aligned_alloc(kHugePage, reserved));
  if (buffer == nullptr) return 0;
  madvise(buffer.get(), reserved, MADV_HUGEPAGE);  // only a wish: pages may stay small
  std::memset(buffer.get(), 1, reserved);

  const size_t piece = wanted / kLineBytes / threads / kLanes * kLanes;  // lines of one thread
  const double piece_bytes = static_cast<double>(piece * kLineBytes * threads);
  const size_t repeats = std::max<size_t>(1, kMinBytesPerPass / wanted);
  const SumFn sum = BestSum();
  const auto rate = [&](size_t lane_stride, size_t step) {
    return BestRate(piece_bytes * static_cast<double>(repeats), [&] {
      OnThreads(threads, [&](size_t t) {
        const Line* lines = static_cast<const Line*>(buffer.get()) + t * piece;
        for (size_t i = 0; i < repeats; ++i) Keep(sum(lines, piece, lane_stride, step));
      });
    });
  };
  return std::max(rate(1, kLanes), rate(piece / kLanes, 1));
}

}  // namespace tqdb::bench
