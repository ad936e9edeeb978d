// AVX2 level, scan and refinement: 32 bytes of codes a vector.
//
// The sign stage is a matter of look-ups: four sign bits of a row choose one of 16 table bytes. One
// shuffle makes 32 such look-ups, for 32 rows, in the table of one query. That is why the plane
// holds the same byte of 64 rows side by side. The bytes that come out are summed in 16 bits and
// spilled to 32 bits before they could overflow.
//
// The code stage multiplies bytes. A multiply-add of bytes gives sums of two products in 16 bits,
// and a second one with ones widens them to 32.
#if defined(__x86_64__)

#include <immintrin.h>

#include <cstring>

#include "core/codec/codebook.h"
#include "core/codec/record_packing.h"
#include "core/kernels/avx2_parts.h"
#include "core/kernels/scalar_parts.h"

#include "core/kernels/avx2_begin.h"
// Inside the region, in this order.
// clang-format off
#include "core/kernels/avx2_inline.h"
// clang-format on

namespace tqdb::avx2 {

namespace {

// Sums of 32 rows, a byte each, in two vectors of 16 bits.
//
// Widening bytes before adding them would cost two operations an addition. Instead `whole` adds
// pairs of bytes as words of 16 bits, and `odd` adds the upper bytes of the pairs alone. The sum of
// the lower bytes is then whole - 256 odd, computed modulo 2^16. Example: the pairs (3, 1) and (4,
// 2) are the words 259 and 516. whole is 775 and odd is 3, so the lower sum is 775 - 768 = 7.
//
// A table byte is at most 252, so the sum of 128 look-ups is at most 32,256 and fits.
struct PairSums {
  PairSums() : whole(_mm256_setzero_si256()), odd(_mm256_setzero_si256()) {}
  __m256i whole, odd;

  void Add(__m256i bytes) {
    whole = _mm256_add_epi16(whole, bytes);
    odd = _mm256_add_epi16(odd, _mm256_srli_epi16(bytes, 8));
  }
  // Adds the sums of rows 0..31 to out, and starts again.
  void Flush(int32_t* out) {
    const __m256i even = _mm256_sub_epi16(whole, _mm256_slli_epi16(odd, 8));
    const __m256i low = _mm256_unpacklo_epi16(even, odd);   // rows 0..7, 16..23
    const __m256i high = _mm256_unpackhi_epi16(even, odd);  // rows 8..15, 24..31
    const __m128i parts[4] = {_mm256_castsi256_si128(low), _mm256_castsi256_si128(high),
                              _mm256_extracti128_si256(low, 1), _mm256_extracti128_si256(high, 1)};
    for (int p = 0; p < 4; ++p) {
      __m256i* sum = reinterpret_cast<__m256i*>(out + 8 * p);
      _mm256_storeu_si256(
          sum, _mm256_add_epi32(_mm256_loadu_si256(sum), _mm256_cvtepu16_epi32(parts[p])));
    }
    *this = PairSums();
  }
};

}  // namespace

// While a block is being filled, a scan reads its plane and a writer stores bytes of rows that are
// not published. The sums of these rows are masked away, and a row's bytes go into no other row's
// sum, so the race is harmless. ThreadSanitizer cannot know that.
#if defined(__clang__) || defined(__GNUC__)
__attribute__((no_sanitize("thread")))
#endif
void ScanSigns(const SignBlock& block, const SignBlock& /*next*/, size_t bytes_per_row,
               const uint8_t* const* tables, size_t num_queries, int32_t* sums) {
  const uint8_t* plane = block.plane;
  const __m256i mask = _mm256_set1_epi8(15);
  constexpr size_t kFlush = 64;  // byte positions between spills, with two look-ups each
  for (size_t q = 0; q < num_queries; ++q) {
    int32_t* sum = sums + q * kBlockRows;
    const __m256i start = _mm256_set1_epi32(-static_cast<int32_t>(bytes_per_row) * 256);
    for (size_t v = 0; v < kBlockRows; v += 8)
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(sum + v), start);
    for (size_t first = 0; first < bytes_per_row; first += kFlush) {
      const size_t last = first + kFlush < bytes_per_row ? first + kFlush : bytes_per_row;
      PairSums half[2];
      for (size_t b = first; b < last; ++b) {
        const __m256i low_table = _mm256_broadcastsi128_si256(
            _mm_loadu_si128(reinterpret_cast<const __m128i*>(tables[q] + b * 32)));
        const __m256i high_table = _mm256_broadcastsi128_si256(
            _mm_loadu_si128(reinterpret_cast<const __m128i*>(tables[q] + b * 32 + 16)));
        for (int h = 0; h < 2; ++h) {
          const __m256i bytes =
              _mm256_loadu_si256(reinterpret_cast<const __m256i*>(plane + b * kBlockRows + 32 * h));
          half[h].Add(_mm256_shuffle_epi8(low_table, _mm256_and_si256(bytes, mask)));
          half[h].Add(
              _mm256_shuffle_epi8(high_table, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), mask)));
        }
      }
      half[0].Flush(sum);
      half[1].Flush(sum + 32);
    }
  }
}

namespace {

// Transposes 16 bytes of 16 rows at a time. Interleaving vector i with vector i + 8 four times
// moves byte i of vector j to byte j of vector i.
void GatherSigns(const uint8_t* plane, size_t bytes_per_row, size_t first_row, size_t stride,
                 uint8_t* signs) {
  size_t b = 0;
  for (; b + 16 <= bytes_per_row; b += 16) {
    __m128i x[16], y[16];
    for (size_t i = 0; i < 16; ++i) {
      x[i] = _mm_loadu_si128(
          reinterpret_cast<const __m128i*>(plane + (b + i) * kBlockRows + first_row));
    }
    for (int round = 0; round < 4; ++round) {
      for (size_t i = 0; i < 8; ++i) {
        y[2 * i] = _mm_unpacklo_epi8(x[i], x[i + 8]);
        y[2 * i + 1] = _mm_unpackhi_epi8(x[i], x[i + 8]);
      }
      for (size_t i = 0; i < 16; ++i) x[i] = y[i];
    }
    for (size_t r = 0; r < 16; ++r)
      _mm_storeu_si128(reinterpret_cast<__m128i*>(signs + r * stride + b), x[r]);
  }
  if (b < bytes_per_row) {
    scalar::GatherSigns(plane + b * kBlockRows, bytes_per_row - b, first_row, stride, signs + b);
  }
}

// Expands codes with up to 16 levels, whose magnitudes are one shuffle table.
void ExpandCodes(const RecordPacking& packing, const uint8_t* signs, const uint8_t* packed,
                 size_t n, const Codebook& book, int level_shift, uint8_t* row) {
  if (book.levels > 16)
    return scalar::ExpandCodes(packing, signs, packed, n, book, level_shift, row);
  UnpackFields(packing, packed, row);
  const __m256i zero = _mm256_set1_epi8(kCodeZero);
  const __m256i table = _mm256_broadcastsi128_si256(
      _mm_loadu_si128(reinterpret_cast<const __m128i*>(book.magnitudes.data())));
  const __m128i shift = _mm_cvtsi32_si128(level_shift);
  const __m256i level_mask = _mm256_set1_epi8(15);
  // Byte i / 8 of four goes to byte i, and there bit i % 8 decides.
  const __m256i spread =
      _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
  const __m256i own = _mm256_set1_epi64x(static_cast<int64_t>(0x8040201008040201));
  for (size_t i = 0; i < n; i += 32) {
    const __m256i field = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(row + i));
    const __m256i level = _mm256_and_si256(_mm256_srl_epi16(field, shift), level_mask);
    const __m256i magnitude = _mm256_shuffle_epi8(table, level);
    int bits;
    std::memcpy(&bits, signs + i / 8, 4);
    const __m256i set = _mm256_and_si256(_mm256_shuffle_epi8(_mm256_set1_epi32(bits), spread), own);
    // `clear` is all ones, which is -1, where the sign bit is clear. (x ^ -1) - (-1) is -x.
    const __m256i clear = _mm256_cmpeq_epi8(set, _mm256_setzero_si256());
    const __m256i code = _mm256_sub_epi8(_mm256_xor_si256(magnitude, clear), clear);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(row + i), _mm256_add_epi8(zero, code));
  }
}

// Returns the sum of eight int32.
int32_t SumDwords(__m256i v) {
  const __m128i half = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  const __m128i pair = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
  return _mm_cvtsi128_si32(_mm_add_epi32(pair, _mm_shuffle_epi32(pair, 0xb1)));
}

// Multiplies two rows with kQueries queries. With two rows and four queries, each load of codes
// serves four products and each load of weights two. The eight sums stay in registers.
//
// A code byte is at most 127 and a weight at most 63. Two sums of two products are at most 32,004,
// which fits 16 bits with a sign.
template <size_t kQueries>
void DotTwoRows(const uint8_t* rows, size_t n, const int8_t* weights, const int32_t* zeros,
                int32_t* sums) {
  const __m256i ones = _mm256_set1_epi16(1);
  __m256i sum[kQueries][2] = {};
  for (size_t i = 0; i < n; i += 64) {
    const auto codes = [&](size_t r, size_t half) {
      return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(rows + r * n + i + 32 * half));
    };
    const __m256i code00 = codes(0, 0), code01 = codes(0, 1), code10 = codes(1, 0),
                  code11 = codes(1, 1);
    for (size_t q = 0; q < kQueries; ++q) {
      const __m256i* of_query = reinterpret_cast<const __m256i*>(weights + q * n + i);
      const __m256i low = _mm256_loadu_si256(of_query), high = _mm256_loadu_si256(of_query + 1);
      const __m256i first =
          _mm256_add_epi16(_mm256_maddubs_epi16(code00, low), _mm256_maddubs_epi16(code01, high));
      const __m256i second =
          _mm256_add_epi16(_mm256_maddubs_epi16(code10, low), _mm256_maddubs_epi16(code11, high));
      sum[q][0] = _mm256_add_epi32(sum[q][0], _mm256_madd_epi16(first, ones));
      sum[q][1] = _mm256_add_epi32(sum[q][1], _mm256_madd_epi16(second, ones));
    }
  }
  for (size_t q = 0; q < kQueries; ++q) {
    for (size_t r = 0; r < 2; ++r) sums[q * kBlockRows + r] = SumDwords(sum[q][r]) - zeros[q];
  }
}

// Takes four queries at a time over all rows of the tile.
void DotRows(const uint8_t* rows, size_t n, const CodeQueries& queries, int32_t* sums) {
  for (size_t first = 0; first < queries.count; first += 4) {
    const size_t count = queries.count - first < 4 ? queries.count - first : 4;
    const int8_t* weights = queries.weights + first * n;
    const int32_t* zeros = queries.zeros + first;
    for (size_t r = 0; r < kBlockRows; r += 2) {
      int32_t* out = sums + first * kBlockRows + r;
      switch (count) {
        case 4: DotTwoRows<4>(rows + r * n, n, weights, zeros, out); break;
        case 3: DotTwoRows<3>(rows + r * n, n, weights, zeros, out); break;
        case 2: DotTwoRows<2>(rows + r * n, n, weights, zeros, out); break;
        default: DotTwoRows<1>(rows + r * n, n, weights, zeros, out); break;
      }
    }
  }
}

}  // namespace

void SumCodes(const RecordPacking& packing, const CodeBlock& block, size_t n, const Codebook& book,
              int level_shift, const CodeQueries& queries, uint8_t* tile, int32_t* sums) {
  scalar::SumCodesByRows<GatherSigns, ExpandCodes, DotRows>(packing, block, n, book, level_shift,
                                                            queries, tile, sums);
}

uint64_t Survivors(const int32_t* sums, const float* bias, const float* scale, const float* error,
                   float weight, float error_weight, float threshold) {
  const __m256 weights = _mm256_set1_ps(weight), error_weights = _mm256_set1_ps(error_weight);
  const __m256 thresholds = _mm256_set1_ps(threshold);
  uint64_t mask = 0;
  for (size_t v = 0; v < kBlockRows; v += 8) {
    const __m256 sum =
        _mm256_cvtepi32_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(sums + v)));
    const __m256 estimate =
        _mm256_add_ps(_mm256_loadu_ps(bias + v),
                      _mm256_mul_ps(weights, _mm256_mul_ps(_mm256_loadu_ps(scale + v), sum)));
    const __m256 bound =
        _mm256_add_ps(estimate, _mm256_mul_ps(error_weights, _mm256_loadu_ps(error + v)));
    const int reached = _mm256_movemask_ps(_mm256_cmp_ps(bound, thresholds, _CMP_GE_OQ));
    mask |= static_cast<uint64_t>(static_cast<unsigned>(reached)) << v;
  }
  return mask;
}

namespace {

// Adds 32 lanes in the order of the specification.
float SumWide(const __m256 sum[4]) {
  float lanes[2 * kLanes];
  for (size_t part = 0; part < 4; ++part) _mm256_storeu_ps(lanes + 8 * part, sum[part]);
  return scalar::SumWideLanes(lanes);
}

// Returns x with the sign of lane l flipped where bit l of `positive` is clear.
__m256 WithSigns(__m256 x, unsigned positive) {
  const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  const __m256i set = _mm256_and_si256(_mm256_set1_epi32(static_cast<int>(positive)), bit);
  const __m256i clear = _mm256_cmpeq_epi32(set, _mm256_setzero_si256());
  return _mm256_xor_ps(x, _mm256_and_ps(_mm256_castsi256_ps(clear), _mm256_set1_ps(-0.0f)));
}

}  // namespace

float CodeDot(const float* rotated, size_t n, const Codebook& book, int level_shift,
              const uint8_t* signs, const uint8_t* fields) {
  if (book.levels > 8) return scalar::CodeDot(rotated, n, book, level_shift, signs, fields);
  const __m256 table = _mm256_loadu_ps(book.centroids.data());
  const __m128i shift = _mm_cvtsi32_si128(level_shift);
  __m256 sum[4] = {};
  for (size_t i = 0; i < n; i += 32) {
#pragma GCC unroll 4
    for (size_t part = 0; part < 4; ++part) {
      const size_t at = i + 8 * part;
      const __m256i field =
          _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(fields + at)));
      const __m256 centroid =
          WithSigns(_mm256_permutevar8x32_ps(table, _mm256_srl_epi32(field, shift)), signs[at / 8]);
      sum[part] = _mm256_add_ps(sum[part], _mm256_mul_ps(_mm256_loadu_ps(rotated + at), centroid));
    }
  }
  return SumWide(sum);
}

float ResidualDot(const float* residual, size_t n, const uint8_t* fields) {
  __m256 sum[4] = {};
  for (size_t i = 0; i < n; i += 32) {
#pragma GCC unroll 4
    for (size_t part = 0; part < 4; ++part) {
      const size_t at = i + 8 * part;
      const __m256i field =
          _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(fields + at)));
      // The sign is flipped where bit 0 is clear, so the complement of that bit moves to bit 31.
      const __m256i flip =
          _mm256_andnot_si256(_mm256_slli_epi32(field, 31), _mm256_set1_epi32(INT32_MIN));
      sum[part] = _mm256_add_ps(
          sum[part], _mm256_xor_ps(_mm256_loadu_ps(residual + at), _mm256_castsi256_ps(flip)));
    }
  }
  return SumWide(sum);
}

}  // namespace tqdb::avx2

#include "core/kernels/avx2_end.h"

#endif
