#include "bench/machine_limits.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <vector>

#include "bench/parallel.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tqdb::bench {
namespace {

constexpr size_t kBufferBytes = size_t{512} << 20;  // far beyond any cache
constexpr int kPasses = 7;

using Clock = std::chrono::steady_clock;
double Seconds(Clock::duration d) { return std::chrono::duration<double>(d).count(); }

// Keeps the compiler from dropping work whose result nobody reads.
std::atomic<uint64_t> sink{0};

uint64_t SumWords(const uint64_t* words, size_t count) {
  uint64_t sums[8] = {};
  for (size_t i = 0; i + 8 <= count; i += 8) {
    for (size_t j = 0; j < 8; ++j) sums[j] += words[i + j];
  }
  uint64_t total = 0;
  for (uint64_t sum : sums) total += sum;
  return total;
}

}  // namespace

double ReadBandwidth(size_t threads) {
  const std::vector<uint64_t> words(kBufferBytes / sizeof(uint64_t), 1);
  const size_t piece = words.size() / threads;
  double best = 0;
  for (int pass = 0; pass < kPasses; ++pass) {
    const Clock::time_point start = Clock::now();
    OnThreads(threads, [&](size_t t) {
      sink.fetch_add(SumWords(words.data() + t * piece, piece), std::memory_order_relaxed);
    });
    const double bytes = static_cast<double>(piece * threads * sizeof(uint64_t));
    best = std::max(best, bytes / Seconds(Clock::now() - start));
  }
  return best;
}

#if defined(__x86_64__)

namespace {

constexpr uint64_t kRounds = 4'000'000;

// Eight independent chains hide the latency; each round is eight shuffles. The empty asm keeps the
// compiler from folding them.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2")
#endif
uint64_t ShuffleAvx2() {
  __m256i index[8];
  const __m256i table = _mm256_set1_epi64x(0x0706050403020100);
  for (int i = 0; i < 8; ++i) index[i] = _mm256_set1_epi8(static_cast<char>(i));
  for (uint64_t round = 0; round < kRounds; ++round) {
    for (int i = 0; i < 8; ++i) index[i] = _mm256_shuffle_epi8(table, index[i]);
    asm volatile(""
                 : "+x"(index[0]), "+x"(index[1]), "+x"(index[2]), "+x"(index[3]), "+x"(index[4]),
                   "+x"(index[5]), "+x"(index[6]), "+x"(index[7]));
  }
  return static_cast<uint64_t>(_mm256_extract_epi64(index[0], 0));
}
#if defined(__clang__)
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw"))), apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw")
#endif
uint64_t ShuffleAvx512() {
  __m512i index[8];
  const __m512i table = _mm512_set1_epi64(0x0706050403020100);
  for (int i = 0; i < 8; ++i) index[i] = _mm512_set1_epi8(static_cast<char>(i));
  for (uint64_t round = 0; round < kRounds; ++round) {
    for (int i = 0; i < 8; ++i) index[i] = _mm512_shuffle_epi8(table, index[i]);
    asm volatile(""
                 : "+v"(index[0]), "+v"(index[1]), "+v"(index[2]), "+v"(index[3]), "+v"(index[4]),
                   "+v"(index[5]), "+v"(index[6]), "+v"(index[7]));
  }
  alignas(64) uint64_t words[8];
  _mm512_store_si512(words, index[0]);
  return words[0];
}
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

double BestRate(uint64_t (*shuffle)(), size_t lanes) {
  double best = 0;
  for (int pass = 0; pass < kPasses; ++pass) {
    const Clock::time_point start = Clock::now();
    sink.fetch_add(shuffle(), std::memory_order_relaxed);
    best = std::max(best, static_cast<double>(kRounds * 8 * lanes) / Seconds(Clock::now() - start));
  }
  return best;
}

}  // namespace

double LookupRate(absl::string_view kernels) {
  if (kernels == "avx512" && __builtin_cpu_supports("avx512bw")) return BestRate(ShuffleAvx512, 64);
  if (kernels == "avx2" && __builtin_cpu_supports("avx2")) return BestRate(ShuffleAvx2, 32);
  return 0;
}

#else

double LookupRate(absl::string_view) { return 0; }

#endif

}  // namespace tqdb::bench
