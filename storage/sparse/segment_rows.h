// The rows of one segment of an inverted index.
//
// Within a segment a row is known by its slot: 0, 1, 2, ... in the order of Append. A slot has 16
// bits and a row number 64, so postings are much smaller. A slot is also directly the place of the
// row's sum in a search. A removed row keeps its slot and is masked by a bit until the segment is
// rewritten.
//
// Not thread-safe; const methods may run at the same time.
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
  // Limit of the rows. All slots fit into 16 bits. The sums of a search, 4 bytes a row, take 256
  // KiB and stay in the second-level cache.
  static constexpr size_t kMaxRows = 65'536;

  // Gives a live row the next slot and returns it. `length` is the length of the row's text in
  // words, 0 for sparse vectors; it is stored only if `keep_length`. Requires: size() < kMaxRows.
  uint16_t Append(uint64_t row, uint32_t length, bool keep_length);
  // Masks a row. Returns false if there is no such live row.
  bool Remove(uint64_t row);
  bool Contains(uint64_t row) const { return Find(row).has_value(); }

  size_t size() const { return rows_.size(); }  // live and dead rows
  size_t dead() const { return dead_; }
  size_t live() const { return rows_.size() - dead_; }
  bool IsLive(size_t slot) const { return (live_[slot / 64] >> (slot % 64) & 1) != 0; }
  uint64_t row(size_t slot) const { return rows_[slot]; }
  // Return the lowest and the highest row, live or dead. Requires: size() > 0.
  uint64_t first_row() const { return first_; }
  uint64_t last_row() const { return last_; }
  // Returns the lengths, one for each slot, or null if they are not kept.
  const uint32_t* lengths() const { return lengths_.empty() ? nullptr : lengths_.data(); }
  uint32_t length(size_t slot) const { return lengths_.empty() ? 0 : lengths_[slot]; }
  // Returns whether rows ascend with their slots.
  bool ascending() const { return ascending_; }
  uint64_t total_length() const { return total_length_; }  // of live and dead rows

  // Slots come in words of 64; the last one may have fewer.
  size_t words() const { return live_.size(); }
  // Returns a bit for each slot of a word: whether its row is live and allowed. A null filter
  // allows every row.
  uint64_t AllowedMask(size_t word, const RowFilter* filter) const {
    if (filter == nullptr || live_[word] == 0) return live_[word];
    const size_t begin = word * 64;
    return live_[word] &
           filter->Mask(rows_.data() + begin, std::min<size_t>(64, rows_.size() - begin));
  }

  // Returns the bytes on the heap.
  size_t memory_bytes() const;
  void ShrinkToFit();

 private:
  // Returns the slot of a live row.
  std::optional<uint16_t> Find(uint64_t row) const;

  std::vector<uint64_t> rows_;     // row of each slot
  std::vector<uint32_t> lengths_;  // length of each slot, or empty
  std::vector<uint64_t> live_;     // one bit for each slot
  uint64_t first_ = ~uint64_t{0};  // lowest row
  uint64_t last_ = 0;              // highest row
  uint64_t total_length_ = 0;
  size_t dead_ = 0;
  bool ascending_ = true;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_SPARSE_SEGMENT_ROWS_H_
