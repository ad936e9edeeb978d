// The rows of one segment of an inverted index. Within it a row is known by its slot, a number of
// 16 bits.
//
// Not thread-safe; const methods may run together.
#ifndef TQDB_STORAGE_SPARSE_SEGMENT_ROWS_H_
#define TQDB_STORAGE_SPARSE_SEGMENT_ROWS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/scan/row_filter.h"

namespace tqdb::storage {

class SegmentRows {
 public:
  static constexpr size_t kMaxRows = 65'536;  // accumulators of their scores take half of an L2

  // The row takes the next slot, alive. `length` is that of its text; of no meaning elsewhere.
  uint16_t Append(uint64_t row, uint32_t length, bool keep_length);
  // Hides a row. False when there is none such alive.
  bool Remove(uint64_t row);
  bool Contains(uint64_t row) const { return Find(row).has_value(); }

  size_t size() const { return rows_.size(); }  // dead ones, too
  size_t dead() const { return dead_; }
  size_t live() const { return rows_.size() - dead_; }
  bool IsLive(size_t slot) const { return (live_[slot / 64] >> (slot % 64) & 1) != 0; }
  uint64_t row(size_t slot) const { return rows_[slot]; }
  // One a slot; null where lengths are not kept.
  const uint32_t* lengths() const { return lengths_.empty() ? nullptr : lengths_.data(); }
  uint32_t length(size_t slot) const { return lengths_.empty() ? 0 : lengths_[slot]; }
  bool ascending() const { return ascending_; }
  uint64_t total_length() const { return total_length_; }  // of dead ones, too

  // Slots come in words of 64; the last one may have fewer.
  size_t words() const { return live_.size(); }
  // A bit for each slot of a word whose row is alive and allowed; null allows every row.
  uint64_t AllowedMask(size_t word, const RowFilter* filter) const {
    if (filter == nullptr || live_[word] == 0) return live_[word];
    const size_t begin = word * 64;
    return live_[word] &
           filter->Mask(rows_.data() + begin, std::min<size_t>(64, rows_.size() - begin));
  }

  // On the heap.
  size_t memory_bytes() const;
  void ShrinkToFit();

 private:
  std::optional<uint16_t> Find(uint64_t row) const;  // of a live row

  std::vector<uint64_t> rows_;
  std::vector<uint32_t> lengths_;
  std::vector<uint64_t> live_;
  uint64_t first_ = ~uint64_t{0};  // the lowest and the highest row
  uint64_t last_ = 0;
  uint64_t total_length_ = 0;
  size_t dead_ = 0;
  bool ascending_ = true;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_SPARSE_SEGMENT_ROWS_H_
