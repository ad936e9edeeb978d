// The rows that a search may hit.
#ifndef TQDB_CORE_SCAN_ROW_FILTER_H_
#define TQDB_CORE_SCAN_ROW_FILTER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace tqdb {

// A bit for each of consecutive row numbers. What lies below them is out; what lies beyond them is
// in: rows that were written after the filter was made, for its maker to judge among the hits.
class RowFilter {
 public:
  // Bits of rows [first, end), all clear; from the multiple of 64 below `first`, in fact.
  RowFilter(uint64_t first, uint64_t end)
      : first_(first / 64 * 64), end_(end), words_((end - first_ + 63) / 64 + 1) {}

  uint64_t first() const { return first_; }
  uint64_t end() const { return end_; }
  // `row` is one of them.
  void Allow(uint64_t row) { words_[(row - first_) / 64] |= uint64_t{1} << ((row - first_) % 64); }
  // Of row first() + i: bit i % 64 of word i / 64; none at or beyond end() may be set.
  absl::Span<uint64_t> words() { return absl::MakeSpan(words_); }
  bool Allows(uint64_t row) const {
    if (row >= end_) return true;
    return row >= first_ && (words_[(row - first_) / 64] >> ((row - first_) % 64) & 1) != 0;
  }
  // False only if none of the rows first..last is allowed; looks at no more than a few words.
  bool MayAllow(uint64_t first, uint64_t last) const {
    if (last >= end_) return true;
    if (last < first_) return false;
    const uint64_t begin = first > first_ ? first - first_ : 0, end = last - first_;
    if (end - begin > kMaxLookedAt) return true;
    uint64_t any = words_[begin / 64] & ~uint64_t{0} << (begin % 64);
    for (uint64_t at = begin / 64 + 1; at <= end / 64; ++at) {
      if (any != 0) return true;
      any = words_[at];
    }
    return (any & ~uint64_t{0} >> (63 - end % 64)) != 0;
  }
  // Bit i: Allows(rows[i]), for i < count <= 64.
  uint64_t Mask(const uint64_t* rows, size_t count) const {
    if (count == 64 && Consecutive(rows)) return MaskFrom(rows[0]);
    uint64_t mask = 0;
    for (size_t i = 0; i < count; ++i) mask |= static_cast<uint64_t>(Allows(rows[i])) << i;
    return mask;
  }
  // Bit i: Allows(row + i), for i < 64.
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
  static constexpr uint64_t kMaxLookedAt = 1024;

  static bool Consecutive(const uint64_t* rows) {
    uint64_t differs = 0;
    for (uint64_t i = 0; i < 64; ++i) differs |= rows[i] ^ (rows[0] + i);
    return differs == 0;
  }

  uint64_t first_;
  uint64_t end_;
  std::vector<uint64_t> words_;  // one more than needed, for MaskFrom to read
};

}  // namespace tqdb

#endif  // TQDB_CORE_SCAN_ROW_FILTER_H_
