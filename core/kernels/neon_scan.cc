// NEON level, scan and refinement: 16 bytes of codes a vector.
//
// The sign stage looks four sign bits of 16 rows up in one table of 16 bytes at a time. NEON can
// add bytes to words of 16 bits in one instruction, so the trick of AVX2 with pairs is not needed.
// The code stage multiplies bytes with the dot-product extension, four products a lane.
#if defined(__aarch64__) && defined(__linux__)

#include <arm_neon.h>

#include <cstring>

#include "core/codec/codebook.h"
#include "core/codec/record_packing.h"
#include "core/kernels/neon_parts.h"
#include "core/kernels/scalar_parts.h"

#include "core/kernels/neon_begin.h"
// Inside the region, in this order.
// clang-format off
#include "core/kernels/neon_inline.h"
// clang-format on

namespace tqdb::neon {

using scalar::kLanes;

namespace {

// Scans kQueries queries over 16 * kGroups rows of a block, in 16-bit sums. A table byte is at most
// 252, so the 256 look-ups of 128 byte positions fit.
//
// 4 x 2 and 2 x 4 keep their 16 vectors of sums, the tables and the indices in the 32 registers.
// Each index serves all queries.
template <size_t kQueries, size_t kGroups>
__attribute__((no_sanitize("thread"))) void ScanSignsOf(const uint8_t* plane, size_t bytes_per_row,
                                                        const uint8_t* const* tables,
                                                        int32_t* sums) {
  // Byte positions between spills to 32 bits, with two look-ups each.
  constexpr size_t kFlush = 128;
  const uint8x16_t nibble = vdupq_n_u8(15);
  const int32x4_t start = vdupq_n_s32(-static_cast<int32_t>(bytes_per_row) * 256);
  for (size_t q = 0; q < kQueries; ++q) {
    for (size_t v = 0; v < 16 * kGroups; v += 4) vst1q_s32(sums + q * kBlockRows + v, start);
  }
  for (size_t first = 0; first < bytes_per_row; first += kFlush) {
    const size_t last = first + kFlush < bytes_per_row ? first + kFlush : bytes_per_row;
    uint16x8_t low_sum[kQueries][kGroups] = {}, high_sum[kQueries][kGroups] = {};
    for (size_t b = first; b < last; ++b) {
      uint8x16_t low_table[kQueries], high_table[kQueries];
#pragma GCC unroll 4
      for (size_t q = 0; q < kQueries; ++q) {
        low_table[q] = vld1q_u8(tables[q] + b * 32);
        high_table[q] = vld1q_u8(tables[q] + b * 32 + 16);
      }
#pragma GCC unroll 4
      for (size_t g = 0; g < kGroups; ++g) {
        const uint8x16_t bytes = vld1q_u8(plane + b * kBlockRows + 16 * g);
        const uint8x16_t low = vandq_u8(bytes, nibble), high = vshrq_n_u8(bytes, 4);
#pragma GCC unroll 4
        for (size_t q = 0; q < kQueries; ++q) {
          const uint8x16_t x = vqtbl1q_u8(low_table[q], low), y = vqtbl1q_u8(high_table[q], high);
          low_sum[q][g] = vaddw_u8(vaddw_u8(low_sum[q][g], vget_low_u8(x)), vget_low_u8(y));
          high_sum[q][g] = vaddw_high_u8(vaddw_high_u8(high_sum[q][g], x), y);
        }
      }
    }
#pragma GCC unroll 4
    for (size_t q = 0; q < kQueries; ++q) {
#pragma GCC unroll 4
      for (size_t g = 0; g < kGroups; ++g) {
        uint32_t* sum = reinterpret_cast<uint32_t*>(sums + q * kBlockRows + 16 * g);
        vst1q_u32(sum, vaddw_u16(vld1q_u32(sum), vget_low_u16(low_sum[q][g])));
        vst1q_u32(sum + 4, vaddw_high_u16(vld1q_u32(sum + 4), low_sum[q][g]));
        vst1q_u32(sum + 8, vaddw_u16(vld1q_u32(sum + 8), vget_low_u16(high_sum[q][g])));
        vst1q_u32(sum + 12, vaddw_high_u16(vld1q_u32(sum + 12), high_sum[q][g]));
      }
    }
  }
}

}  // namespace

// As avx2_scan.cc explains, bytes of rows that are not published may change under the scan.
__attribute__((no_sanitize("thread"))) void ScanSigns(const SignBlock& block,
                                                      const SignBlock& /*next*/,
                                                      size_t bytes_per_row,
                                                      const uint8_t* const* tables,
                                                      size_t num_queries, int32_t* sums) {
  const uint8_t* plane = block.plane;
  for (; num_queries >= 4; num_queries -= 4, tables += 4, sums += 4 * kBlockRows) {
    ScanSignsOf<4, 2>(plane, bytes_per_row, tables, sums);
    ScanSignsOf<4, 2>(plane + 32, bytes_per_row, tables, sums + 32);
  }
  if (num_queries >= 2) {
    ScanSignsOf<2, 4>(plane, bytes_per_row, tables, sums);
    num_queries -= 2, tables += 2, sums += 2 * kBlockRows;
  }
  if (num_queries == 1) ScanSignsOf<1, 4>(plane, bytes_per_row, tables, sums);
}

namespace {

// Transposes 16 bytes of 16 rows at a time, by four rounds of interleaving.
void GatherSigns(const uint8_t* plane, size_t bytes_per_row, size_t first_row, size_t stride,
                 uint8_t* signs) {
  size_t b = 0;
  for (; b + 16 <= bytes_per_row; b += 16) {
    uint8x16_t x[16], y[16];
#pragma GCC unroll 16
    for (size_t i = 0; i < 16; ++i) x[i] = vld1q_u8(plane + (b + i) * kBlockRows + first_row);
#pragma GCC unroll 4
    for (int round = 0; round < 4; ++round) {
#pragma GCC unroll 8
      for (size_t i = 0; i < 8; ++i) {
        y[2 * i] = vzip1q_u8(x[i], x[i + 8]);
        y[2 * i + 1] = vzip2q_u8(x[i], x[i + 8]);
      }
#pragma GCC unroll 16
      for (size_t i = 0; i < 16; ++i) x[i] = y[i];
    }
#pragma GCC unroll 16
    for (size_t r = 0; r < 16; ++r) vst1q_u8(signs + r * stride + b, x[r]);
  }
  if (b < bytes_per_row) {
    scalar::GatherSigns(plane + b * kBlockRows, bytes_per_row - b, first_row, stride, signs + b);
  }
}

// Returns kCodeZero + magnitude where the sign is positive, else kCodeZero - magnitude.
uint8x16_t ExpandedCode(uint8x16_t magnitude, uint8x16_t positive) {
  const uint8x16_t zero = vdupq_n_u8(kCodeZero);
  return vbslq_u8(positive, vaddq_u8(zero, magnitude), vsubq_u8(zero, magnitude));
}

// Expands 64 codes of 4-bit fields, without unpacking the fields first: two fields of a byte are
// looked up in place and zipped.
void ExpandNibbles(const uint8_t* signs, const uint8_t* packed, uint8x16_t table, uint8_t* row) {
  const Bytes64 positive = MaskOfBits(signs);
#pragma GCC unroll 2
  for (size_t half = 0; half < 2; ++half) {
    const uint8x16_t bytes = vld1q_u8(packed + 16 * half);
    const uint8x16_t low = vqtbl1q_u8(table, vandq_u8(bytes, vdupq_n_u8(15)));
    const uint8x16_t high = vqtbl1q_u8(table, vshrq_n_u8(bytes, 4));
    vst1q_u8(row + 32 * half, ExpandedCode(vzip1q_u8(low, high), positive.part[2 * half]));
    vst1q_u8(row + 32 * half + 16, ExpandedCode(vzip2q_u8(low, high), positive.part[2 * half + 1]));
  }
}

// Expands one row. Fields of one 4-bit section, which the default code has, take the short way.
void ExpandCodes(const RecordPacking& packing, const uint8_t* signs, const uint8_t* packed,
                 size_t n, const Codebook& book, int level_shift, uint8_t* row) {
  if (packing.num_sections == 1 && packing.sections[0].bits == 4) {
    // The table holds every magnitude twice where there is a residual bit, which thereby does not
    // count.
    const uint8x16_t levels = vld1q_u8(book.magnitudes.data());
    const uint8x16_t table = level_shift == 0 ? levels : vzip1q_u8(levels, levels);
    const size_t whole = packing.dim / 64 * 64;
    for (size_t i = 0; i < whole; i += 64)
      ExpandNibbles(signs + i / 8, packed + i / 2, table, row + i);
    if (whole == packing.dim) return;
    uint8_t tail[32] = {};
    std::memcpy(tail, packed + whole / 2, (packing.dim - whole + 1) / 2);
    return ExpandNibbles(signs + whole / 8, tail, table, row + whole);
  }
  UnpackFields(packing, packed, row);
  const int8x16_t shift = vdupq_n_s8(static_cast<int8_t>(-level_shift));
  const uint8x16x4_t low_table = vld1q_u8_x4(book.magnitudes.data());
  const uint8x16x4_t high_table = vld1q_u8_x4(book.magnitudes.data() + 64);
  for (size_t i = 0; i < n; i += 64) {
    const Bytes64 positive = MaskOfBits(signs + i / 8);
    for (size_t p = 0; p < 4; ++p) {
      uint8_t* codes = row + i + 16 * p;
      const uint8x16_t level = vshlq_u8(vld1q_u8(codes), shift);
      uint8x16_t magnitude;
      if (book.levels <= 16) {
        // The first look-up gives zero for an index beyond its table. The second one leaves the
        // value of the first where the index is beyond its own.
        magnitude = vqtbl1q_u8(low_table.val[0], level);
      } else {
        // An index beyond its table gives zero in the first look-up and what there was in the
        // second.
        magnitude =
            vqtbx4q_u8(vqtbl4q_u8(low_table, level), high_table, vsubq_u8(level, vdupq_n_u8(64)));
      }
      vst1q_u8(codes, ExpandedCode(magnitude, positive.part[p]));
    }
  }
}

// Adds to each sum the dot product of four bytes. It is in assembly for clang, whose arm_neon.h
// before version 16 has the intrinsic only where the whole file is compiled for the extension.
inline void AddDots(int32x4_t& sum, int8x16_t a, int8x16_t b) {
#if defined(__clang__)
  asm("sdot %0.4s, %1.16b, %2.16b" : "+w"(sum) : "w"(a), "w"(b));
#else
  sum = vdotq_s32(sum, a, b);
#endif
}

// Multiplies kRows rows with kQueries queries. A load of weights serves every row and a load of
// codes every query. A code byte is at most 127, so it may be taken for signed.
template <size_t kRows, size_t kQueries>
void DotCodesOf(const uint8_t* rows, size_t n, const int8_t* weights, const int32_t* zeros,
                int32_t* sums) {
  int32x4_t sum[kQueries][kRows] = {};
  for (size_t i = 0; i < n; i += 16) {
    int8x16_t codes[kRows];
#pragma GCC unroll 8
    for (size_t r = 0; r < kRows; ++r) codes[r] = vreinterpretq_s8_u8(vld1q_u8(rows + r * n + i));
#pragma GCC unroll 4
    for (size_t q = 0; q < kQueries; ++q) {
      const int8x16_t of_query = vld1q_s8(weights + q * n + i);
#pragma GCC unroll 8
      for (size_t r = 0; r < kRows; ++r) AddDots(sum[q][r], codes[r], of_query);
    }
  }
#pragma GCC unroll 4
  for (size_t q = 0; q < kQueries; ++q) {
    const int32x4_t zero = vdupq_n_s32(zeros[q]);
#pragma GCC unroll 8
    for (size_t r = 0; r < kRows; r += 4) {
      const int32x4_t low = vpaddq_s32(sum[q][r], sum[q][r + 1]),
                      high = vpaddq_s32(sum[q][r + 2], sum[q][r + 3]);
      vst1q_s32(sums + q * kBlockRows + r, vsubq_s32(vpaddq_s32(low, high), zero));
    }
  }
}

// Does the same for all rows of the tile.
template <size_t kRows, size_t kQueries>
void DotAllRows(const uint8_t* rows, size_t n, const int8_t* weights, const int32_t* zeros,
                int32_t* sums) {
  for (size_t r = 0; r < kBlockRows; r += kRows)
    DotCodesOf<kRows, kQueries>(rows + r * n, n, weights, zeros, sums + r);
}

void DotRows(const uint8_t* rows, size_t n, const CodeQueries& queries, int32_t* sums) {
  const int8_t* weights = queries.weights;
  const int32_t* zeros = queries.zeros;
  size_t count = queries.count;
  for (; count >= 4; count -= 4, weights += 4 * n, zeros += 4, sums += 4 * kBlockRows) {
    DotAllRows<4, 4>(rows, n, weights, zeros, sums);
  }
  switch (count) {
    case 3: return DotAllRows<4, 3>(rows, n, weights, zeros, sums);
    case 2: return DotAllRows<8, 2>(rows, n, weights, zeros, sums);
    case 1: return DotAllRows<8, 1>(rows, n, weights, zeros, sums);
    default: return;
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
  const float32x4_t weights = vdupq_n_f32(weight), error_weights = vdupq_n_f32(error_weight);
  const float32x4_t thresholds = vdupq_n_f32(threshold);
  const auto reached = [&](size_t v) {
    const float32x4_t sum = vcvtq_f32_s32(vld1q_s32(sums + v));
    const float32x4_t estimate =
        vaddq_f32(vld1q_f32(bias + v), vmulq_f32(weights, vmulq_f32(vld1q_f32(scale + v), sum)));
    return vcgeq_f32(vaddq_f32(estimate, vmulq_f32(error_weights, vld1q_f32(error + v))),
                     thresholds);
  };
  Bytes64 mask;
  for (size_t p = 0; p < 4; ++p) {
    const size_t v = 16 * p;
    mask.part[p] = NarrowToBytes(reached(v), reached(v + 4), reached(v + 8), reached(v + 12));
  }
  return vget_lane_u64(vreinterpret_u64_u8(BitsOfMask(mask)), 0);
}

namespace {

constexpr size_t kWideVectors = 2 * kLanes / 4;  // vectors that hold 32 lanes

// Adds 32 lanes in the order of the specification.
float SumWide(const float32x4_t sum[kWideVectors]) {
  Lanes lanes;
  for (size_t j = 0; j < 4; ++j) lanes.v[j] = vaddq_f32(sum[j], sum[j + 4]);
  return lanes.Sum();
}

// Row p names bytes 4 p to 4 p + 3 of 16, four times each: once for each byte of a float.
constexpr uint8_t kSpread[4][16] = {
    {0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3},
    {4, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 6, 7, 7, 7, 7},
    {8, 8, 8, 8, 9, 9, 9, 9, 10, 10, 10, 10, 11, 11, 11, 11},
    {12, 12, 12, 12, 13, 13, 13, 13, 14, 14, 14, 14, 15, 15, 15, 15}};

// A codebook of at most 8 levels. Its floats fit two vectors, and one look-up of bytes finds four.
struct SmallBook {
  explicit SmallBook(const Codebook& book)
      : table(vld1q_u8_x2(reinterpret_cast<const uint8_t*>(book.centroids.data()))) {}
  // Returns the centroids of levels 4 p to 4 p + 3 of the 16 bytes.
  float32x4_t Centroids(uint8x16_t levels, size_t p) const {
    const uint8x16_t byte_of_float = vreinterpretq_u8_u32(vdupq_n_u32(0x03020100));
    const uint8x16_t first = vqtbl1q_u8(vshlq_n_u8(levels, 2), vld1q_u8(kSpread[p]));
    return vreinterpretq_f32_u8(vqtbl2q_u8(table, vorrq_u8(first, byte_of_float)));
  }
  uint8x16x2_t table;
};

// A larger codebook, whose centroids are picked one by one.
struct LargeBook {
  explicit LargeBook(const Codebook& book) : centroids(book.centroids.data()) {}
  float32x4_t Centroids(uint8x16_t levels, size_t p) const {
    uint8_t level[16];
    vst1q_u8(level, levels);
    float out[4];
    for (size_t l = 0; l < 4; ++l) out[l] = centroids[level[4 * p + l] % kMaxLevels];
    return vld1q_f32(out);
  }
  const float* centroids;
};

// Does the work of code_dot with either kind of codebook.
template <typename Book>
float CodeDotOf(const float* rotated, size_t n, const Book& book, int level_shift,
                const uint8_t* signs, const uint8_t* fields) {
  const int8x16_t shift = vdupq_n_s8(static_cast<int8_t>(-level_shift));
  const uint32x4_t sign_bit = vdupq_n_u32(0x80000000);
  // Shifts that bring the sign bits of four dimensions to the sign place of a float.
  const int32_t to_sign[4] = {31, 30, 29, 28};
  const int32x4_t first_shift = vld1q_s32(to_sign);
  float32x4_t sum[kWideVectors] = {};
  for (size_t i = 0; i < n; i += 2 * kLanes) {
    uint32_t positive;
    std::memcpy(&positive, signs + i / 8, 4);
    const uint32x4_t negative = vdupq_n_u32(~positive);
#pragma GCC unroll 2
    for (size_t half = 0; half < 2; ++half) {
      const uint8x16_t levels = vshlq_u8(vld1q_u8(fields + i + 16 * half), shift);
#pragma GCC unroll 4
      for (size_t p = 0; p < 4; ++p) {
        const size_t at = 16 * half + 4 * p;
        // Centroids are positive: their sign bit is free to take.
        const uint32x4_t flips =
            vshlq_u32(negative, vsubq_s32(first_shift, vdupq_n_s32(static_cast<int32_t>(at))));
        const float32x4_t c =
            vbslq_f32(sign_bit, vreinterpretq_f32_u32(flips), book.Centroids(levels, p));
        sum[at / 4] = vaddq_f32(sum[at / 4], vmulq_f32(vld1q_f32(rotated + i + at), c));
      }
    }
  }
  return SumWide(sum);
}

}  // namespace

float CodeDot(const float* rotated, size_t n, const Codebook& book, int level_shift,
              const uint8_t* signs, const uint8_t* fields) {
  if (book.levels <= 8) return CodeDotOf(rotated, n, SmallBook(book), level_shift, signs, fields);
  return CodeDotOf(rotated, n, LargeBook(book), level_shift, signs, fields);
}

float ResidualDot(const float* residual, size_t n, const uint8_t* fields) {
  // to_top[p] moves byte 4 p + l of 16 into the top byte of float l and zero into its other bytes.
  uint8x16_t to_top[4];
  const uint8x16_t top = vreinterpretq_u8_u32(vdupq_n_u32(0x00ffffff));
  for (size_t p = 0; p < 4; ++p) to_top[p] = vorrq_u8(vld1q_u8(kSpread[p]), top);
  float32x4_t sum[kWideVectors] = {};
  for (size_t i = 0; i < n; i += 2 * kLanes) {
#pragma GCC unroll 2
    for (size_t half = 0; half < 2; ++half) {
      // A clear bit 0 flips the sign.
      const uint8x16_t flips = vshlq_n_u8(vmvnq_u8(vld1q_u8(fields + i + 16 * half)), 7);
#pragma GCC unroll 4
      for (size_t p = 0; p < 4; ++p) {
        const size_t at = 16 * half + 4 * p;
        const uint32x4_t value = vreinterpretq_u32_f32(vld1q_f32(residual + i + at));
        const uint32x4_t flipped =
            veorq_u32(value, vreinterpretq_u32_u8(vqtbl1q_u8(flips, to_top[p])));
        sum[at / 4] = vaddq_f32(sum[at / 4], vreinterpretq_f32_u32(flipped));
      }
    }
  }
  return SumWide(sum);
}

}  // namespace tqdb::neon

#include "core/kernels/neon_end.h"

#endif
