// Postings of ordered values, for ranges. Values lie in blocks, and each block also has the union
// of its rows: a range takes that of every block within it and looks at single values only at its
// two ends.
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
    if (blocks_.empty()) blocks_.push_back(std::make_unique<Block>());
    const size_t b = BlockOf(value);
    Block& block = *blocks_[b];
    const auto it = block.Find(value);
    if (it == block.entries.end() || it->first != value) {
      block.entries.emplace(it, value, Postings(row));
    } else {
      it->second.Add(row);
    }
    block.rows.Add(row);
    if (block.entries.size() > kMaxBlockValues) Split(b);
  }

  // Of a row, all values must be removed that were added: the row leaves a block's union with the
  // first.
  void Remove(const Value& value, uint64_t row) {
    if (blocks_.empty()) return;
    const size_t b = BlockOf(value);
    Block& block = *blocks_[b];
    const auto it = block.Find(value);
    if (it == block.entries.end() || it->first != value) return;
    it->second.Remove(row);
    block.rows.Remove(row);
    if (it->second.empty()) block.entries.erase(it);
    if (block.entries.empty()) blocks_.erase(blocks_.begin() + static_cast<ptrdiff_t>(b));
  }

  // Forgets all rows but these.
  void Retain(const RowSet& rows) {
    for (const std::unique_ptr<Block>& block : blocks_) {
      block->entries.erase(std::remove_if(block->entries.begin(), block->entries.end(),
                                          [&rows](auto& entry) {
                                            entry.second.Retain(rows);
                                            return entry.second.empty();
                                          }),
                           block->entries.end());
      block->rows &= rows;
    }
    blocks_.erase(std::remove_if(blocks_.begin(), blocks_.end(),
                                 [](const auto& block) { return block->entries.empty(); }),
                  blocks_.end());
  }

  const Postings* Find(const Value& value) const {
    if (blocks_.empty()) return nullptr;
    Block& block = *blocks_[BlockOf(value)];
    const auto it = block.Find(value);
    return it != block.entries.end() && it->first == value ? &it->second : nullptr;
  }

  // Calls whole(const RowSet&) and single(const Postings&), which together have the rows of all
  // values that are neither below(value) nor above(value).
  template <typename Below, typename Above, typename Whole, typename Single>
  void ForRange(const Below& below, const Above& above, const Whole& whole,
                const Single& single) const {
    for (const std::unique_ptr<Block>& block : blocks_) {
      const auto& entries = block->entries;
      if (above(entries.front().first)) return;
      if (below(entries.back().first)) continue;
      if (!below(entries.front().first) && !above(entries.back().first)) {
        whole(block->rows);
        continue;
      }
      for (const auto& [value, postings] : entries) {
        if (!below(value) && !above(value)) single(postings);
      }
    }
  }

  // Calls fn(value, postings) for all values, ascending or descending, from `from` (null: the first) on, until it returns
  // false.
  template <typename Fn>
  void Walk(bool descending, const Value* from, const Fn& fn) const {
    const size_t count = blocks_.size();
    for (size_t i = 0; i < count; ++i) {
      const auto& entries = blocks_[descending ? count - 1 - i : i]->entries;
      if (from != nullptr && (descending ? entries.front().first > *from : entries.back().first < *from)) continue;
      for (size_t e = 0; e < entries.size(); ++e) {
        const auto& [value, postings] = entries[descending ? entries.size() - 1 - e : e];
        if (from != nullptr && (descending ? value > *from : value < *from)) continue;
        if (!fn(value, postings)) return;
      }
    }
  }

  size_t memory_bytes() const {
    size_t bytes = blocks_.capacity() * sizeof(blocks_[0]);
    for (const std::unique_ptr<Block>& block : blocks_) {
      bytes += sizeof(Block) + block->entries.capacity() * sizeof(block->entries[0]) +
               block->rows.memory_bytes();
      for (const auto& [value, postings] : block->entries) bytes += postings.memory_bytes();
    }
    return bytes;
  }

 private:
  static constexpr size_t kMaxBlockValues = 512;

  using Entries = std::vector<std::pair<Value, Postings>>;
  struct Block {
    Entries entries;  // ascending; empty only within a call
    RowSet rows;

    typename Entries::iterator Find(const Value& value) {
      return std::lower_bound(entries.begin(), entries.end(), value,
                              [](const auto& entry, const Value& v) { return entry.first < v; });
    }
    void FillRows() {
      rows = RowSet();
      for (const auto& [value, postings] : entries) postings.AddTo(rows);
    }
  };

  // The block in which a value is, or belongs.
  size_t BlockOf(const Value& value) const {
    const auto it = std::upper_bound(
        blocks_.begin() + 1, blocks_.end(), value,
        [](const Value& v, const auto& block) { return v < block->entries.front().first; });
    return static_cast<size_t>(it - blocks_.begin()) - 1;
  }

  void Split(size_t b) {
    Block& block = *blocks_[b];
    auto upper = std::make_unique<Block>();
    const auto middle = block.entries.begin() + static_cast<ptrdiff_t>(block.entries.size() / 2);
    upper->entries.assign(std::make_move_iterator(middle),
                          std::make_move_iterator(block.entries.end()));
    block.entries.erase(middle, block.entries.end());
    block.FillRows();
    upper->FillRows();
    blocks_.insert(blocks_.begin() + static_cast<ptrdiff_t>(b) + 1, std::move(upper));
  }

  std::vector<std::unique_ptr<Block>> blocks_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_PAYLOAD_SORTED_POSTINGS_H_
