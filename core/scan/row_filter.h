// The rows that a search may hit.
//
// There are two reasons why a search may not hit a row that memory has. The row may lie outside of
// the moment that the search reads: it was written later, or was dead by then. Or a condition on
// the payload, which is evaluated before the search, has ruled the row out. The scan takes 64 rows
// at a time, as one more mask of a block of 64 rows.
#ifndef TQDB_CORE_SCAN_ROW_FILTER_H_
#define TQDB_CORE_SCAN_ROW_FILTER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/types/span.h"

namespace tqdb {

// A set of row numbers below end(), in one of two forms:
// - Bits for the consecutive rows [first, end), for a condition. Rows below `first` are not
//   allowed.
// - All rows below `end`, except for a few. This is what a search without a condition may hit.
//
// No row at or above end() is allowed: it was written after the filter was made.
//
// Example: end is 1,000 and the only exception is 17. A search hits row 16, and neither row 17,
// which was replaced, nor row 1,003, which replaces it.
//
// Not thread-safe while rows are set; afterwards any number of threads may read.
class RowFilter {
 public:
  // Makes bits for rows [first, end), all clear. They begin at the multiple of 64 below `first`, so
  // that words of the filter are words of row numbers.
  RowFilter(uint64_t first, uint64_t end)
      : first_(first / 64 * 64), end_(end), words_((end - first_ + 63) / 64 + 1) {}
  // Returns a filter that allows all rows below `end` but `except`. Requires: `except` ascends.
  static RowFilter AllBelow(uint64_t end, std::vector<uint64_t> except) {
    RowFilter filter(end);
    filter.except_ = std::move(except);
    return filter;
  }

  uint64_t first() const { return first_; }  // row of the first bit, a multiple of 64
  uint64_t end() const { return end_; }
  // Sets the bit of `row`. Requires: the filter has bits, and first() <= row < end().
  void Allow(uint64_t row) { words_[(row - first_) / 64] |= uint64_t{1} << ((row - first_) % 64); }
  // Takes a row out of the allowed ones.
  void Forbid(uint64_t row) {
    if (row < first_ || row >= end_) return;
    if (!words_.empty()) {
      words_[(row - first_) / 64] &= ~(uint64_t{1} << ((row - first_) % 64));
      return;
    }
    const auto at = std::lower_bound(except_.begin(), except_.end(), row);
    if (at == except_.end() || *at != row) except_.insert(at, row);
  }
  // Returns the words, to be set in bulk: the bit of row first() + i is bit i % 64 of word i / 64.
  //
  // Requires: the filter has bits. No bit at or beyond end() is set.
  absl::Span<uint64_t> words() { return absl::MakeSpan(words_); }
  // Returns whether a search may hit `row`.
  bool Allows(uint64_t row) const {
    if (row < first_ || row >= end_) return false;
    if (words_.empty()) return !std::binary_search(except_.begin(), except_.end(), row);
    return (words_[(row - first_) / 64] >> ((row - first_) % 64) & 1) != 0;
  }
  // Returns true only if all of the rows first..last (inclusive) are allowed. It looks at no bits:
  // only a filter that allows all rows but a few can return true.
  bool AllowsAll(uint64_t first, uint64_t last) const {
    if (!words_.empty() || last >= end_) return false;
    const auto at = std::lower_bound(except_.begin(), except_.end(), first);
    return at == except_.end() || *at > last;
  }
  // Returns false only if none of the rows first..last (inclusive) is allowed. A block whose rows
  // cannot match is skipped with it. It looks at a few words and no more: over a range of more than
  // kMaxLookedAt rows it returns true.
  bool MayAllow(uint64_t first, uint64_t last) const {
    if (first >= end_ || last < first_) return false;
    if (words_.empty()) return true;
    last = std::min(last, end_ - 1);
    const uint64_t begin = first > first_ ? first - first_ : 0, end = last - first_;
    if (end - begin > kMaxLookedAt) return true;
    // The first word is masked from below and the last one from above; words between count whole.
    uint64_t any = words_[begin / 64] & ~uint64_t{0} << (begin % 64);
    for (uint64_t at = begin / 64 + 1; at <= end / 64; ++at) {
      if (any != 0) return true;
      any = words_[at];
    }
    return (any & ~uint64_t{0} >> (63 - end % 64)) != 0;
  }
  // Returns a mask whose bit i is Allows(rows[i]). Requires: count <= 64.
  uint64_t Mask(const uint64_t* rows, size_t count) const {
    if (count == 64 && Consecutive(rows)) return MaskFrom(rows[0]);
    uint64_t mask = 0;
    for (size_t i = 0; i < count; ++i) mask |= static_cast<uint64_t>(Allows(rows[i])) << i;
    return mask;
  }
  // Returns a mask whose bit i is Allows(row + i), for i < 64. Row numbers of a block mostly ascend
  // by one, and then two words and a shift replace 64 tests.
  uint64_t MaskFrom(uint64_t row) const {
    if (row >= end_ || row + 64 <= first_) return 0;
    if (words_.empty()) return MaskWithout(row);
    if (row >= first_ && row + 64 <= end_) {
      const uint64_t at = row - first_, shift = at % 64;
      const uint64_t low = words_[at / 64] >> shift;
      return shift == 0 ? low : low | words_[at / 64 + 1] << (64 - shift);
    }
    uint64_t mask = 0;
    for (uint64_t i = 0; i < 64; ++i) mask |= static_cast<uint64_t>(Allows(row + i)) << i;
    return mask;
  }

 private:
  // Rows that MayAllow looks at, at most: 16 words. A longer walk would cost more than it saves.
  static constexpr uint64_t kMaxLookedAt = 1024;

  explicit RowFilter(uint64_t end) : first_(0), end_(end) {}
  // Does the work of MaskFrom for a filter without bits. Requires: row < end().
  uint64_t MaskWithout(uint64_t row) const {
    uint64_t mask = end_ - row < 64 ? (uint64_t{1} << (end_ - row)) - 1 : ~uint64_t{0};
    for (auto at = std::lower_bound(except_.begin(), except_.end(), row);
         at != except_.end() && *at - row < 64; ++at) {
      mask &= ~(uint64_t{1} << (*at - row));
    }
    return mask;
  }
  // Returns whether the 64 rows ascend by one. Without branches, so that it is vectorised.
  static bool Consecutive(const uint64_t* rows) {
    uint64_t differs = 0;
    for (uint64_t i = 0; i < 64; ++i) differs |= rows[i] ^ (rows[0] + i);
    return differs == 0;
  }

  uint64_t first_;
  uint64_t end_;
  // Bits, or empty. One word more than the bits need, because MaskFrom reads the word after a row's
  // own.
  std::vector<uint64_t> words_;
  std::vector<uint64_t> except_;  // ascending; used if there are no bits
};

}  // namespace tqdb

#endif  // TQDB_CORE_SCAN_ROW_FILTER_H_
