// The rows that a search may hit.
//
// A condition on the payload is evaluated before the search and gives one bit a row. The scan then
// takes 64 bits at a time, as one more mask of a block of 64 rows.
#ifndef TQDB_CORE_SCAN_ROW_FILTER_H_
#define TQDB_CORE_SCAN_ROW_FILTER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace tqdb {

// Bits for the consecutive row numbers [first, end), with a meaning on both sides of them. A row
// below `first` is not allowed. A row at or above `end` is allowed: it was written after the filter
// was made, so nothing is known about it. Whoever made the filter judges such rows among the hits.
//
// Example: end is 1,000 and a search hits the rows 17 and 1,003. Row 17 has passed the condition.
// Row 1,003 has not been looked at, and its payload is read before it is returned.
//
// Not thread-safe while bits are set; afterwards any number of threads may read.
class RowFilter {
 public:
  // Makes bits for rows [first, end), all clear. They begin at the multiple of 64 below `first`, so
  // that words of the filter are words of row numbers.
  RowFilter(uint64_t first, uint64_t end)
      : first_(first / 64 * 64), end_(end), words_((end - first_ + 63) / 64 + 1) {}

  uint64_t first() const { return first_; }  // row of the first bit, a multiple of 64
  uint64_t end() const { return end_; }
  // Sets the bit of `row`. Requires: first() <= row < end().
  void Allow(uint64_t row) { words_[(row - first_) / 64] |= uint64_t{1} << ((row - first_) % 64); }
  // Returns the words, to be set in bulk: the bit of row first() + i is bit i % 64 of word i / 64.
  //
  // Requires: no bit at or beyond end() is set.
  absl::Span<uint64_t> words() { return absl::MakeSpan(words_); }
  // Returns whether a search may hit `row`.
  bool Allows(uint64_t row) const {
    if (row >= end_) return true;
    return row >= first_ && (words_[(row - first_) / 64] >> ((row - first_) % 64) & 1) != 0;
  }
  // Returns false only if none of the rows first..last (inclusive) is allowed. A block whose rows
  // cannot match is skipped with it. It looks at a few words and no more: over a range of more than
  // kMaxLookedAt rows it returns true.
  bool MayAllow(uint64_t first, uint64_t last) const {
    if (last >= end_) return true;
    if (last < first_) return false;
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
    if (row >= first_ && row + 64 <= end_) {
      const uint64_t at = row - first_, shift = at % 64;
      const uint64_t low = words_[at / 64] >> shift;
      return shift == 0 ? low : low | words_[at / 64 + 1] << (64 - shift);
    }
    if (row + 64 <= first_) return 0;
    if (row >= end_) return ~uint64_t{0};
    uint64_t mask = 0;
    for (uint64_t i = 0; i < 64; ++i) mask |= static_cast<uint64_t>(Allows(row + i)) << i;
    return mask;
  }

 private:
  // Rows that MayAllow looks at, at most: 16 words. A longer walk would cost more than it saves.
  static constexpr uint64_t kMaxLookedAt = 1024;

  // Returns whether the 64 rows ascend by one. Without branches, so that it is vectorised.
  static bool Consecutive(const uint64_t* rows) {
    uint64_t differs = 0;
    for (uint64_t i = 0; i < 64; ++i) differs |= rows[i] ^ (rows[0] + i);
    return differs == 0;
  }

  uint64_t first_;
  uint64_t end_;
  // One word more than the bits need, because MaskFrom reads the word after a row's own.
  std::vector<uint64_t> words_;
};

}  // namespace tqdb

#endif  // TQDB_CORE_SCAN_ROW_FILTER_H_
