// A set of row numbers, compressed: CRoaring bitmaps of 32 bits, one for each value of a row's
// upper half.
//
// The library's own Roaring64Map is not used: in Debian 12's version it copies every bitmap in
// order to count them.
//
// Not thread-safe; const methods may run together.
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
  bool Contains(uint64_t row) const;
  uint64_t size() const;                        // O(rows / 65536)
  uint64_t CountIn(const RowSet& other) const;  // of the rows that both have
  bool empty() const { return parts_.empty(); }
  bool IsSubsetOf(const RowSet& other) const;
  // Approximately what it takes on the heap.
  size_t memory_bytes() const;

  // In any order, several times if need be; cheaper than one Add after the other.
  static RowSet Of(std::vector<uint64_t> rows);
  // Far cheaper than one |= after the other.
  static RowSet UnionOf(const std::vector<const RowSet*>& sets);
  RowSet& operator|=(const RowSet& other);
  RowSet& operator&=(const RowSet& other);
  RowSet& operator-=(const RowSet& other);
  friend RowSet operator|(RowSet a, const RowSet& b) { return a |= b; }
  friend RowSet operator&(RowSet a, const RowSet& b) { return a &= b; }
  friend RowSet operator-(RowSet a, const RowSet& b) { return a -= b; }
  friend bool operator==(const RowSet& a, const RowSet& b);

  uint64_t min() const;  // of a set that is not empty

  // Ascending.
  std::vector<uint64_t> ToVector() const;
  // Calls fn(row) in ascending order, from `first` on, until it returns false; whether it never
  // did.
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
  // Sets bit (row - first) % 64 of words[(row - first) / 64] for each row. All of them must lie
  // within; `first` is a multiple of 64.
  void SetBits(uint64_t first, absl::Span<uint64_t> words) const;

 private:
  struct Part {
    uint32_t high;
    row_set_internal::Bitmap lows;  // never empty
  };

  std::vector<Part>::iterator Find(uint32_t high);  // the first part not below

  std::vector<Part> parts_;  // ascending
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_PAYLOAD_ROW_SET_H_
