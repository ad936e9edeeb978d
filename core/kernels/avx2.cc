// AVX2 level: 8 floats or 32 bytes a vector. Everything is in anonymous functions compiled for AVX2 by
// the region below; headers stay outside it, so that no shared inline function is compiled for AVX2.
#include "core/kernels/kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <cstring>

#include "core/codebook.h"
#include "core/kernels/scalar_parts.h"
#include "core/record_packing.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2")
#endif

namespace tqdb {
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

__m256 AbsoluteOf(__m256 x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x); }

void DealRows(const float* in, const uint32_t* source, const float* factors, size_t rows, float* out) {
  for (size_t i = 0; i < rows; ++i) {
    const float* row = in + 16 * static_cast<size_t>(source[i]);
    _mm256_storeu_ps(out + 16 * i, _mm256_mul_ps(_mm256_loadu_ps(row), _mm256_loadu_ps(factors + 16 * i)));
    _mm256_storeu_ps(out + 16 * i + 8,
                     _mm256_mul_ps(_mm256_loadu_ps(row + 8), _mm256_loadu_ps(factors + 16 * i + 8)));
  }
}

// The stages of strides 4, 2 and 1 within one vector: partner + own, with the upper of each pair negated.
__m256 HadamardInVector(__m256 x) {
  const __m256 upper4 = _mm256_setr_ps(0, 0, 0, 0, -0.0f, -0.0f, -0.0f, -0.0f);
  const __m256 upper2 = _mm256_setr_ps(0, 0, -0.0f, -0.0f, 0, 0, -0.0f, -0.0f);
  const __m256 upper1 = _mm256_setr_ps(0, -0.0f, 0, -0.0f, 0, -0.0f, 0, -0.0f);
  x = _mm256_add_ps(_mm256_permute2f128_ps(x, x, 1), _mm256_xor_ps(x, upper4));
  x = _mm256_add_ps(_mm256_permute_ps(x, 0x4e), _mm256_xor_ps(x, upper2));
  return _mm256_add_ps(_mm256_permute_ps(x, 0xb1), _mm256_xor_ps(x, upper1));
}

void Butterfly(__m256& a, __m256& b) {
  const __m256 sum = _mm256_add_ps(a, b);
  b = _mm256_sub_ps(a, b);
  a = sum;
}

// Stages of strides n/2, n/4 and n/8 in one pass over memory, for n >= 64.
void HadamardRadix8(float* x, size_t n) {
  const size_t s = n / 8;
  for (size_t i = 0; i < s; i += 8) {
    __m256 v[8];
    for (size_t j = 0; j < 8; ++j) v[j] = _mm256_loadu_ps(x + i + j * s);
    for (size_t j = 0; j < 4; ++j) Butterfly(v[j], v[j + 4]);
    for (size_t j : {0, 1, 4, 5}) Butterfly(v[j], v[j + 2]);
    for (size_t j : {0, 2, 4, 6}) Butterfly(v[j], v[j + 1]);
    for (size_t j = 0; j < 8; ++j) _mm256_storeu_ps(x + i + j * s, v[j]);
  }
}

// All stages of n = 8, 16, 32 or 64 floats in registers.
template <size_t kVectors>
void HadamardInRegisters(float* x) {
  __m256 v[kVectors];
  for (size_t j = 0; j < kVectors; ++j) v[j] = _mm256_loadu_ps(x + 8 * j);
  for (size_t stride = kVectors / 2; stride > 0; stride /= 2) {
    for (size_t base = 0; base < kVectors; base += 2 * stride) {
      for (size_t j = base; j < base + stride; ++j) Butterfly(v[j], v[j + stride]);
    }
  }
  for (size_t j = 0; j < kVectors; ++j) _mm256_storeu_ps(x + 8 * j, HadamardInVector(v[j]));
}

void Hadamard(float* x, size_t n) {
  switch (n) {
    case 8: return HadamardInRegisters<1>(x);
    case 16: return HadamardInRegisters<2>(x);
    case 32: return HadamardInRegisters<4>(x);
    case 64: return HadamardInRegisters<8>(x);
    default: break;
  }
  if (n < 8) return scalar::Hadamard(x, n);
  HadamardRadix8(x, n);
  for (size_t i = 0; i < n; i += n / 8) Hadamard(x + i, n / 8);
}

void Norms(const float* y, size_t n, float sums[2]) {
  Lanes squares, absolutes;
  const size_t whole = n / kLanes * kLanes;
  for (size_t i = 0; i < whole; i += kLanes) {
    const __m256 a = _mm256_loadu_ps(y + i), b = _mm256_loadu_ps(y + i + 8);
    squares.low = _mm256_add_ps(squares.low, _mm256_mul_ps(a, a));
    squares.high = _mm256_add_ps(squares.high, _mm256_mul_ps(b, b));
    absolutes.low = _mm256_add_ps(absolutes.low, AbsoluteOf(a));
    absolutes.high = _mm256_add_ps(absolutes.high, AbsoluteOf(b));
  }
  float square_lanes[kLanes], absolute_lanes[kLanes];
  squares.Store(square_lanes);
  absolutes.Store(absolute_lanes);
  scalar::NormsFrom(y, whole, n, square_lanes, absolute_lanes);
  sums[0] = scalar::SumLanes(square_lanes);
  sums[1] = scalar::SumLanes(absolute_lanes);
}

// Eight levels (as int32) of eight magnitudes, for codebooks of at most 8 levels.
__m256i LevelsOf(__m256 magnitude, const __m256* boundaries, int count) {
  __m256i level = _mm256_setzero_si256();
  for (int b = 0; b < count; ++b) {
    const __m256 reached = _mm256_cmp_ps(magnitude, boundaries[b], _CMP_GE_OQ);
    level = _mm256_sub_epi32(level, _mm256_castps_si256(reached));
  }
  return level;
}

void Quantize(const float* y, size_t n, float scale, const Codebook& book, float* u, uint8_t* levels,
              float* centroids, float sums[2]) {
  if (book.levels > 8) return scalar::Quantize(y, n, scale, book, u, levels, centroids, sums);
  __m256 boundaries[7];
  for (int b = 0; b + 1 < book.levels; ++b) boundaries[b] = _mm256_set1_ps(book.boundaries[b]);
  const __m256 table = _mm256_loadu_ps(book.centroids.data());
  const __m256 scales = _mm256_set1_ps(scale);
  const __m256 sign_bit = _mm256_set1_ps(-0.0f);
  Lanes dots, squares;
  const size_t whole = n / kLanes * kLanes;
  for (size_t i = 0; i < whole; i += kLanes) {
    __m256i level[2];
    __m256 scaled[2], centroid[2];
    for (int half = 0; half < 2; ++half) {
      scaled[half] = _mm256_mul_ps(_mm256_loadu_ps(y + i + 8 * half), scales);
      level[half] = LevelsOf(AbsoluteOf(scaled[half]), boundaries, book.levels - 1);
      const __m256 positive = _mm256_cmp_ps(scaled[half], _mm256_setzero_ps(), _CMP_GE_OQ);
      centroid[half] = _mm256_xor_ps(_mm256_permutevar8x32_ps(table, level[half]),
                                     _mm256_andnot_ps(positive, sign_bit));
      _mm256_storeu_ps(u + i + 8 * half, scaled[half]);
      _mm256_storeu_ps(centroids + i + 8 * half, centroid[half]);
    }
    dots.low = _mm256_add_ps(dots.low, _mm256_mul_ps(scaled[0], centroid[0]));
    dots.high = _mm256_add_ps(dots.high, _mm256_mul_ps(scaled[1], centroid[1]));
    squares.low = _mm256_add_ps(squares.low, _mm256_mul_ps(centroid[0], centroid[0]));
    squares.high = _mm256_add_ps(squares.high, _mm256_mul_ps(centroid[1], centroid[1]));
    const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(level[0], level[1]), 0xd8);
    const __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(levels + i), bytes);
  }
  float dot_lanes[kLanes], square_lanes[kLanes];
  dots.Store(dot_lanes);
  squares.Store(square_lanes);
  scalar::QuantizeFrom(y, whole, n, scale, book, u, levels, centroids, dot_lanes, square_lanes);
  sums[0] = scalar::SumLanes(dot_lanes);
  sums[1] = scalar::SumLanes(square_lanes);
}

float SignedSum(const float* v, const float* z, size_t n) {
  const __m256 sign_bit = _mm256_set1_ps(-0.0f);
  Lanes sum;
  const size_t whole = n / kLanes * kLanes;
  for (size_t i = 0; i < whole; i += kLanes) {
    for (int half = 0; half < 2; ++half) {
      const __m256 positive = _mm256_cmp_ps(_mm256_loadu_ps(z + i + 8 * half), _mm256_setzero_ps(), _CMP_GE_OQ);
      const __m256 value = _mm256_xor_ps(_mm256_loadu_ps(v + i + 8 * half), _mm256_andnot_ps(positive, sign_bit));
      __m256& lanes = half == 0 ? sum.low : sum.high;
      lanes = _mm256_add_ps(lanes, value);
    }
  }
  float lanes[kLanes];
  sum.Store(lanes);
  scalar::SignedSumFrom(v, z, whole, n, lanes);
  return scalar::SumLanes(lanes);
}

void ResidualOf(const float* u, const float* c, float t, size_t n, float* r) {
  const __m256 factor = _mm256_set1_ps(t);
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const __m256 scaled = _mm256_mul_ps(factor, _mm256_loadu_ps(c + i));
    _mm256_storeu_ps(r + i, _mm256_sub_ps(_mm256_loadu_ps(u + i), scaled));
  }
  for (; i < n; ++i) r[i] = u[i] - t * c[i];
}

void PackSigns(const float* y, size_t n, uint8_t* bits) {
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const __m256 positive = _mm256_cmp_ps(_mm256_loadu_ps(y + i), _mm256_setzero_ps(), _CMP_GE_OQ);
    bits[i / 8] = static_cast<uint8_t>(_mm256_movemask_ps(positive));
  }
  if (i == n) return;
  bits[i / 8] = 0;
  for (; i < n; ++i) bits[i / 8] |= static_cast<uint8_t>((y[i] >= 0) << (i % 8));
}

// z < 0 clears, z >= 0 sets the new lowest bit of each field.
void AppendSigns(const float* z, size_t n, uint8_t* fields) {
  size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    const __m256i low = _mm256_castps_si256(_mm256_cmp_ps(_mm256_loadu_ps(z + i), _mm256_setzero_ps(), _CMP_GE_OQ));
    const __m256i high =
        _mm256_castps_si256(_mm256_cmp_ps(_mm256_loadu_ps(z + i + 8), _mm256_setzero_ps(), _CMP_GE_OQ));
    const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xd8);
    const __m128i set = _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    __m128i* field = reinterpret_cast<__m128i*>(fields + i);
    const __m128i old = _mm_loadu_si128(field);
    // Twice the field, minus -1 where the bit is set.
    _mm_storeu_si128(field, _mm_sub_epi8(_mm_add_epi8(old, old), set));
  }
  for (; i < n; ++i) fields[i] = static_cast<uint8_t>(fields[i] << 1 | (z[i] >= 0));
}

// 32 parts of kBits bits, a byte each, to and from 4 * kBits dense bytes.
template <int kBits>
void PackPart(__m256i part, uint8_t* out) {
  if constexpr (kBits == 8) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), part);
  } else if constexpr (kBits == 4) {
    // Bytes a, b become a | b << 4: one multiply-add of pairs with (1, 16).
    const __m256i words = _mm256_maddubs_epi16(part, _mm256_set1_epi16(0x1001));
    const __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), bytes);
  } else if constexpr (kBits == 2) {
    // Pairs a | b << 2, then pairs of those.
    const __m256i words = _mm256_maddubs_epi16(part, _mm256_set1_epi16(0x0401));
    const __m256i dwords = _mm256_madd_epi16(words, _mm256_set1_epi32(0x00100001));
    const __m256i narrow = _mm256_permute4x64_epi64(_mm256_packs_epi32(dwords, dwords), 0xd8);
    const __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(narrow), _mm_setzero_si128());
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out), bytes);
  } else {
    const int bits = _mm256_movemask_epi8(_mm256_slli_epi16(part, 7));
    std::memcpy(out, &bits, 4);
  }
}

template <int kBits>
__m256i UnpackPart(const uint8_t* in) {
  if constexpr (kBits == 8) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in));
  } else if constexpr (kBits == 4) {
    const __m256i words = _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(in)));
    return _mm256_and_si256(_mm256_or_si256(words, _mm256_slli_epi16(words, 4)), _mm256_set1_epi8(15));
  } else if constexpr (kBits == 2) {
    const __m256i dwords = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(in)));
    const __m256i halves = _mm256_or_si256(dwords, _mm256_slli_epi32(dwords, 12));
    return _mm256_and_si256(_mm256_or_si256(halves, _mm256_slli_epi32(halves, 6)), _mm256_set1_epi8(3));
  } else {
    int bits;
    std::memcpy(&bits, in, 4);
    // Byte i / 8 of the four goes to byte i.
    const __m256i spread = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
    const __m256i bytes = _mm256_shuffle_epi8(_mm256_set1_epi32(bits), spread);
    const __m256i own = _mm256_set1_epi64x(static_cast<int64_t>(0x8040201008040201));
    const __m256i set = _mm256_cmpeq_epi8(_mm256_and_si256(bytes, own), own);
    return _mm256_and_si256(set, _mm256_set1_epi8(1));
  }
}

template <int kBits>
void PackSection(const uint8_t* fields, size_t n, int shift, uint8_t* out) {
  const __m256i mask = _mm256_set1_epi8(static_cast<char>((1 << kBits) - 1));
  const __m128i count = _mm_cvtsi32_si128(shift);
  const auto part = [&](const uint8_t* from) {
    const __m256i field = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    return _mm256_and_si256(_mm256_srl_epi16(field, count), mask);
  };
  size_t i = 0;
  for (; i + 32 <= n; i += 32) PackPart<kBits>(part(fields + i), out + i * kBits / 8);
  if (i == n) return;
  uint8_t tail[32] = {}, packed[32];
  std::memcpy(tail, fields + i, n - i);
  PackPart<kBits>(part(tail), packed);
  std::memcpy(out + i * kBits / 8, packed, ((n - i) * kBits + 7) / 8);
}

// Adds the section's bits to the fields.
template <int kBits>
void UnpackSection(const uint8_t* in, size_t n, int shift, uint8_t* fields) {
  const __m128i count = _mm_cvtsi32_si128(shift);
  const auto add = [&](const uint8_t* from, uint8_t* to) {
    __m256i* field = reinterpret_cast<__m256i*>(to);
    // A part shifted by `shift` stays within its byte: fields have at most 8 bits.
    const __m256i part = _mm256_sll_epi16(UnpackPart<kBits>(from), count);
    _mm256_storeu_si256(field, _mm256_or_si256(_mm256_loadu_si256(field), part));
  };
  size_t i = 0;
  for (; i + 32 <= n; i += 32) add(in + i * kBits / 8, fields + i);
  if (i == n) return;
  uint8_t packed[32] = {}, tail[32];
  std::memcpy(packed, in + i * kBits / 8, ((n - i) * kBits + 7) / 8);
  std::memset(tail, 0, sizeof(tail));
  std::memcpy(tail, fields + i, n - i);
  add(packed, tail);
  std::memcpy(fields + i, tail, n - i);
}

void PackFields(const RecordPacking& packing, const uint8_t* fields, uint8_t* packed) {
  for (int s = 0; s < packing.num_sections; ++s) {
    const RecordPacking::Section& section = packing.sections[s];
    uint8_t* out = packed + section.offset;
    switch (section.bits) {
      case 8: PackSection<8>(fields, packing.dim, section.shift, out); break;
      case 4: PackSection<4>(fields, packing.dim, section.shift, out); break;
      case 2: PackSection<2>(fields, packing.dim, section.shift, out); break;
      default: PackSection<1>(fields, packing.dim, section.shift, out); break;
    }
  }
}

void UnpackFields(const RecordPacking& packing, const uint8_t* packed, uint8_t* fields) {
  std::memset(fields, 0, packing.dim);
  for (int s = 0; s < packing.num_sections; ++s) {
    const RecordPacking::Section& section = packing.sections[s];
    const uint8_t* in = packed + section.offset;
    switch (section.bits) {
      case 8: UnpackSection<8>(in, packing.dim, section.shift, fields); break;
      case 4: UnpackSection<4>(in, packing.dim, section.shift, fields); break;
      case 2: UnpackSection<2>(in, packing.dim, section.shift, fields); break;
      default: UnpackSection<1>(in, packing.dim, section.shift, fields); break;
    }
  }
}

// 16-bit sums of 32 vectors: `whole` adds the table bytes in pairs, `odd` only the odd ones; the even
// ones are the difference. A table byte is at most 252, so 128 look-ups fit 16 bits in each half.
struct PairSums {
  PairSums() : whole(_mm256_setzero_si256()), odd(_mm256_setzero_si256()) {}
  __m256i whole, odd;

  void Add(__m256i bytes) {
    whole = _mm256_add_epi16(whole, bytes);
    odd = _mm256_add_epi16(odd, _mm256_srli_epi16(bytes, 8));
  }
  // Adds the sums of vectors 0..31 to out, and starts again.
  void Flush(int32_t* out) {
    const __m256i even = _mm256_sub_epi16(whole, _mm256_slli_epi16(odd, 8));
    const __m256i low = _mm256_unpacklo_epi16(even, odd);    // vectors 0..7, 16..23
    const __m256i high = _mm256_unpackhi_epi16(even, odd);   // vectors 8..15, 24..31
    const __m128i parts[4] = {_mm256_castsi256_si128(low), _mm256_castsi256_si128(high),
                              _mm256_extracti128_si256(low, 1), _mm256_extracti128_si256(high, 1)};
    for (int p = 0; p < 4; ++p) {
      __m256i* sum = reinterpret_cast<__m256i*>(out + 8 * p);
      _mm256_storeu_si256(sum, _mm256_add_epi32(_mm256_loadu_si256(sum), _mm256_cvtepu16_epi32(parts[p])));
    }
    *this = PairSums();
  }
};

// A plane of a block that is being filled is read while a writer stores bytes of rows that are not yet
// published; those rows' sums are masked away. ThreadSanitizer cannot know.
#if defined(__clang__) || defined(__GNUC__)
__attribute__((no_sanitize("thread")))
#endif
void ScanSigns(const uint8_t* plane, size_t bytes_per_row, const uint8_t* const* tables, size_t num_queries,
               int32_t* sums) {
  const __m256i mask = _mm256_set1_epi8(15);
  constexpr size_t kFlush = 64;  // byte positions, two look-ups each
  for (size_t q = 0; q < num_queries; ++q) {
    int32_t* sum = sums + q * kBlockRows;
    const __m256i start = _mm256_set1_epi32(-static_cast<int32_t>(bytes_per_row) * 256);
    for (size_t v = 0; v < kBlockRows; v += 8) _mm256_storeu_si256(reinterpret_cast<__m256i*>(sum + v), start);
    for (size_t first = 0; first < bytes_per_row; first += kFlush) {
      const size_t last = first + kFlush < bytes_per_row ? first + kFlush : bytes_per_row;
      PairSums half[2];
      for (size_t b = first; b < last; ++b) {
        const __m256i low_table =
            _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(tables[q] + b * 32)));
        const __m256i high_table = _mm256_broadcastsi128_si256(
            _mm_loadu_si128(reinterpret_cast<const __m128i*>(tables[q] + b * 32 + 16)));
        for (int h = 0; h < 2; ++h) {
          const __m256i bytes =
              _mm256_loadu_si256(reinterpret_cast<const __m256i*>(plane + b * kBlockRows + 32 * h));
          half[h].Add(_mm256_shuffle_epi8(low_table, _mm256_and_si256(bytes, mask)));
          half[h].Add(_mm256_shuffle_epi8(high_table, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), mask)));
        }
      }
      half[0].Flush(sum);
      half[1].Flush(sum + 32);
    }
  }
}

uint64_t Survivors(const int32_t* sums, const float* bias, const float* scale, const float* error,
                   float weight, float error_weight, float threshold) {
  const __m256 weights = _mm256_set1_ps(weight), error_weights = _mm256_set1_ps(error_weight);
  const __m256 thresholds = _mm256_set1_ps(threshold);
  uint64_t mask = 0;
  for (size_t v = 0; v < kBlockRows; v += 8) {
    const __m256 sum = _mm256_cvtepi32_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(sums + v)));
    const __m256 estimate = _mm256_add_ps(
        _mm256_loadu_ps(bias + v), _mm256_mul_ps(weights, _mm256_mul_ps(_mm256_loadu_ps(scale + v), sum)));
    const __m256 bound =
        _mm256_add_ps(estimate, _mm256_mul_ps(error_weights, _mm256_loadu_ps(error + v)));
    const int reached = _mm256_movemask_ps(_mm256_cmp_ps(bound, thresholds, _CMP_GE_OQ));
    mask |= static_cast<uint64_t>(static_cast<unsigned>(reached)) << v;
  }
  return mask;
}

// x with the sign of lane l flipped where bit l of `positive` is clear.
__m256 WithSigns(__m256 x, unsigned positive) {
  const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  const __m256i set = _mm256_and_si256(_mm256_set1_epi32(static_cast<int>(positive)), bit);
  const __m256i clear = _mm256_cmpeq_epi32(set, _mm256_setzero_si256());
  return _mm256_xor_ps(x, _mm256_and_ps(_mm256_castsi256_ps(clear), _mm256_set1_ps(-0.0f)));
}

void Refine(const float* rotated, const float* residual, size_t n, const Codebook& book, int level_shift,
            const uint8_t* signs, const uint8_t* fields, float out[2]) {
  if (book.levels > 8) return scalar::Refine(rotated, residual, n, book, level_shift, signs, fields, out);
  const __m256 table = _mm256_loadu_ps(book.centroids.data());
  const __m128i shift = _mm_cvtsi32_si128(level_shift);
  Lanes codes, bits;
  for (size_t i = 0; i < n; i += kLanes) {
    for (int half = 0; half < 2; ++half) {
      const size_t j = i + 8 * static_cast<size_t>(half);
      const __m256i field =
          _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(fields + j)));
      const __m256 centroid =
          WithSigns(_mm256_permutevar8x32_ps(table, _mm256_srl_epi32(field, shift)), signs[j / 8]);
      __m256& code_sum = half == 0 ? codes.low : codes.high;
      code_sum = _mm256_add_ps(code_sum, _mm256_mul_ps(_mm256_loadu_ps(rotated + j), centroid));
      if (level_shift == 1) {
        // Bit 0 clear flips the sign: move its complement to bit 31.
        const __m256i flip = _mm256_andnot_si256(_mm256_slli_epi32(field, 31), _mm256_set1_epi32(INT32_MIN));
        __m256& bit_sum = half == 0 ? bits.low : bits.high;
        bit_sum = _mm256_add_ps(bit_sum,
                                _mm256_xor_ps(_mm256_loadu_ps(residual + j), _mm256_castsi256_ps(flip)));
      }
    }
  }
  float lanes[kLanes];
  codes.Store(lanes);
  out[0] = scalar::SumLanes(lanes);
  bits.Store(lanes);
  out[1] = scalar::SumLanes(lanes);
}

}  // namespace
}  // namespace tqdb

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

namespace tqdb {

const Kernels* Avx2Kernels() {
  static const Kernels kernels = {
      .name = "avx2",
      .plane_group = 1,
      .deal_rows = DealRows,
      .hadamard = Hadamard,
      .norms = Norms,
      .quantize = Quantize,
      .signed_sum = SignedSum,
      .residual = ResidualOf,
      .pack_signs = PackSigns,
      .append_signs = AppendSigns,
      .pack_fields = PackFields,
      .unpack_fields = UnpackFields,
      .scan_signs = ScanSigns,
      .survivors = Survivors,
      .refine = Refine,
  };
  return __builtin_cpu_supports("avx2") ? &kernels : nullptr;
}

}  // namespace tqdb

#else

namespace tqdb {
const Kernels* Avx2Kernels() { return nullptr; }
}  // namespace tqdb

#endif
