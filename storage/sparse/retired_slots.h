// The slots of a segment whose rows no longer count.
//
// The frequency of a term is the number of counted rows that have it. A segment knows how many of
// its rows have a term: the length of the term's list. It does not know which terms a row has,
// since keeping them would cost half as much again as the lists. So a frequency is the length of
// the list less the number of its slots that are retired, and that number is counted when a query
// asks.
//
// The simple idea: go over the list and look each slot up in a bitmap. A look takes less than a
// nanosecond, but the list of a common word has 60,000 slots. So long lists have a memo: how many
// of the retired slots were looked at for this list, and how many of these it has. Slots are
// retired one after the other and kept in that order, so a later query goes on where the last one
// ended.
//
// Example: slots 5, 9 and 2 were retired, and the memo of a list says "2 looked at, 1 found". A
// query looks for slot 2 alone in the list, by bisection, and writes "3 looked at".
//
// Not thread-safe; const methods may run at the same time, with one memo too.
#ifndef TQDB_STORAGE_SPARSE_RETIRED_SLOTS_H_
#define TQDB_STORAGE_SPARSE_RETIRED_SLOTS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace tqdb::storage {

// What is known of one list: the lower half is the number of retired slots that were looked at, the
// upper half the number of these in the list. One word, so that two searches may write it at the
// same time: each writes a pair that is true.
using RetiredMemo = std::atomic<uint64_t>;

class RetiredSlots {
 public:
  // Makes room for the slots below `slots`, so that Add allocates nothing for them.
  void Reserve(size_t slots);
  // Retires a slot. Returns false if it was retired before. Requires: there is room for it.
  bool Add(uint16_t slot);
  bool Contains(size_t slot) const { return (bits_[slot / 64] >> (slot % 64) & 1) != 0; }
  bool empty() const { return count_ == 0; }

  // Returns how many of `slots` are retired. `memo` is the list's own, all zero at first; null if
  // it has none. Requires: slots ascend. A list with a memo never changes.
  uint32_t CountIn(absl::Span<const uint16_t> slots, RetiredMemo* memo) const;

  // Returns the bytes on the heap.
  size_t memory_bytes() const;
  void ShrinkToFit();

 private:
  std::vector<uint64_t> bits_;   // one bit for each slot
  std::vector<uint16_t> order_;  // the first count_ are the retired slots, in the order of Add
  size_t count_ = 0;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_SPARSE_RETIRED_SLOTS_H_
