// 4,096 rows of codes in one allocation: 64 blocks of 64 rows under one mean version.
//
// The simple idea would be an array of code records. A scan wants something else: from every row
// only the sign bits, and the bits of many rows together, so that one instruction handles many
// rows. So a record is split when it is appended:
//
// clang-format off
//   scan plane   one sign bit per dimension, interleaved over the 64 rows of a block in the order
//                that the kernel level wants (Kernels::plane_group)
//   floats       bias, scale and error of each row, 64 of a kind next to each other
//   records      the packed fields, row-major: read only for rows that survive the scan
//   ids, rows    which point a row is, and its row number in storage
// clang-format on
//
// Example at dim 1536, 4 bits with residual: a block has a plane of 64 * 192 bytes = 12 KB. Its
// records have 64 * 768 bytes = 48 KB, which a scan mostly leaves alone.
//
// One writer appends, and any number of readers search at the same time without a lock:
// - A row is written completely before size() is raised with release order. A reader that loads
//   size() with acquire order sees every byte of the rows below it. Beyond size() it reads nothing
//   that it uses.
// - Ids, rows and codes never change once published. A deleted row is a cleared bit of its block's
//   live mask.
// - The live mask is cleared with release and read with acquire order. A reader that misses a row
//   because its bit is cleared sees everything that the writer did before. Above all it sees the
//   row in its new place, if it was encoded again. VectorSpace::SearchPass depends on this.
//
// This file leaves out freeing single rows. VectorSpace::Vacuum copies the live rows of a mostly
// dead segment and drops it whole.
#ifndef TQDB_CORE_SPACE_SEGMENT_H_
#define TQDB_CORE_SPACE_SEGMENT_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/codec/codec.h"
#include "core/kernels/kernels.h"
#include "core/space/arena.h"
#include "values/types.h"

namespace tqdb {

class Segment {
 public:
  static constexpr size_t kBlocks = 64;                  // blocks of a segment
  static constexpr size_t kRows = kBlocks * kBlockRows;  // rows of a segment, live and dead

  // Makes an empty segment. `codec` must outlive it. `mean` may be null.
  //
  // With a slab, memory is in huge pages: a full segment is faster to scan, an almost empty one
  // takes more. Without one, pages are small.
  Segment(const Codec& codec, std::shared_ptr<const Mean> mean, ArenaSlab* slab);
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  const Mean* mean() const { return mean_.get(); }  // null for none
  uint32_t mean_version() const { return mean_ != nullptr ? mean_->version : 0; }
  // Returns the number of published rows. Acquire pairs with the release in Publish.
  size_t size() const { return size_.load(std::memory_order_acquire); }
  bool full() const { return size() == kRows; }
  // Returns the number of rows that are not removed. A figure for accounting, hence relaxed.
  uint64_t live_rows() const { return live_rows_.load(std::memory_order_relaxed); }

  // --- Writer: one thread at a time.
  // Appends a row from its code record and publishes it. Returns its index in the segment.
  //
  // Requires: not full, and the record is under mean_version().
  size_t Append(const PointId& id, uint64_t row, const uint8_t* code);
  // Hides a row from searches that begin later. Requires: the row is live.
  void Remove(size_t index);

  // --- Readers. `block` < kBlocks, `index` < size().
  // Returns the mask of the rows of a block that are not removed. It may have bits of rows that are
  // beyond the caller's size(): these are to be ignored.
  uint64_t live_mask(size_t block) const { return live_[block].load(std::memory_order_acquire); }
  bool is_live(size_t index) const {
    return live_mask(index / kBlockRows) >> (index % kBlockRows) & 1;
  }
  const uint8_t* plane(size_t block) const { return planes_ + block * plane_bytes_; }
  // Each returns 64 floats, one for every row of a block. The first three turn sums of signs into
  // estimates and errors (Kernels::survivors). The scales are those of the record.
  const float* bias(size_t block) const { return floats_ + block * kBlockRows * 3; }
  const float* sign_scale(size_t block) const { return bias(block) + kBlockRows; }
  const float* sign_error(size_t block) const { return bias(block) + 2 * kBlockRows; }
  const float* code_scale(size_t block) const { return scales_ + block * kBlockRows * 2; }
  const float* residual_scale(size_t block) const { return code_scale(block) + kBlockRows; }
  // Returns the packed fields of a row. Rows follow each other at field_stride() bytes.
  const uint8_t* fields(size_t index) const { return fields_ + index * field_stride_; }
  size_t field_stride() const { return field_stride_; }
  // Asks memory for the floats of a block, which the stage by signs or by codes reads next. The
  // block may be one beyond the last.
  void PrefetchSignFloats(size_t block) const { PrefetchFloats(bias(block), 3); }
  void PrefetchCodeFloats(size_t block) const {
    PrefetchFloats(bias(block), 1);
    PrefetchFloats(code_scale(block), 2);
  }
  // Asks memory for the parts of a row that refinement reads, without its signs. When one row of a
  // block survives, the scan has just read the block's plane.
  void Prefetch(size_t index) const {
    for (size_t b = 0; b < field_bytes_; b += 64) __builtin_prefetch(fields(index) + b);
    __builtin_prefetch(&rows_[index]);
    __builtin_prefetch(&id_low_[index]);
  }
  // Asks memory for the signs of a row, which lie in a cache line per group of the plane.
  void PrefetchSigns(size_t index) const {
    const size_t at = SignsAt(index);
    for (size_t b = 0; b < row_plane_bytes_; b += plane_group_)
      __builtin_prefetch(planes_ + at + b * plane_rows_);
  }
  // Writes the sign bits of one row to `signs` (padded_dim() / 8 bytes): dimension i in bit i % 8
  // of byte i / 8.
  void GatherSigns(size_t index, uint8_t* signs) const;
  PointId id(size_t index) const;
  uint64_t row(size_t index) const { return rows_[index]; }
  // Returns the row numbers of a block, as far as it is filled.
  const uint64_t* rows(size_t block) const { return rows_ + block * kBlockRows; }

  // min_row and max_row return bounds of the row numbers of a block, so that a filter can skip it.
  // They hold for all rows below the size() that the caller has seen, and may already cover later
  // rows.
  uint64_t min_row(size_t block) const { return min_rows_[block].load(std::memory_order_relaxed); }
  uint64_t max_row(size_t block) const { return max_rows_[block].load(std::memory_order_relaxed); }
  // Returns true only if the rows of a block are numbered min_row, min_row + 1, ..., in this order.
  bool rows_ascend_by_one(size_t block) const {
    return !scattered_[block].load(std::memory_order_relaxed);
  }

  // used_bytes() returns the bytes that size() rows occupy, reserved_bytes() those of the whole
  // segment.
  size_t used_bytes() const;
  size_t reserved_bytes() const { return arena_.bytes(); }
  // Appends one row to another segment. A record cannot be restored from memory in full, because
  // its original norm is not kept; a segment does not need it.
  //
  // Requires: `to` is under the same mean and not full. Writer only.
  void CopyTo(size_t index, Segment& to) const;

 private:
  static void PrefetchFloats(const float* from, size_t arrays) {
    for (size_t i = 0; i < arrays * kBlockRows; i += 64 / sizeof(float))
      __builtin_prefetch(from + i);
  }
  // Returns where the first group of a row stands in the planes. The next one follows after 64
  // bytes.
  size_t SignsAt(size_t index) const {
    const size_t v = index % kBlockRows;
    return index / kBlockRows * plane_bytes_ + v / plane_rows_ * plane_rows_ * row_plane_bytes_ +
           v % plane_rows_ * plane_group_;
  }
  // Interleaves the sign bits of a row into its block's plane.
  void StoreSigns(size_t index, const uint8_t* signs);
  // Returns where the float of a row stands in an array of `parts` times 64 floats a block.
  static size_t FloatAt(size_t index, size_t parts) {
    return index / kBlockRows * kBlockRows * parts + index % kBlockRows;
  }
  // Makes a row visible whose bytes, row number and id are written.
  void Publish(size_t index);

  const std::shared_ptr<const Mean> mean_;
  const size_t row_plane_bytes_;  // bytes of one row in the plane: padded_dim / 8
  const size_t sign_bytes_;       // bytes of one row's signs in a record: ceil(dim / 8)
  const size_t plane_group_;      // bytes of a row that lie together (Kernels::plane_group)
  const size_t plane_rows_;       // rows that lie side by side (Kernels::plane_rows)
  const size_t plane_bytes_;      // bytes of the plane of one block
  const size_t field_bytes_;      // bytes of one row's packed fields
  const size_t field_stride_;     // field_bytes_ rounded up to a multiple of 8
  const size_t dim_;
  // True for 1-bit codes without residual, whose signs are all that there is: the sign stage then
  // has no error of its own.
  const bool signs_are_code_;

  std::atomic<size_t> size_{0};
  std::atomic<uint64_t> live_rows_{0};
  std::array<std::atomic<uint64_t>, kBlocks> live_{};
  // Read only by whoever has seen size(), so relaxed order suffices. A later row only widens the
  // bounds, or sets scattered_, which is on the safe side.
  std::array<std::atomic<uint64_t>, kBlocks> min_rows_{};
  std::array<std::atomic<uint64_t>, kBlocks> max_rows_{};
  std::array<std::atomic<bool>, kBlocks> scattered_{};  // rows of the block do not ascend by one
  // One arena, cut into arrays. id_high_ is written only by UUIDs, so with numeric ids its pages
  // take no memory.
  Arena arena_;
  uint8_t* planes_;
  uint8_t* fields_;
  float* floats_;
  float* scales_;
  uint64_t* rows_;
  uint64_t* id_low_;
  uint64_t* id_high_;
  std::array<std::atomic<uint64_t>, kBlocks> uuid_{};  // bit set: the id of the row is a UUID
};

}  // namespace tqdb

#endif  // TQDB_CORE_SPACE_SEGMENT_H_
