// Postings of up to 65,536 rows: for each term the slots of the rows that have it, and values.
//
// A segment is filled while it is open and never changes afterwards, but for its dead rows. Closed
// segments are merged into larger ones, without what is dead. All postings of a closed segment lie
// in two arrays, 2 bytes a slot beside the value, and its terms in a third; that is all there is to
// compress without unpacking in every search.
//
// Not thread-safe; const methods may run together.
#ifndef TQDB_STORAGE_SPARSE_POSTINGS_SEGMENT_H_
#define TQDB_STORAGE_SPARSE_POSTINGS_SEGMENT_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"
#include "base/ending_allocator.h"
#include "storage/sparse/scoring.h"
#include "storage/sparse/segment_rows.h"

namespace tqdb::storage {

// Impacts of a term's postings under the average length of their segment: all are within.
struct ImpactBounds {
  float low = 0;  // zero stands for the rows without the term
  float high = 0;

  void Extend(float impact) {
    low = impact < low ? impact : low;
    high = impact > high ? impact : high;
  }
};

// The postings of one term.
template <typename Value>
struct PostingsView {
  const uint16_t* slots = nullptr;  // ascending
  const Value* values = nullptr;
  uint32_t count = 0;  // of dead rows, too
  ImpactBounds bounds;
};

// The postings of one of a segment's terms.
template <typename Value>
struct TermPostings {
  uint32_t term;
  PostingsView<Value> postings;
};

template <typename Scoring>
class OpenSegment {
 public:
  using Value = typename Scoring::Value;
  static constexpr size_t kMaxRows = 4096;  // the lists that a row extends stay in the cache

  // Terms ascend. Bounds are taken under `scoring` as it is for the first row.
  void Append(uint64_t row, absl::Span<const uint32_t> terms, absl::Span<const Value> values,
              uint32_t length, const Scoring& scoring);
  bool full() const { return rows_.size() >= kMaxRows || postings_ >= kMaxPostings; }

  SegmentRows& rows() { return rows_; }
  const SegmentRows& rows() const { return rows_; }
  size_t postings() const { return postings_; }
  double average_length() const { return scoring_.average_length(); }
  PostingsView<Value> Find(uint32_t term) const;
  std::vector<TermPostings<Value>> Lists() const;  // by ascending term
  size_t memory_bytes() const;

  explicit OpenSegment(const Scoring& scoring) : scoring_(scoring) {}

 private:
  static constexpr size_t kMaxPostings = size_t{1} << 20;

  struct List {
    // Most lists of so few rows are short: what a vector takes for its pointers holds them.
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

template <typename Scoring>
class ClosedSegment {
 public:
  using Value = typename Scoring::Value;
  static constexpr size_t kMaxPostings = size_t{1} << 24;  // 40 ms to merge

  // The live rows of segments, ordered by row; they must fit.
  static ClosedSegment FromOpen(const OpenSegment<Scoring>& open, const Scoring& scoring);
  static ClosedSegment Merge(absl::Span<const ClosedSegment* const> parts, const Scoring& scoring);

  SegmentRows& rows() { return rows_; }
  const SegmentRows& rows() const { return rows_; }
  size_t postings() const { return slots_.size(); }
  double average_length() const { return average_length_; }
  PostingsView<Value> Find(uint32_t term) const;
  std::vector<TermPostings<Value>> Lists() const;  // by ascending term
  // Terms get new numbers, in the same order.
  void RenumberTerms(absl::Span<const uint32_t> numbers);
  size_t memory_bytes() const;

 private:
  ClosedSegment() = default;
  template <typename Part>
  static ClosedSegment Build(absl::Span<const Part* const> parts, const Scoring& scoring);
  PostingsView<Value> ListAt(size_t place) const;

  SegmentRows rows_;
  double average_length_ = 0;    // under which bounds_ hold
  std::vector<uint32_t> terms_;  // ascending
  std::vector<uint32_t> ends_;   // of the postings of each
  std::vector<ImpactBounds> bounds_;
  std::vector<uint16_t> slots_;
  std::vector<Value> values_;
};

extern template class OpenSegment<DotScoring>;
extern template class OpenSegment<Bm25Scoring>;
extern template class ClosedSegment<DotScoring>;
extern template class ClosedSegment<Bm25Scoring>;

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_SPARSE_POSTINGS_SEGMENT_H_
