// A compressed set of row numbers.
//
// The simple idea: the rows that satisfy a condition are a set, and a filter is an expression over
// sets. "And" is an intersection, "or" a union, "not" a difference. Roaring bitmaps make this
// cheap. They cut the numbers into containers of 65,536. A container is a sorted array, a list of
// runs or plain bits. So a row among few costs 2 bytes, and any subset of a million consecutive
// rows costs 125 KB at most. Two dense containers are combined by machine words.
//
// CRoaring has bitmaps of 32-bit numbers, and rows have 64 bits. A RowSet is a list of bitmaps, one
// for each value of the upper half that occurs. Row numbers ascend from 0 and are never reused, so
// nearly every collection has one bitmap. The library's own Roaring64Map is not used: Debian 12's
// version copies every bitmap in order to count its numbers.
//
// Not thread-safe; const methods may run at the same time.
#ifndef TQDB_STORAGE_PAYLOAD_ROW_SET_H_
#define TQDB_STORAGE_PAYLOAD_ROW_SET_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <roaring/roaring.hh>
#include <vector>

#include "absl/types/span.h"

// CRoaring's classes are in the global namespace in Debian 12's version and in namespace roaring in
// later ones. The name Bitmap means the class in both.
namespace roaring {}  // namespace roaring

namespace tqdb::storage {

namespace row_set_internal {
using namespace ::roaring;
using Bitmap = Roaring;
}  // namespace row_set_internal

class RowSet {
 public:
  void Add(uint64_t row);
  void Remove(uint64_t row);
  // Removes all rows at or above `end`.
  void RemoveFrom(uint64_t end);
  bool Contains(uint64_t row) const;
  // Returns the number of rows. Cost: one step a container, so O(rows / 65536) for dense sets.
  uint64_t size() const;
  // Returns the size of the intersection, without making it.
  uint64_t CountIn(const RowSet& other) const;
  bool empty() const { return parts_.empty(); }
  bool IsSubsetOf(const RowSet& other) const;
  // Returns about the bytes that the set takes on the heap.
  size_t memory_bytes() const;

  // Returns the set of `rows`, which may be in any order and may repeat. Cheaper than many Adds,
  // each of which looks for its container.
  static RowSet Of(std::vector<uint64_t> rows);
  // Returns the union. Far cheaper than one |= after the other: rows of the result are counted once
  // at the end, not after every set.
  static RowSet UnionOf(const std::vector<const RowSet*>& sets);
  RowSet& operator|=(const RowSet& other);
  RowSet& operator&=(const RowSet& other);
  RowSet& operator-=(const RowSet& other);
  friend RowSet operator|(RowSet a, const RowSet& b) { return a |= b; }
  friend RowSet operator&(RowSet a, const RowSet& b) { return a &= b; }
  friend RowSet operator-(RowSet a, const RowSet& b) { return a -= b; }
  friend bool operator==(const RowSet& a, const RowSet& b);

  // Returns the lowest row. Requires: the set is not empty.
  uint64_t min() const;

  // Returns the rows in ascending order: 8 bytes each.
  std::vector<uint64_t> ToVector() const;
  // Calls fn(row) in ascending order for rows from `first` on, until fn returns false. Returns true
  // if fn never did. Rows are fetched 256 at a time. So CRoaring is called once for many rows, and
  // a caller that stops early has not paid for all.
  template <typename Fn>
  bool ForEach(uint64_t first, const Fn& fn) const {
    for (const Part& part : parts_) {
      const uint64_t base = uint64_t{part.high} << 32;
      if (base + 0xffffffff < first) continue;
      const size_t size = part.lows.cardinality();
      size_t next = first > base ? part.lows.rank(static_cast<uint32_t>(first - base - 1)) : 0;
      while (next < size) {
        uint32_t lows[256];
        const size_t count = std::min(size - next, std::size(lows));
        part.lows.rangeUint32Array(lows, next, count);
        for (size_t i = 0; i < count; ++i) {
          if (!fn(base | lows[i])) return false;
        }
        next += count;
      }
    }
    return true;
  }
  // Sets bit (row - first) % 64 of words[(row - first) / 64] for each row. The scan takes a filter
  // in this form. Requires: all rows lie within `words`; `first` is a multiple of 64.
  void SetBits(uint64_t first, absl::Span<uint64_t> words) const;

 private:
  // The rows with one value of the upper half.
  struct Part {
    uint32_t high;                  // upper half of the rows
    row_set_internal::Bitmap lows;  // lower halves; never empty
  };

  // Returns the first part at or above `high`, or the end.
  std::vector<Part>::iterator Find(uint32_t high);

  std::vector<Part> parts_;  // by ascending `high`
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_PAYLOAD_ROW_SET_H_
