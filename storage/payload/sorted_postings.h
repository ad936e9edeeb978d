// Values in order, each with its rows: answers ranges, and walks values in order.
//
// The simple idea: a sorted map from value to rows. A range would visit every value in it and unite
// their rows. For `price >= 0` on a million different prices that is a million small unions.
//
// So there are two more levels, as in a B-tree. Up to 512 values are a block, and up to 32 blocks
// are a group. Each block and each group also keeps the union of the rows of its values. A range
// takes the union of every group that lies within it. From the groups at its two ends it takes the
// unions of the blocks within it. From the blocks at the two ends it takes single values.
//
// Example: a million different values are some 60 to 250 groups. The range from the 1,000th to the
// 900,000th value takes the unions of all groups in between. To these it adds at most 31 blocks and
// 511 values at either end. That is about 300 large sets and 1,000 small ones in place of
// 899,000.
//
// The cost is memory: a row is kept three times, for its value, its block and its group. In the
// unions it takes some 2 bytes. Left out: more levels. All groups are united in one call, and there
// are few of them.
//
// Invariants, between calls:
// 1. Groups, blocks and values ascend; no value occurs twice; no group and no block is empty.
// 2. A union has exactly the rows of the values below it, provided that callers follow Remove.
//
// Not thread-safe; const methods may run at the same time.
#ifndef TQDB_STORAGE_PAYLOAD_SORTED_POSTINGS_H_
#define TQDB_STORAGE_PAYLOAD_SORTED_POSTINGS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "storage/payload/postings.h"
#include "storage/payload/row_set.h"

namespace tqdb::storage {

template <typename Value>
class SortedPostings {
 public:
  // Adds a row to the rows of a value. A full block or group is split in two.
  void Add(const Value& value, uint64_t row) {
    if (groups_.empty()) {
      // Made whole first. If memory runs out on the way, no empty group or block stays behind.
      auto block = std::make_unique<Block>();
      block->items.emplace_back(value, Postings(row));
      block->rows.Add(row);
      auto group = std::make_unique<Group>();
      group->rows.Add(row);
      group->items.push_back(std::move(block));
      groups_.push_back(std::move(group));
      return;
    }
    const size_t g = PlaceOf(groups_, value);
    Group& group = *groups_[g];
    const size_t b = PlaceOf(group.items, value);
    Block& block = *group.items[b];
    const auto it = Find(block.items, value);
    if (it == block.items.end() || it->first != value) {
      block.items.emplace(it, value, Postings(row));
    } else {
      it->second.Add(row);
    }
    block.rows.Add(row);
    group.rows.Add(row);
    if (block.items.size() > kMaxBlockValues) Split(group.items, b);
    if (group.items.size() > kMaxGroupBlocks) Split(groups_, g);
  }

  // Removes a row from the rows of a value. Requires: the caller removes every value that Add
  // received for this row. The first removal takes the row out of the unions, although other values
  // of a block may still have it.
  void Remove(const Value& value, uint64_t row) {
    if (groups_.empty()) return;
    const size_t g = PlaceOf(groups_, value);
    Group& group = *groups_[g];
    const size_t b = PlaceOf(group.items, value);
    Block& block = *group.items[b];
    const auto it = Find(block.items, value);
    if (it == block.items.end() || it->first != value) return;
    it->second.Remove(row);
    block.rows.Remove(row);
    group.rows.Remove(row);
    if (it->second.empty()) block.items.erase(it);
    if (block.items.empty()) group.items.erase(group.items.begin() + static_cast<ptrdiff_t>(b));
    if (group.items.empty()) groups_.erase(groups_.begin() + static_cast<ptrdiff_t>(g));
  }

  // Removes all rows that are not in `rows`.
  void Retain(const RowSet& rows) {
    for (const std::unique_ptr<Group>& group : groups_) {
      for (const std::unique_ptr<Block>& block : group->items) {
        for (auto& [value, postings] : block->items) postings.Retain(rows);
        EraseIf(block->items, [](const auto& entry) { return entry.second.empty(); });
        block->rows &= rows;
      }
      EraseIf(group->items, [](const auto& block) { return block->items.empty(); });
      group->rows &= rows;
    }
    EraseIf(groups_, [](const auto& group) { return group->items.empty(); });
  }

  // Returns the rows of a value, or null if no row has it.
  const Postings* Find(const Value& value) const {
    if (groups_.empty()) return nullptr;
    Group& group = *groups_[PlaceOf(groups_, value)];
    Block& block = *group.items[PlaceOf(group.items, value)];
    const auto it = Find(block.items, value);
    return it != block.items.end() && it->first == value ? &it->second : nullptr;
  }

  // Hands out the rows of all values that are neither below(value) nor above(value). Unions go to
  // whole(const RowSet&), the rows of single values to single(const Postings&). The answer is the
  // union of all that was handed out. Requires: `below` is true for a prefix of the values in their
  // order, `above` for a suffix. Bounds are predicates so that they may be of another type than the
  // values.
  template <typename Below, typename Above, typename Whole, typename Single>
  void ForRange(const Below& below, const Above& above, const Whole& whole,
                const Single& single) const {
    // Calls fn(part) for the parts that have a value within the range. Parts are groups or blocks.
    const auto for_each = [&](const auto& parts, const auto& fn) {
      const auto begin = std::partition_point(
          parts.begin(), parts.end(), [&](const auto& part) { return below(part->back()); });
      const auto end = std::partition_point(
          begin, parts.end(), [&](const auto& part) { return !above(part->front()); });
      for (auto part = begin; part != end; ++part) fn(**part);
    };
    const auto within = [&](const auto& part) {
      return !below(part.front()) && !above(part.back());
    };
    for_each(groups_, [&](const Group& group) {
      if (within(group)) return whole(group.rows);
      for_each(group.items, [&](const Block& block) {
        if (within(block)) return whole(block.rows);
        const auto begin =
            std::partition_point(block.items.begin(), block.items.end(),
                                 [&](const auto& entry) { return below(entry.first); });
        const auto end = std::partition_point(
            begin, block.items.end(), [&](const auto& entry) { return !above(entry.first); });
        for (auto entry = begin; entry != end; ++entry) single(entry->second);
      });
    });
  }

  bool empty() const { return groups_.empty(); }

  // Calls fn(value, postings) for values in ascending or descending order, until fn returns false.
  // Leaves out the values for which before(value) is true. Requires: these are the first ones in
  // this order.
  template <typename Before, typename Fn>
  void Walk(bool descending, const Before& before, const Fn& fn) const {
    // Whether a whole part is left out: its last value in this order is.
    const auto passed = [&](const auto& part) {
      return before(descending ? part.front() : part.back());
    };
    const auto nth = [descending](const auto& items, size_t i) -> const auto& {
      return items[descending ? items.size() - 1 - i : i];
    };
    for (size_t g = 0; g < groups_.size(); ++g) {
      const Group& group = *nth(groups_, g);
      for (size_t b = 0; !passed(group) && b < group.items.size(); ++b) {
        const Block& block = *nth(group.items, b);
        for (size_t e = 0; !passed(block) && e < block.items.size(); ++e) {
          const auto& [value, postings] = nth(block.items, e);
          if (before(value)) continue;
          if (!fn(value, postings)) return;
        }
      }
    }
  }

  size_t memory_bytes() const {
    size_t bytes = groups_.capacity() * sizeof(groups_[0]);
    for (const std::unique_ptr<Group>& group : groups_) {
      bytes += sizeof(Group) + group->items.capacity() * sizeof(group->items[0]) +
               group->rows.memory_bytes();
      for (const std::unique_ptr<Block>& block : group->items) {
        bytes += sizeof(Block) + block->items.capacity() * sizeof(block->items[0]) +
                 block->rows.memory_bytes();
        for (const auto& [value, postings] : block->items) bytes += postings.memory_bytes();
      }
    }
    return bytes;
  }

 private:
  static constexpr size_t kMaxBlockValues = 512;
  static constexpr size_t kMaxGroupBlocks = 32;

  using Entries = std::vector<std::pair<Value, Postings>>;
  // Block and Group have the same face (items, rows, front, back, FillRows), so that the functions
  // below serve both levels.
  struct Block {
    Entries items;  // by ascending value
    RowSet rows;    // union of the rows of `items`

    const Value& front() const { return items.front().first; }
    const Value& back() const { return items.back().first; }
    void FillRows() {
      rows = RowSet();
      for (const auto& [value, postings] : items) postings.AddTo(rows);
    }
  };
  struct Group {
    std::vector<std::unique_ptr<Block>> items;  // by ascending values
    RowSet rows;                                // union of the rows of `items`

    const Value& front() const { return items.front()->front(); }
    const Value& back() const { return items.back()->back(); }
    void FillRows() {
      rows = RowSet();
      for (const std::unique_ptr<Block>& block : items) rows |= block->rows;
    }
  };

  static typename Entries::iterator Find(Entries& entries, const Value& value) {
    return std::lower_bound(entries.begin(), entries.end(), value,
                            [](const auto& entry, const Value& v) { return entry.first < v; });
  }
  // Returns the place of the part that has a value, or into which it belongs. This is the last part
  // that begins at or below it, or else the first part.
  template <typename Part>
  static size_t PlaceOf(const std::vector<std::unique_ptr<Part>>& parts, const Value& value) {
    const auto it =
        std::upper_bound(parts.begin() + 1, parts.end(), value,
                         [](const Value& v, const auto& part) { return v < part->front(); });
    return static_cast<size_t>(it - parts.begin()) - 1;
  }
  // Cuts the part at `place` in two halves and computes both unions again.
  template <typename Part>
  static void Split(std::vector<std::unique_ptr<Part>>& parts, size_t place) {
    // Room first: if the insertion at the end failed, the upper half would be lost.
    if (parts.size() == parts.capacity()) parts.reserve(2 * parts.size() + 1);
    Part& part = *parts[place];
    auto upper = std::make_unique<Part>();
    const auto middle = part.items.begin() + static_cast<ptrdiff_t>(part.items.size() / 2);
    upper->items.assign(std::make_move_iterator(middle), std::make_move_iterator(part.items.end()));
    part.items.erase(middle, part.items.end());
    part.FillRows();
    upper->FillRows();
    parts.insert(parts.begin() + static_cast<ptrdiff_t>(place) + 1, std::move(upper));
  }
  template <typename Items, typename Fn>
  static void EraseIf(Items& items, const Fn& fn) {
    items.erase(std::remove_if(items.begin(), items.end(), fn), items.end());
  }

  std::vector<std::unique_ptr<Group>> groups_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_PAYLOAD_SORTED_POSTINGS_H_
