// The arithmetic of codec and scan, as one table of plain functions per instruction set.
//
// The functions of scalar_*.cc are the specification. Every other level returns the same bits:
// integers exactly, floats by keeping the scalar order of operations (sums run in 16 lanes, where
// said so 64, element i in lane i % 16, and are added as a tree: lane l += lane l + 8, + 4, + 2, +
// 1). No kernel allocates, fails or keeps state. TQDB_SIMD=scalar|avx2|avx512vnni|avx512|amx|neon
// in the environment forces a level.
#ifndef TQDB_CORE_KERNELS_KERNELS_H_
#define TQDB_CORE_KERNELS_KERNELS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"

namespace tqdb {

struct Codebook;
struct RecordPacking;

inline constexpr size_t kBlockRows = 64;  // vectors of one block of the sign plane
inline constexpr float kMinUnit =
    1e-35f;  // of quantize: below it, boundaries would lose their precision
inline constexpr int kCodeZero = 64;  // byte of an expanded code that stands for zero

// The sign plane of a block.
struct SignBlock {
  const uint8_t* plane;  // bytes_per_row * 64 bytes
  uint64_t rows;         // those that are wanted, a bit each
};

// Where the codes of a block lie.
struct CodeBlock {
  const uint8_t* plane;
  size_t bytes_per_row;   // in the plane
  const uint8_t* fields;  // packed; 64 bytes beyond the last row's may be read
  size_t field_stride;    // in bytes, from row to row
  // Of the next block, to be asked for meanwhile; both may lie anywhere.
  const uint8_t* next_plane;
  const uint8_t* next_fields;
};

// Queries for sum_codes.
struct CodeQueries {
  size_t count;
  const int8_t* weights;  // as pack_weights made them
  const int32_t* zeros;   // of each: kCodeZero * sum of its weights
};

using ScanSignsFunction = void(const SignBlock& block, const SignBlock& next, size_t bytes_per_row,
                               const uint8_t* const* tables, size_t num_queries, int32_t* sums);

struct Kernels {
  const char* name;

  // How the sign plane of a block lies: byte b of vector v stands at
  //   v / plane_rows * plane_rows * bytes_per_row + b / plane_group * plane_group * plane_rows +
  //       v % plane_rows * plane_group + b % plane_group.
  // plane_group is 4 where a dot-product instruction adds four bytes of one vector, else 1;
  // plane_group times plane_rows are 64 bytes.
  size_t plane_group;
  size_t plane_rows;

  // When a scan by sum_codes is faster than one by scan_signs, as measured at dim 512 and 1536:
  // from these shares of rows let through by the signs, for one query (which waits for memory) and
  // for many; and, unless 0, from so many queries on, whatever the data. Never for codes of 8 bits
  // where a level expands these one by one.
  bool expands_8_bits = false;
  double codes_pay_for_one = 0.3;
  double codes_pay_for_many = 0.03;
  size_t codes_pay_from = 0;

  // --- Rotation ---
  // One chunk of a round, for `count` vectors at distances of in_stride and out_stride floats:
  // out[16 i + l] = in[16 source[i] + l] * factors[16 i + l] for i < n / 16, then transformed as by
  // hadamard. n is a power of two >= 16; `out` overlaps neither `in` nor `factors`. Fastest where
  // `factors`, `in` and `out` are aligned to 64 bytes.
  void (*mix_rows)(const float* in, size_t in_stride, size_t count, const uint32_t* source,
                   const float* factors, size_t n, float* out, size_t out_stride);
  // Unnormalised Walsh-Hadamard transform of n floats in place, n a power of two >= 2; the stage of
  // the largest stride comes first.
  void (*hadamard)(float* x, size_t n);

  // --- Encode --- (n floats, any n >= 1, any alignment)
  // sum x^2, in 64 lanes; summed again in double where float might have overflowed or vanished.
  double (*norm_squared)(const float* x, size_t n);
  // out = x * factor - mu; sums[0] = norm_squared of out; sums[1] = sum out * mu, in 64 lanes.
  void (*center)(const float* x, float factor, const float* mu, size_t n, float* out,
                 double sums[2]);
  // Codes y in units of `unit` (at least kMinUnit). Writes bit i % 8 of byte i / 8 of `signs`: 1
  // where the sign bit of y_i is clear, the rest of the last byte zero; levels_i, the number of
  // boundaries * unit that are <= |y_i|; and, unless `centroids` is null, the centroid of that
  // level with the sign of y_i. sums[0] = sum |y|, sums[1] = sum y * centroid and, unless
  // `centroids` is null, sums[2] = sum centroid^2.
  void (*quantize)(const float* y, size_t n, float unit, const Codebook& book, uint8_t* signs,
                   uint8_t* levels, float* centroids, float sums[3]);
  // With z = y - t * c: fields_i = 2 fields_i + b_i, b_i = 1 where the sign bit of z_i is clear;
  // sums[0] = sum |z|, sums[1] = sum (b_i ? c_i : -c_i).
  void (*append_residual)(const float* y, const float* c, float t, size_t n, uint8_t* fields,
                          float sums[2]);
  // RecordPacking::Pack and Unpack.
  void (*pack_fields)(const RecordPacking& packing, const uint8_t* fields, uint8_t* packed);
  void (*unpack_fields)(const RecordPacking& packing, const uint8_t* packed, uint8_t* fields);

  // --- Scan ---
  // Sums over the sign plane of one block: sums[q * 64 + v] = sum_i (bit_i(v) ? w_i(q) : -w_i(q)).
  // bytes_per_row is a multiple of 4. `tables` holds, per query and per plane_group bytes of a row,
  // 16 entries for the low nibble of each of them, then 16 for each high nibble; an entry is 128 +
  // the sum of the nibble's four +-w. Sums of rows that are not wanted may be anything. `next` is a
  // hint: what the next call reads, wherever it lies. This is one of scan_signs_forms.
  ScanSignsFunction* scan_signs;
  // Form 0 leaves memory to the processor's own prefetching, form 1 asks for `next` itself while it
  // adds up. Both give the same sums. A level that has one form only names it twice.
  ScanSignsFunction* scan_signs_forms[2];
  // Sums over the whole codes of a block: sums[q * 64 + r] = sum_i (sign bit i of row r set ?
  // w_i(q) : -w_i(q)) * book.magnitudes[field_i >> level_shift], r < 64. n is packing.dim rounded
  // up to a multiple of 64; `tile` has room for 64 * n bytes, in which rows are expanded once for
  // all queries: to kCodeZero +- magnitude, in the level's own order.
  void (*sum_codes)(const RecordPacking& packing, const CodeBlock& block, size_t n,
                    const Codebook& book, int level_shift, const CodeQueries& queries,
                    uint8_t* tile, int32_t* sums);
  // The weights of `count` queries, n each and zero beyond the dimension, |weight| <= 63 (two
  // products of two code bytes fit 16 bits), in the order in which sum_codes reads them: count * n
  // bytes.
  void (*pack_weights)(const int8_t* const* weights, size_t count, size_t n, int8_t* packed);
  // Bit v of the result: bias[v] + weight * (scale[v] * float(sums[v])) + error_weight * error[v]
  // >= threshold.
  uint64_t (*survivors)(const int32_t* sums, const float* bias, const float* scale,
                        const float* error, float weight, float error_weight, float threshold);

  // --- Refine --- (n is a multiple of 32; where the queries are zero, signs and fields are free)
  // sum rotated_i * c_i, c_i the centroid of level fields_i >> level_shift with the sign of bit i.
  // Sums run in 32 lanes, element i in lane i % 32; lane l += lane l + 16 before the tree.
  float (*code_dot)(const float* rotated, size_t n, const Codebook& book, int level_shift,
                    const uint8_t* signs, const uint8_t* fields);
  // sum (fields_i & 1 ? residual_i : -residual_i), in the same lanes.
  float (*residual_dot)(const float* residual, size_t n, const uint8_t* fields);
};

// The level that this CPU (and TQDB_SIMD) selects; fetched once, the same for the whole process.
const Kernels& BestKernels();
// Every level that this CPU can run, scalar first. For tests and benchmarks.
std::vector<const Kernels*> AvailableKernels();
// Null when the level is unknown or this CPU cannot run it.
const Kernels* FindKernels(absl::string_view name);

// Returns whether scan_signs should ask memory for the next block itself (form 1), on this CPU.
// Only the levels with VBMI have the choice. TQDB_SIGN_PREFETCH=on|off in the environment decides
// it.
bool PrefetchesSigns();
// Returns the level with the other or the same form of scan_signs: for tests and benchmarks.
Kernels WithSignPrefetch(const Kernels& kernels, bool on);

// One table per file; the pointer is null where the build or the CPU lacks the level.
const Kernels* ScalarKernels();
const Kernels* Avx2Kernels();
const Kernels* Avx512VnniKernels();
const Kernels* Avx512Kernels();
const Kernels* AmxKernels();
const Kernels* NeonKernels();

}  // namespace tqdb

#endif  // TQDB_CORE_KERNELS_KERNELS_H_
