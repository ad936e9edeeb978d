// The postings of up to 65,536 rows. Each term has the slots of its rows, and their values.
//
// The simple idea: a hash map from term to a pair of growing arrays. That is the open segment. It
// takes rows one by one. But each of its many small arrays wastes memory, and a search jumps
// between them.
//
// A closed segment has the same contents packed. All slots lie in one array and all values in
// another one, in the order of terms. Example: term 3 in slots 0 and 2, term 8 in slot 2:
//
// clang-format off
//   terms    3        8
//   ends     2        3         postings of terms[i] are ends[i - 1] to ends[i]
//   slots    0   2    2
//   values   a   b    c
// clang-format on
//
// A posting costs 2 bytes for its slot, and its value. Closed segments are merged into larger ones,
// and dead rows are dropped on the way. Nothing else of a closed segment ever changes.
//
// A segment also knows how many of its rows with a term still count (retired_slots.h).
//
// Left out: compression of slots below 2 bytes, by distances and bit packing. Every search would
// have to unpack them, and slots could not be found by bisection.
//
// Not thread-safe; const methods may run at the same time.
#ifndef TQDB_STORAGE_SPARSE_POSTINGS_SEGMENT_H_
#define TQDB_STORAGE_SPARSE_POSTINGS_SEGMENT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"
#include "base/ending_allocator.h"
#include "storage/sparse/scoring.h"
#include "storage/sparse/segment_rows.h"

namespace tqdb::storage {

// Interval that holds the impacts of all postings of a term, under the average length of their
// segment. It also holds zero, the impact of rows without the term.
struct ImpactBounds {
  float low = 0;
  float high = 0;

  void Extend(float impact) {
    low = impact < low ? impact : low;
    high = impact > high ? impact : high;
  }
};

// A view of the postings of one term.
template <typename Value>
struct PostingsView {
  const uint16_t* slots = nullptr;  // ascending
  const Value* values = nullptr;    // one for each slot
  uint32_t count = 0;               // number of postings, of live and dead rows
  ImpactBounds bounds;
};

// A term of a segment with its postings.
template <typename Value>
struct TermPostings {
  uint32_t term;
  PostingsView<Value> postings;
};

// A segment that takes rows.
template <typename Scoring>
class OpenSegment {
 public:
  using Value = typename Scoring::Value;
  // Limit of the rows. It is small so that the ends of the lists, which every row extends, stay in
  // the cache.
  static constexpr size_t kMaxRows = 4096;

  // Appends a row. Bounds are taken under the scoring of the first row, because all of them must
  // hold under one average length. If memory runs out, the row is left dead and retired. Requires:
  // terms ascend; not full().
  void Append(uint64_t row, const PointId& id, absl::Span<const uint32_t> terms,
              absl::Span<const Value> values, uint32_t length, const Scoring& scoring);
  bool full() const { return rows_.size() >= kMaxRows || postings_ >= kMaxPostings; }

  SegmentRows& rows() { return rows_; }
  const SegmentRows& rows() const { return rows_; }
  size_t postings() const { return postings_; }
  // Returns the average length under which the bounds hold.
  double average_length() const { return scoring_.average_length(); }
  // Returns the postings of a term; none if no row has it. Valid until the next Append.
  PostingsView<Value> Find(uint32_t term) const;
  // Returns the number of rows that have a term and count. Cost: up to a look at each posting.
  uint32_t Frequency(uint32_t term) const;
  // Returns all lists, by ascending term.
  std::vector<TermPostings<Value>> Lists() const;
  size_t memory_bytes() const;

  explicit OpenSegment(const Scoring& scoring) : scoring_(scoring) {}

 private:
  static constexpr size_t kMaxPostings = size_t{1} << 20;

  // Adds the postings of the row in a slot to the lists.
  void AppendPostings(uint16_t slot, absl::Span<const uint32_t> terms,
                      absl::Span<const Value> values, uint32_t length);

  struct List {
    // Most lists of 4,096 rows are short. The vectors hold 16 bytes in place of their pointers, so
    // a short list needs no allocation.
    absl::InlinedVector<uint16_t, 8> slots;
    absl::InlinedVector<Value, 16 / sizeof(Value)> values;
    ImpactBounds bounds;
  };
  static PostingsView<Value> View(const List& list) {
    return {list.slots.data(), list.values.data(), static_cast<uint32_t>(list.slots.size()),
            list.bounds};
  }

  Scoring scoring_;
  SegmentRows rows_;
  EndingHashMap<uint32_t, List> lists_;
  size_t postings_ = 0;
};

// A packed segment. Its rows ascend with their slots.
template <typename Scoring>
class ClosedSegment {
 public:
  using Value = typename Scoring::Value;
  // Limit of the postings: this many take about 40 ms to merge, and a writer waits for it.
  static constexpr size_t kMaxPostings = size_t{1} << 24;

  // Return a segment with the live rows of an open one, or of several closed ones. Requires: their
  // live rows together are at most SegmentRows::kMaxRows.
  static ClosedSegment FromOpen(const OpenSegment<Scoring>& open, const Scoring& scoring);
  static ClosedSegment Merge(absl::Span<const ClosedSegment* const> parts, const Scoring& scoring);

  SegmentRows& rows() { return rows_; }
  const SegmentRows& rows() const { return rows_; }
  size_t postings() const { return slots_.size(); }
  // Returns the average length under which the bounds hold.
  double average_length() const { return average_length_; }
  // Returns the postings of a term; none if no row has it. Cost: a bisection of the terms.
  PostingsView<Value> Find(uint32_t term) const;
  // Returns the number of rows that have a term and count. Cost: Find; and, if rows were retired
  // since the last call for the term, one bisection of the postings for each of them.
  uint32_t Frequency(uint32_t term) const;
  // Returns all lists, by ascending term.
  std::vector<TermPostings<Value>> Lists() const;
  // Replaces each term by numbers[term]. Requires: the new numbers ascend as the old ones do.
  void RenumberTerms(absl::Span<const uint32_t> numbers);
  size_t memory_bytes() const;

 private:
  // Postings of a list that has a memo of its retired rows. Shorter lists are looked through at
  // each call, which takes no longer than to find the list.
  static constexpr size_t kMemoPostings = 256;

  ClosedSegment() = default;
  // Merges parts of either kind; takes bounds under `scoring`.
  template <typename Part>
  static ClosedSegment Build(absl::Span<const Part* const> parts, const Scoring& scoring);
  // Returns the place of a term in terms_; the size of terms_ if it is not there.
  size_t PlaceOf(uint32_t term) const;
  // Returns the postings of terms_[place].
  PostingsView<Value> ListAt(size_t place) const;
  // Returns the memo of terms_[place]; null if its list is short.
  RetiredMemo* MemoAt(size_t place) const;

  SegmentRows rows_;
  double average_length_ = 0;             // average length under which bounds_ hold
  std::vector<uint32_t> terms_;           // ascending
  std::vector<uint32_t> ends_;            // end of the postings of each term
  std::vector<ImpactBounds> bounds_;      // of each term
  std::vector<uint16_t> slots_;           // of all postings
  std::vector<Value> values_;             // of all postings
  std::vector<uint32_t> memo_places_;     // ascending places of the lists that have a memo
  std::unique_ptr<RetiredMemo[]> memos_;  // of these lists
};

extern template class OpenSegment<DotScoring>;
extern template class OpenSegment<Bm25Scoring>;
extern template class ClosedSegment<DotScoring>;
extern template class ClosedSegment<Bm25Scoring>;

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_SPARSE_POSTINGS_SEGMENT_H_
