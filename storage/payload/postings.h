// The rows that have one value.
//
// Most values of a key such as a title have one row or a few. A bitmap of one row takes about 100
// bytes of heap, so a million titles would take 100 MB. So a few rows are a sorted list, and two of
// them lie within the object itself. From 17 rows on they are a RowSet. The list comes back at 8
// rows and not at 16. Otherwise a value that gains and loses its seventeenth row again and again
// would be converted each time.
//
// Not thread-safe; const methods may run at the same time.
#ifndef TQDB_STORAGE_PAYLOAD_POSTINGS_H_
#define TQDB_STORAGE_PAYLOAD_POSTINGS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "storage/payload/row_set.h"

namespace tqdb::storage {

class Postings {
 public:
  Postings() = default;
  explicit Postings(uint64_t row) : few_{row} {}

  // Adds a row. No effect if it is there.
  void Add(uint64_t row) {
    if (many_ != nullptr) return many_->Add(row);
    const auto it = std::lower_bound(few_.begin(), few_.end(), row);
    if (it != few_.end() && *it == row) return;
    few_.insert(it, row);
    if (few_.size() <= kMaxFew) return;
    many_ = std::make_unique<RowSet>();
    for (const uint64_t each : few_) many_->Add(each);
    few_ = {};
  }
  // Removes a row. No effect if it is not there.
  void Remove(uint64_t row) {
    if (many_ == nullptr) {
      const auto it = std::lower_bound(few_.begin(), few_.end(), row);
      if (it != few_.end() && *it == row) few_.erase(it);
      return;
    }
    many_->Remove(row);
    KeepFewInPlace();
  }

  // Removes all rows that are not in `rows`.
  void Retain(const RowSet& rows) {
    if (many_ == nullptr) {
      few_.erase(std::remove_if(few_.begin(), few_.end(),
                                [&rows](uint64_t row) { return !rows.Contains(row); }),
                 few_.end());
      return;
    }
    *many_ &= rows;
    KeepFewInPlace();
  }

  uint64_t size() const { return many_ != nullptr ? many_->size() : few_.size(); }
  bool empty() const { return size() == 0; }
  // Returns how many of the rows are in `rows`.
  uint64_t CountIn(const RowSet& rows) const {
    if (many_ != nullptr) return many_->CountIn(rows);
    return static_cast<uint64_t>(std::count_if(
        few_.begin(), few_.end(), [&rows](uint64_t row) { return rows.Contains(row); }));
  }
  // Calls fn(row) in ascending order for rows from `first` on, until fn returns false. Returns true
  // if fn never did.
  template <typename Fn>
  bool ForEach(uint64_t first, const Fn& fn) const {
    if (many_ != nullptr) return many_->ForEach(first, fn);
    for (const uint64_t row : few_) {
      if (row >= first && !fn(row)) return false;
    }
    return true;
  }
  void AddTo(RowSet& rows) const {
    if (many_ != nullptr) {
      rows |= *many_;
    } else {
      for (const uint64_t row : few_) rows.Add(row);
    }
  }
  // Adds the rows to one of two lists: as a set if they are many, one by one if they are few. The
  // caller makes one union of both lists at the end. That costs far less than a union for each
  // value.
  void Collect(std::vector<const RowSet*>& sets, std::vector<uint64_t>& rows) const {
    if (many_ != nullptr) {
      sets.push_back(many_.get());
    } else {
      rows.insert(rows.end(), few_.begin(), few_.end());
    }
  }
  RowSet ToRowSet() const {
    RowSet rows;
    AddTo(rows);
    return rows;
  }
  // Returns the bytes on the heap.
  size_t memory_bytes() const {
    if (many_ != nullptr) return sizeof(RowSet) + many_->memory_bytes();
    return few_.capacity() > kInline ? few_.capacity() * sizeof(uint64_t) : 0;
  }

 private:
  // Turns a set that has become small into a list.
  void KeepFewInPlace() {
    if (many_->size() > kMaxFew / 2) return;
    for (const uint64_t each : many_->ToVector()) few_.push_back(each);
    many_ = nullptr;
  }

  static constexpr size_t kInline = 2;  // the vector's own pointer and capacity take as much
  static constexpr size_t kMaxFew = 16;

  absl::InlinedVector<uint64_t, kInline> few_;  // ascending
  std::unique_ptr<RowSet> many_;                // null, or all rows, and then few_ is empty
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_PAYLOAD_POSTINGS_H_
