// The arithmetic of codec and scan, as one table of plain functions per instruction set.
//
// The simple idea would be plain loops that the compiler vectorises. Two things speak against it.
// Look-ups in tables of 16 bytes, bit planes and int8 dot products are the heart of a scan.
// Compilers do not find the instructions for them. And bytes on disk must not depend on the CPU,
// while every compiler adds floats in an order of its own. So each operation is written once per
// *level*, by hand, and all levels return the same bits:
//
// clang-format off
//   level        CPUs                                  a vector holds
//   scalar       any; the specification                1 float
//   avx2         Haswell, Zen and later                8 floats or 32 bytes
//   avx512vnni   Cascade Lake and later                16 floats or 64 bytes
//   avx512       Ice Lake, Zen 4 and later (VBMI)      the same, and permutes bytes
//   amx          Sapphire Rapids and later             the same, and multiplies tiles
//   neon         64-bit ARM with dot products          4 floats or 16 bytes
// clang-format on
//
// The functions of scalar_*.cc are the specification, and kernels_test compares every level with
// them. Integer results are exact anyway. Float results are the same because the order of additions
// is fixed. A sum runs in 16 *lanes*, element i in lane i % 16, and the lanes are added as a tree:
//   lane l += lane l + 8, for l < 8; then + 4, + 2 and + 1.
// 16 lanes are one register of AVX-512, two of AVX2 and four of NEON, so all of them can follow
// that order at full speed. Example: a sum of 20 floats has x_0 + x_16 in lane 0, x_3 + x_19 in
// lane 3 and x_4 alone in lane 4. A fused multiply-add rounds once in place of twice, so it is used
// only where the product is exact.
//
// Where a loop does nothing but add products, 64 lanes are used, as is said at the function. Four
// registers of sums let a CPU begin an addition while earlier ones have not ended.
//
// Kernels allocate nothing, cannot fail and keep no state. Sizes and alignments are the caller's
// duty, checked above this file. A table is chosen once and handed down, so no call asks for the
// CPU. TQDB_SIMD=scalar|avx2|avx512vnni|avx512|amx|neon in the environment forces a level.
//
// This file leaves out:
// - Levels between: machines with only SSE use scalar, AVX-512 without VNNI uses avx2.
// - Choices that depend on data. The scan makes them; the table only has figures for it.
#ifndef TQDB_CORE_KERNELS_KERNELS_H_
#define TQDB_CORE_KERNELS_KERNELS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"

namespace tqdb {

struct Codebook;
struct RecordPacking;

// Rows of one block of the sign plane: the bits of a mask word.
inline constexpr size_t kBlockRows = 64;
// Smallest unit of quantize. Below it, boundaries times unit would lose their precision as they
// come near the subnormal numbers.
inline constexpr float kMinUnit = 1e-35f;
// Byte of an expanded code that stands for zero. Codes are stored with this offset because the dot
// products of x86 multiply unsigned with signed bytes.
inline constexpr int kCodeZero = 64;

// The sign plane of a block, and the rows that a scan wants of it.
struct SignBlock {
  const uint8_t* plane;  // bytes_per_row * 64 bytes
  uint64_t rows;         // mask of the wanted rows
};

// The place of the codes of a block.
struct CodeBlock {
  const uint8_t* plane;
  size_t bytes_per_row;  // bytes of one row in the plane
  // Packed fields of the first row. Up to 64 bytes after the last row's may be read.
  const uint8_t* fields;
  size_t field_stride;  // bytes from one row's fields to the next row's
  // Addresses of the next block, which memory is asked for during the sums. They are only hints and
  // may point anywhere.
  const uint8_t* next_plane;
  const uint8_t* next_fields;
};

// The queries of sum_codes.
struct CodeQueries {
  size_t count;
  const int8_t* weights;  // weights in the order of pack_weights
  // Per query kCodeZero * sum of its weights, which undoes the offset of code bytes.
  const int32_t* zeros;
};

// For which calls the sign scan asks memory for the next block itself, while it adds up: for none,
// which leaves memory to the processor's own prefetching; for those of several queries; or for all.
enum class SignPrefetch : uint8_t { kOff, kSeveral, kOn };
inline constexpr const char* kSignPrefetchNames[] = {"off", "several", "on"};

// Sums the sign plane of one block: scan_signs of Kernels says how.
using ScanSignsFunction = void(const SignBlock& block, const SignBlock& next, size_t bytes_per_row,
                               const uint8_t* const* tables, size_t num_queries, int32_t* sums);

// One level. Every function pointer is set; a level takes what it does not speed up from another.
struct Kernels {
  const char* name;  // name of the level, as in TQDB_SIMD and in the log

  // Layout of the sign plane of a block: byte b of row v stands at
  //   v / plane_rows * plane_rows * bytes_per_row + b / plane_group * plane_group * plane_rows +
  //       v % plane_rows * plane_group + b % plane_group
  // plane_group is 4 where a dot-product instruction adds four bytes of one row, else 1. Its
  // product with plane_rows is 64 bytes, so every group of rows fills cache lines.
  //
  // clang-format off
  //   group 1, rows 64   byte 0 of rows 0..63, then byte 1 of rows 0..63, ...
  //   group 4, rows 16   bytes 0..3 of row 0, of row 1, ... row 15, then bytes 4..7 of row 0, ...;
  //                      rows 16..31 follow after all bytes of rows 0..15
  // clang-format on
  //
  // Disk knows nothing of this. Planes are built when rows are loaded.
  size_t plane_group;
  size_t plane_rows;

  // Conditions under which sum_codes is faster than scan_signs, as measured at dim 512 and 1536.
  // The first two are shares of rows that the signs let through: for one query, which waits for
  // memory, and for many. codes_pay_from, unless 0, is a number of queries from which on codes are
  // faster whatever the data. Codes of 8 bits are never worth it where a level expands them one by
  // one.
  bool expands_8_bits = false;
  double codes_pay_for_one = 0.3;
  double codes_pay_for_many = 0.03;
  size_t codes_pay_from = 0;

  // --- Rotation ---
  // Transforms one chunk of a round, for `count` vectors at distances of in_stride and out_stride
  // floats. First it deals rows and flips signs,
  //   out[16 i + l] = in[16 source[i] + l] * factors[16 i + l]   for i < n / 16, l < 16,
  // then it transforms as hadamard does. Both in one function, so that dealing costs no pass of its
  // own over memory.
  //
  // Requires: n is a power of two >= 16, and `out` overlaps neither `in` nor `factors`. Fastest
  // where `factors`, `in` and `out` are aligned to 64 bytes.
  void (*mix_rows)(const float* in, size_t in_stride, size_t count, const uint32_t* source,
                   const float* factors, size_t n, float* out, size_t out_stride);
  // Applies the unnormalised Walsh-Hadamard transform to n floats in place, the stage of the
  // largest stride first. Requires: n is a power of two >= 2.
  void (*hadamard)(float* x, size_t n);

  // --- Encode --- (n floats, any n >= 1, any alignment)
  // Returns sum x^2, in 64 lanes. Where float might have overflowed or lost small squares, the sum
  // is made again in double.
  double (*norm_squared)(const float* x, size_t n);
  // Writes out = x * factor - mu. sums[0] is norm_squared of `out`, sums[1] is sum out * mu in 64
  // lanes.
  void (*center)(const float* x, float factor, const float* mu, size_t n, float* out,
                 double sums[2]);
  // Codes y in units of `unit`. For each y_i it writes:
  // - Bit i % 8 of byte i / 8 of `signs`: 1 where the sign bit of y_i is clear. Unused bits of the
  //   last byte become zero.
  // - levels_i, the number of boundaries * unit that are <= |y_i|.
  // - Unless `centroids` is null, the centroid of that level with the sign of y_i.
  //
  // Sets sums[0] = sum |y|, sums[1] = sum |y| * centroid and, unless `centroids` is null, sums[2] =
  // sum centroid^2.
  //
  // Requires: unit >= kMinUnit.
  void (*quantize)(const float* y, size_t n, float unit, const Codebook& book, uint8_t* signs,
                   uint8_t* levels, float* centroids, float sums[3]);
  // Appends a residual bit to every field. With z = y - t * c and b_i = 1 where the sign bit of z_i
  // is clear:
  //   fields_i = 2 fields_i + b_i,  sums[0] = sum |z|,  sums[1] = sum (b_i ? c_i : -c_i)
  void (*append_residual)(const float* y, const float* c, float t, size_t n, uint8_t* fields,
                          float sums[2]);
  // pack_fields packs as RecordPacking::Pack does, unpack_fields unpacks as its Unpack does.
  void (*pack_fields)(const RecordPacking& packing, const uint8_t* fields, uint8_t* packed);
  void (*unpack_fields)(const RecordPacking& packing, const uint8_t* packed, uint8_t* fields);

  // --- Scan ---
  // Sums the sign plane of one block:
  //   sums[q * 64 + v] = sum_i (bit_i(v) ? w_i(q) : -w_i(q))
  // A look-up by four sign bits gives the sum of four weights. `tables` has one part per query, and
  // in it a group for every plane_group bytes of a row: 16 entries for the low nibble of each of
  // these bytes, then 16 for each high nibble. An entry is 128 + the sum of the nibble's four +-w,
  // so that it is a byte without sign. Sums of rows that are not wanted may be anything. `next` is
  // a hint: the block of the next call, wherever it lies.
  //
  // Requires: bytes_per_row is a multiple of 4.
  // It is one of scan_signs_forms.
  ScanSignsFunction* scan_signs;
  // By SignPrefetch. All give the same sums. A level that has one form only names it three times.
  ScanSignsFunction* scan_signs_forms[3];
  // Sums the whole codes of a block, for r < 64:
  //   sums[q * 64 + r] = sum_i (sign bit i of row r set ? w_i(q) : -w_i(q))
  //                            * book.magnitudes[field_i >> level_shift]
  // Rows are expanded to bytes once for all queries, kCodeZero +- magnitude in the level's own
  // order, into `tile`, which has room for 64 * n bytes. n is packing.dim rounded up to a multiple
  // of 64.
  void (*sum_codes)(const RecordPacking& packing, const CodeBlock& block, size_t n,
                    const Codebook& book, int level_shift, const CodeQueries& queries,
                    uint8_t* tile, int32_t* sums);
  // Brings the weights of `count` queries, n each, into the order in which sum_codes reads them:
  // count * n bytes.
  //
  // Requires: weights beyond the dimension are zero, and |weight| <= 63. Then the sum of two
  // products with code bytes (at most 127) fits 16 bits, twice over.
  void (*pack_weights)(const int8_t* const* weights, size_t count, size_t n, int8_t* packed);
  // Returns a mask whose bit v says that row v may reach the threshold:
  //   bias[v] + weight * (scale[v] * float(sums[v])) + error_weight * error[v] >= threshold
  uint64_t (*survivors)(const int32_t* sums, const float* bias, const float* scale,
                        const float* error, float weight, float error_weight, float threshold);

  // --- Refine --- (n is a multiple of 32; where the queries are zero, signs and fields are free)
  // Returns sum rotated_i * c_i, where c_i is the centroid of level fields_i >> level_shift with
  // the sign of bit i. The sum runs in 32 lanes, element i in lane i % 32; lane l += lane l + 16
  // comes before the tree.
  float (*code_dot)(const float* rotated, size_t n, const Codebook& book, int level_shift,
                    const uint8_t* signs, const uint8_t* fields);
  // Returns sum (fields_i & 1 ? residual_i : -residual_i), in the same lanes.
  float (*residual_dot)(const float* residual, size_t n, const uint8_t* fields);
};

// Returns the level that this CPU (and TQDB_SIMD) selects. It is chosen at the first call and stays
// the same for the whole process. An unknown name in TQDB_SIMD is ignored.
const Kernels& BestKernels();
// Returns every level that this CPU can run, scalar first and the best last. For tests and
// benchmarks.
std::vector<const Kernels*> AvailableKernels();
// Returns a level by its name; null when it is unknown or this CPU cannot run it.
const Kernels* FindKernels(absl::string_view name);

// Returns the form of scan_signs that suits this CPU. Only the levels with VBMI have the choice.
// TQDB_SIGN_PREFETCH=off|several|on in the environment decides it.
SignPrefetch BestSignPrefetch();
// Returns the level with the given form of scan_signs. For tests and benchmarks.
Kernels WithSignPrefetch(const Kernels& kernels, SignPrefetch form);

// Each returns the table of one level; null where the build or the CPU lacks the level.
const Kernels* ScalarKernels();
const Kernels* Avx2Kernels();
const Kernels* Avx512VnniKernels();
const Kernels* Avx512Kernels();
const Kernels* AmxKernels();
const Kernels* NeonKernels();

}  // namespace tqdb

#endif  // TQDB_CORE_KERNELS_KERNELS_H_
