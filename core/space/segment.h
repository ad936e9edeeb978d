// 4096 rows of codes in one allocation: 64 blocks of 64 vectors under one mean version.
//
// A block has two parts. The scan plane holds one sign bit per dimension, interleaved over its 64
// vectors in the order that the kernel level wants (Kernels::plane_group), with the floats that
// turn a sum of signs into an estimate and a bound. The record holds everything else, row-major,
// and is read only for rows that survive the scan.
//
// One writer appends; readers see the rows below size(), which is published with release order.
// Deleted rows are cleared bits of the live masks. Ids, rows and codes never change once published.
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
  static constexpr size_t kBlocks = 64;
  static constexpr size_t kRows = kBlocks * kBlockRows;

  // `codec` must outlive the segment. `mean` may be null. A slab's huge pages make a full segment
  // faster to scan, and an almost empty one larger; without one, pages are small.
  Segment(const Codec& codec, std::shared_ptr<const Mean> mean, ArenaSlab* slab);
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  const Mean* mean() const { return mean_.get(); }
  uint32_t mean_version() const { return mean_ != nullptr ? mean_->version : 0; }
  size_t size() const { return size_.load(std::memory_order_acquire); }
  bool full() const { return size() == kRows; }
  uint64_t live_rows() const { return live_rows_.load(std::memory_order_relaxed); }

  // --- Writer.
  // Appends and publishes; not when full. Returns the index in the segment.
  size_t Append(const PointId& id, uint64_t row, const uint8_t* code);
  void Remove(size_t index);

  // --- Readers. `block` < kBlocks, `index` < size().
  uint64_t live_mask(size_t block) const { return live_[block].load(std::memory_order_acquire); }
  bool is_live(size_t index) const {
    return live_mask(index / kBlockRows) >> (index % kBlockRows) & 1;
  }
  const uint8_t* plane(size_t block) const { return planes_ + block * plane_bytes_; }
  // 64 floats each, of the rows of a block. The first three turn sums of signs into estimates and
  // errors (Kernels::survivors); the scales are those of the record.
  const float* bias(size_t block) const { return floats_ + block * kBlockRows * 3; }
  const float* sign_scale(size_t block) const { return bias(block) + kBlockRows; }
  const float* sign_error(size_t block) const { return bias(block) + 2 * kBlockRows; }
  const float* code_scale(size_t block) const { return scales_ + block * kBlockRows * 2; }
  const float* residual_scale(size_t block) const { return code_scale(block) + kBlockRows; }
  const uint8_t* fields(size_t index) const { return fields_ + index * field_stride_; }
  size_t field_stride() const { return field_stride_; }
  // Asks memory for the floats of a block, which may lie beyond the last: what a stage by signs or
  // by codes reads.
  void PrefetchSignFloats(size_t block) const { PrefetchFloats(bias(block), 3); }
  void PrefetchCodeFloats(size_t block) const {
    PrefetchFloats(bias(block), 1);
    PrefetchFloats(code_scale(block), 2);
  }
  // Asks memory for what refinement reads of a row.
  void Prefetch(size_t index) const {
    for (size_t b = 0; b < field_bytes_; b += 64) __builtin_prefetch(fields(index) + b);
    __builtin_prefetch(&rows_[index]);
    __builtin_prefetch(&id_low_[index]);
  }
  void PrefetchSigns(size_t index) const {
    const size_t at = SignsAt(index);
    for (size_t b = 0; b < row_plane_bytes_; b += plane_group_)
      __builtin_prefetch(planes_ + at + b * plane_rows_);
  }
  // Sign bits of one row, dimension i in bit i % 8 of byte i / 8; padded_dim() / 8 bytes.
  void GatherSigns(size_t index, uint8_t* signs) const;
  PointId id(size_t index) const;
  uint64_t row(size_t index) const { return rows_[index]; }
  // Row numbers of a block, as far as it is filled.
  const uint64_t* rows(size_t block) const { return rows_ + block * kBlockRows; }

  // What the row numbers of a block lie between.
  uint64_t min_row(size_t block) const { return min_rows_[block].load(std::memory_order_relaxed); }
  uint64_t max_row(size_t block) const { return max_rows_[block].load(std::memory_order_relaxed); }
  // Whether they are min_row, min_row + 1, ..., in this order.
  bool rows_ascend_by_one(size_t block) const {
    return !scattered_[block].load(std::memory_order_relaxed);
  }

  // Bytes that size() rows occupy, and that the whole segment reserves.
  size_t used_bytes() const;
  size_t reserved_bytes() const { return arena_.bytes(); }
  // The code record of one row as it was appended, except for what memory does not keep: norm is
  // zero. Enough for Append into another segment of the same mean.
  void CopyTo(size_t index, Segment& to) const;

 private:
  static void PrefetchFloats(const float* from, size_t arrays) {
    for (size_t i = 0; i < arrays * kBlockRows; i += 64 / sizeof(float))
      __builtin_prefetch(from + i);
  }
  // Where the first group of a row stands in the planes; the next one follows after 64 bytes.
  size_t SignsAt(size_t index) const {
    const size_t v = index % kBlockRows;
    return index / kBlockRows * plane_bytes_ + v / plane_rows_ * plane_rows_ * row_plane_bytes_ +
           v % plane_rows_ * plane_group_;
  }
  void StoreSigns(size_t index, const uint8_t* signs);
  // Where the floats of a row stand in an array of `parts` times 64 a block.
  static size_t FloatAt(size_t index, size_t parts) {
    return index / kBlockRows * kBlockRows * parts + index % kBlockRows;
  }
  // Row numbers and ids are there, and become visible.
  void Publish(size_t index);

  const std::shared_ptr<const Mean> mean_;
  const size_t row_plane_bytes_;  // of one row in the plane: padded_dim / 8
  const size_t sign_bytes_;       // of one row in a record: ceil(dim / 8)
  const size_t plane_group_;
  const size_t plane_rows_;
  const size_t plane_bytes_;  // of one block
  const size_t field_bytes_;
  const size_t field_stride_;
  const size_t dim_;
  const bool signs_are_code_;

  std::atomic<size_t> size_{0};
  std::atomic<uint64_t> live_rows_{0};
  std::array<std::atomic<uint64_t>, kBlocks> live_{};
  // Read by whoever has seen size(): they hold for all rows below.
  std::array<std::atomic<uint64_t>, kBlocks> min_rows_{};
  std::array<std::atomic<uint64_t>, kBlocks> max_rows_{};
  std::array<std::atomic<bool>, kBlocks> scattered_{};
  // One arena, cut into arrays. uuid_high_ is written only by UUIDs, so its pages stay untouched
  // otherwise.
  Arena arena_;
  uint8_t* planes_;
  uint8_t* fields_;
  float* floats_;
  float* scales_;
  uint64_t* rows_;
  uint64_t* id_low_;
  uint64_t* id_high_;
  std::array<std::atomic<uint64_t>, kBlocks> uuid_{};  // bit set: the id is a UUID
};

}  // namespace tqdb

#endif  // TQDB_CORE_SPACE_SEGMENT_H_
