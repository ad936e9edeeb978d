#include <cstdint>

#include "absl/strings/match.h"
#include "bench/measure/best_of.h"
#include "bench/measure/machine_limits.h"
#include "core/kernels/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Measures how many instructions of a kind a core issues. Each loop runs several chains of
// dependent instructions side by side: enough of them to hide the latency of one. Chains are
// variables and not arrays, because g++ then keeps them in registers at every level of optimisation
// above none. The empty asm tells the compiler that its operands change, so nothing is folded or
// moved out of a loop.

namespace tqdb::bench {

#if defined(__x86_64__)

namespace {

constexpr uint64_t kRounds = 4'000'000;
constexpr uint64_t kTileRounds = kRounds / 16;

[[gnu::target("avx2")]] uint64_t ShuffleAvx2() {
  const __m256i table = _mm256_set1_epi64x(0x0706050403020100);
  __m256i i0 = _mm256_set1_epi8(0), i1 = _mm256_set1_epi8(1), i2 = _mm256_set1_epi8(2),
          i3 = _mm256_set1_epi8(3), i4 = _mm256_set1_epi8(4), i5 = _mm256_set1_epi8(5),
          i6 = _mm256_set1_epi8(6), i7 = _mm256_set1_epi8(7);
  for (uint64_t round = 0; round < kRounds; ++round) {
    i0 = _mm256_shuffle_epi8(table, i0);
    i1 = _mm256_shuffle_epi8(table, i1);
    i2 = _mm256_shuffle_epi8(table, i2);
    i3 = _mm256_shuffle_epi8(table, i3);
    i4 = _mm256_shuffle_epi8(table, i4);
    i5 = _mm256_shuffle_epi8(table, i5);
    i6 = _mm256_shuffle_epi8(table, i6);
    i7 = _mm256_shuffle_epi8(table, i7);
    asm volatile(""
                 : "+x"(i0), "+x"(i1), "+x"(i2), "+x"(i3), "+x"(i4), "+x"(i5), "+x"(i6), "+x"(i7));
  }
  return static_cast<uint64_t>(_mm256_extract_epi64(i0, 0));
}

[[gnu::target("avx512f,avx512bw")]] uint64_t ShuffleAvx512() {
  const __m512i table = _mm512_set1_epi64(0x0706050403020100);
  __m512i i0 = _mm512_set1_epi8(0), i1 = _mm512_set1_epi8(1), i2 = _mm512_set1_epi8(2),
          i3 = _mm512_set1_epi8(3), i4 = _mm512_set1_epi8(4), i5 = _mm512_set1_epi8(5),
          i6 = _mm512_set1_epi8(6), i7 = _mm512_set1_epi8(7);
  for (uint64_t round = 0; round < kRounds; ++round) {
    i0 = _mm512_shuffle_epi8(table, i0);
    i1 = _mm512_shuffle_epi8(table, i1);
    i2 = _mm512_shuffle_epi8(table, i2);
    i3 = _mm512_shuffle_epi8(table, i3);
    i4 = _mm512_shuffle_epi8(table, i4);
    i5 = _mm512_shuffle_epi8(table, i5);
    i6 = _mm512_shuffle_epi8(table, i6);
    i7 = _mm512_shuffle_epi8(table, i7);
    asm volatile(""
                 : "+v"(i0), "+v"(i1), "+v"(i2), "+v"(i3), "+v"(i4), "+v"(i5), "+v"(i6), "+v"(i7));
  }
  alignas(64) uint64_t words[8];
  _mm512_store_si512(words, i0);
  return words[0];
}

[[gnu::target("avx2"), gnu::always_inline]] inline __m256i AddDot(__m256i sum, __m256i row0,
                                                                  __m256i row1, __m256i query) {
  const __m256i pairs =
      _mm256_add_epi16(_mm256_maddubs_epi16(row0, query), _mm256_maddubs_epi16(row1, query));
  return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

// Multiplies two vectors of rows by four vectors of queries: eight products of 32 bytes a round.
[[gnu::target("avx2")]] uint64_t DotAvx2() {
  __m256i row0 = _mm256_set1_epi8(1), row1 = _mm256_set1_epi8(2);
  const __m256i query0 = _mm256_set1_epi8(3), query1 = _mm256_set1_epi8(4),
                query2 = _mm256_set1_epi8(5), query3 = _mm256_set1_epi8(6);
  __m256i sum0 = _mm256_setzero_si256(), sum1 = sum0, sum2 = sum0, sum3 = sum0;
  for (uint64_t round = 0; round < kRounds; ++round) {
    sum0 = AddDot(sum0, row0, row1, query0);
    sum1 = AddDot(sum1, row0, row1, query1);
    sum2 = AddDot(sum2, row0, row1, query2);
    sum3 = AddDot(sum3, row0, row1, query3);
    asm volatile("" : "+x"(row0), "+x"(row1), "+x"(sum0), "+x"(sum1), "+x"(sum2), "+x"(sum3));
  }
  sum0 = _mm256_add_epi32(_mm256_add_epi32(sum0, sum1), _mm256_add_epi32(sum2, sum3));
  return static_cast<uint64_t>(_mm256_extract_epi64(sum0, 0));
}

// Runs sixteen chains of vpdpbusd. Two a cycle with a latency of five need at least ten.
[[gnu::target("avx512f,avx512vnni")]] uint64_t DotAvx512() {
  const __m512i row = _mm512_set1_epi32(0x01020304), query = _mm512_set1_epi32(0x05060708);
  __m512i s0 = _mm512_setzero_si512(), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0,
          s7 = s0, s8 = s0, s9 = s0, s10 = s0, s11 = s0, s12 = s0, s13 = s0, s14 = s0, s15 = s0;
  for (uint64_t round = 0; round < kRounds; ++round) {
    s0 = _mm512_dpbusd_epi32(s0, row, query);
    s1 = _mm512_dpbusd_epi32(s1, row, query);
    s2 = _mm512_dpbusd_epi32(s2, row, query);
    s3 = _mm512_dpbusd_epi32(s3, row, query);
    s4 = _mm512_dpbusd_epi32(s4, row, query);
    s5 = _mm512_dpbusd_epi32(s5, row, query);
    s6 = _mm512_dpbusd_epi32(s6, row, query);
    s7 = _mm512_dpbusd_epi32(s7, row, query);
    s8 = _mm512_dpbusd_epi32(s8, row, query);
    s9 = _mm512_dpbusd_epi32(s9, row, query);
    s10 = _mm512_dpbusd_epi32(s10, row, query);
    s11 = _mm512_dpbusd_epi32(s11, row, query);
    s12 = _mm512_dpbusd_epi32(s12, row, query);
    s13 = _mm512_dpbusd_epi32(s13, row, query);
    s14 = _mm512_dpbusd_epi32(s14, row, query);
    s15 = _mm512_dpbusd_epi32(s15, row, query);
    asm volatile(""
                 : "+v"(s0), "+v"(s1), "+v"(s2), "+v"(s3), "+v"(s4), "+v"(s5), "+v"(s6), "+v"(s7));
    asm volatile(""
                 : "+v"(s8), "+v"(s9), "+v"(s10), "+v"(s11), "+v"(s12), "+v"(s13), "+v"(s14),
                   "+v"(s15));
  }
  // Add up all chains, so that none of them can be dropped.
  s0 = _mm512_add_epi32(_mm512_add_epi32(s0, s1), _mm512_add_epi32(s2, s3));
  s4 = _mm512_add_epi32(_mm512_add_epi32(s4, s5), _mm512_add_epi32(s6, s7));
  s8 = _mm512_add_epi32(_mm512_add_epi32(s8, s9), _mm512_add_epi32(s10, s11));
  s12 = _mm512_add_epi32(_mm512_add_epi32(s12, s13), _mm512_add_epi32(s14, s15));
  s0 = _mm512_add_epi32(_mm512_add_epi32(s0, s4), _mm512_add_epi32(s8, s12));
  alignas(64) uint64_t words[8];
  _mm512_store_si512(words, s0);
  return words[0];
}

// Multiplies tiles of 16 rows of 64 bytes, with four sums side by side.
#if defined(__linux__)
[[gnu::target("amx-tile,amx-int8")]] uint64_t MultiplyTiles() {
  alignas(64) uint8_t config[64] = {1};
  for (size_t t = 0; t < 8; ++t) {
    config[16 + 2 * t] = 64;  // bytes of a row
    config[48 + t] = 16;      // rows
  }
  alignas(64) int32_t sums[256];
  _tile_loadconfig(config);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_zero(4);
  _tile_zero(5);
  for (uint64_t round = 0; round < kTileRounds; ++round) {
    _tile_dpbsud(0, 4, 5);
    _tile_dpbsud(1, 4, 5);
    _tile_dpbsud(2, 4, 5);
    _tile_dpbsud(3, 4, 5);
  }
  _tile_stored(0, sums, 64);
  _tile_release();
  return static_cast<uint64_t>(sums[0]);
}
#endif

// Returns the units per second of a loop of kRounds rounds. `per_round` is the units of one round.
double RateOf(uint64_t (*rounds)(), uint64_t per_round) {
  return BestRate(static_cast<double>(kRounds * per_round), [rounds] { Keep(rounds()); });
}

bool HasAvx512() {
  return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vnni");
}

}  // namespace

double LookupRate(absl::string_view kernels) {
  if ((absl::StartsWith(kernels, "avx512") || kernels == "amx") && HasAvx512())
    return RateOf(ShuffleAvx512, 8 * 64);
  if (kernels == "avx2" && __builtin_cpu_supports("avx2")) return RateOf(ShuffleAvx2, 8 * 32);
  return 0;
}

double DotRate(absl::string_view kernels) {
#if defined(__linux__)
  // AmxKernels() is null if the operating system does not let the process use tiles.
  if (kernels == "amx" && AmxKernels() != nullptr) {
    return BestRate(4.0 * 16 * 16 * 64 * kTileRounds, [] { Keep(MultiplyTiles()); });
  }
#endif
  if (absl::StartsWith(kernels, "avx512") && HasAvx512()) return RateOf(DotAvx512, 16 * 64);
  if (kernels == "avx2" && __builtin_cpu_supports("avx2")) return RateOf(DotAvx2, 8 * 32);
  return 0;
}

#else

double LookupRate(absl::string_view) { return 0; }
double DotRate(absl::string_view) { return 0; }

#endif

}  // namespace tqdb::bench
