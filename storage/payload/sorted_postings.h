// Postings of ordered values, for ranges. Values lie in blocks and blocks in groups, and each of
// these also has the union of its rows: a range takes that of every group within it, of every block
// within the groups at its two ends, and looks at single values only in the blocks at the ends.
//
// Not thread-safe; const methods may run together.
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
  void Add(const Value& value, uint64_t row) {
    if (groups_.empty()) {
      groups_.push_back(std::make_unique<Group>());
      groups_[0]->items.push_back(std::make_unique<Block>());
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

  // Of a row, all values must be removed that were added: the row leaves the unions with the first.
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

  // Forgets all rows but these.
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

  const Postings* Find(const Value& value) const {
    if (groups_.empty()) return nullptr;
    Group& group = *groups_[PlaceOf(groups_, value)];
    Block& block = *group.items[PlaceOf(group.items, value)];
    const auto it = Find(block.items, value);
    return it != block.items.end() && it->first == value ? &it->second : nullptr;
  }

  // Calls whole(const RowSet&) and single(const Postings&), which together have the rows of all
  // values that are neither below(value) nor above(value).
  template <typename Below, typename Above, typename Whole, typename Single>
  void ForRange(const Below& below, const Above& above, const Whole& whole,
                const Single& single) const {
    // Calls fn(part) for those of parts that have something within the range.
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

  // Calls fn(value, postings) for all values, ascending or descending, from `from` (null: the
  // first) on, until it returns false.
  template <typename Fn>
  void Walk(bool descending, const Value* from, const Fn& fn) const {
    const auto passed = [&](const auto& part) {
      return from != nullptr && (descending ? part.front() > *from : part.back() < *from);
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
          if (from != nullptr && (descending ? value > *from : value < *from)) continue;
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
  // Both are empty only within a call.
  struct Block {
    Entries items;  // ascending
    RowSet rows;

    const Value& front() const { return items.front().first; }
    const Value& back() const { return items.back().first; }
    void FillRows() {
      rows = RowSet();
      for (const auto& [value, postings] : items) postings.AddTo(rows);
    }
  };
  struct Group {
    std::vector<std::unique_ptr<Block>> items;
    RowSet rows;

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
  // The part in which a value is, or belongs.
  template <typename Part>
  static size_t PlaceOf(const std::vector<std::unique_ptr<Part>>& parts, const Value& value) {
    const auto it =
        std::upper_bound(parts.begin() + 1, parts.end(), value,
                         [](const Value& v, const auto& part) { return v < part->front(); });
    return static_cast<size_t>(it - parts.begin()) - 1;
  }
  template <typename Part>
  static void Split(std::vector<std::unique_ptr<Part>>& parts, size_t place) {
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
