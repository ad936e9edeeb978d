// The rows of one segment of an inverted index.
//
// Within a segment a row is known by its slot: 0, 1, 2, ... in the order of Append. A slot has 16
// bits and a row number 64, so postings are much smaller. A slot is also directly the place of the
// row's sum in a search. A removed row keeps its slot and is masked by a bit until the segment is
// rewritten.
//
// A row goes in two steps. It is retired when its point is replaced or deleted: it stops counting
// in the statistics of the scores. It is removed once no read is left that may hit it. Example: row
// 3 is replaced while a search is in progress. The search still finds row 3, and every score is
// already that of a collection without it.
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
#include "storage/sparse/id_column.h"
#include "storage/sparse/retired_slots.h"
#include "values/types.h"

namespace tqdb::storage {

class SegmentRows {
 public:
  // Limit of the rows. All slots fit into 16 bits. The sums of a search, 4 bytes a row, take 256
  // KiB and stay in the second-level cache.
  static constexpr size_t kMaxRows = 65'536;

  // Gives a live row the next slot and returns it. `length` is the length of the row's text in
  // words, 0 for sparse vectors; it is stored only if `keep_length`. If memory runs out, the
  // segment has the rows that it had. Requires: size() < kMaxRows.
  uint16_t Append(uint64_t row, const PointId& id, uint32_t length, bool keep_length);
  // Returns the slot of a live row.
  std::optional<uint16_t> Find(uint64_t row) const;
  // Lets a row stop counting. Returns false if it was retired before. Allocates nothing.
  bool Retire(uint16_t slot) { return retired_.Add(slot); }
  // Masks a live row. Allocates nothing.
  void Remove(uint16_t slot);

  size_t size() const { return rows_.size(); }  // live and dead rows
  size_t dead() const { return dead_; }
  size_t live() const { return rows_.size() - dead_; }
  bool IsLive(size_t slot) const { return (live_[slot / 64] >> (slot % 64) & 1) != 0; }
  uint64_t row(size_t slot) const { return rows_[slot]; }
  PointId id(size_t slot) const { return ids_.at(slot); }
  const RetiredSlots& retired() const { return retired_; }
  // Return the lowest and the highest row, live or dead. Requires: size() > 0.
  uint64_t first_row() const { return first_; }
  uint64_t last_row() const { return last_; }
  // Returns the lengths, one for each slot, or null if they are not kept.
  const uint32_t* lengths() const { return lengths_.empty() ? nullptr : lengths_.data(); }
  uint32_t length(size_t slot) const { return lengths_.empty() ? 0 : lengths_[slot]; }
  // Returns whether rows ascend with their slots.
  bool ascending() const { return ascending_; }

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
  std::vector<uint64_t> rows_;     // row of each slot
  IdColumn ids_;                   // id of each slot
  std::vector<uint32_t> lengths_;  // length of each slot, or empty
  std::vector<uint64_t> live_;     // one bit for each slot
  RetiredSlots retired_;           // all dead rows, and live ones that no longer count
  uint64_t first_ = ~uint64_t{0};  // lowest row
  uint64_t last_ = 0;              // highest row
  size_t dead_ = 0;
  bool ascending_ = true;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_SPARSE_SEGMENT_ROWS_H_
