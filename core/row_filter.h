// The rows that a search may hit.
#ifndef TQDB_CORE_ROW_FILTER_H_
#define TQDB_CORE_ROW_FILTER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tqdb {

// A bit for each of consecutive row numbers. What lies below them is out; what lies beyond them is in: rows that
// were written after the filter was made, for its maker to judge among the hits.
class RowFilter {
 public:
  // Bits of rows [first, end), all clear.
  RowFilter(uint64_t first, uint64_t end) : first_(first), end_(end), words_((end - first + 63) / 64 + 1) {}

  uint64_t end() const { return end_; }
  // `row` is one of them.
  void Allow(uint64_t row) { words_[(row - first_) / 64] |= uint64_t{1} << ((row - first_) % 64); }
  // Rows base + *low, ascending, all of them among the bits.
  void Allow(uint64_t base, const uint32_t* begin, const uint32_t* end) {
    uint64_t at = 0, word = 0;
    for (const uint32_t* low = begin; low != end; ++low) {
      const uint64_t bit = base + *low - first_;
      if (bit / 64 != at) {
        words_[at] |= word;
        at = bit / 64;
        word = 0;
      }
      word |= uint64_t{1} << (bit % 64);
    }
    words_[at] |= word;
  }
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

#endif  // TQDB_CORE_ROW_FILTER_H_
