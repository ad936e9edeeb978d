// An inverted index. A row has some terms with a value each, and a query has some terms with a
// weight each. The index finds the rows with the highest sums of weight * impact of value. Exact.
//
// The simple idea: for each term a list of the rows that have it, with their values (postings). A
// query reads the lists of its own terms and nothing else. Example: row 7 is {cat: 2, dog: 1} and
// row 9 is {dog: 3}. The lists are cat -> (7, 2) and dog -> (7, 1), (9, 3). The query {dog: 1}
// reads one list and never sees the word "cat".
//
// Rows come in any order and must be found at once. But lists are compact only if they are built in
// one go. So the index is made of segments, as a log-structured store is:
// 1. New rows go into an open segment, whose lists can grow.
// 2. A full open segment is closed: its lists are packed into arrays and never change again.
// 3. Closed segments of one size class (4,096, 8,192, 16,384, 32,768 rows) are merged in pairs. So
//    a posting is copied some five times until it lies in a segment of up to 65,536 rows. Larger
//    segments have fewer lists to find and fewer bytes a posting; smaller ones have shorter merges.
// 4. A removed row is masked. A closed segment of which a quarter is dead is rewritten.
// A merge or a rewrite takes some 10 ns a posting, in the Add or Remove that caused it. For 65,536
// rows of 85 terms this is 60 ms, about once in 65,536 adds.
//
// Statistics (rows, frequencies, average length) count the rows that were added and not retired.
// So scores depend on these rows alone, to the last bit, whatever was added and removed before: an
// index gives the scores that a new one of the same rows gives. A row is retired by itself or
// together with its removal. Rows and lengths are sums that are kept up to date; frequencies are
// counted when a query asks (retired_slots.h).
//
// Left out: merges in the background, which would need a lock between them and the searches. Also
// left out are slots of less than 16 bits, which every search would have to unpack.
//
// Not thread-safe; const methods may run at the same time. The owner keeps writers out during
// searches.
#ifndef TQDB_STORAGE_SPARSE_INVERTED_INDEX_H_
#define TQDB_STORAGE_SPARSE_INVERTED_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/scan/row_filter.h"
#include "core/scan/top_k.h"
#include "storage/sparse/postings_segment.h"
#include "storage/sparse/segment_search.h"
#include "values/types.h"

namespace tqdb::storage {

// Settings of a search.
struct SparseSearchOptions {
  size_t top_k = 10;  // number of hits, at least 1
  // Lowest score of a hit.
  float score_threshold = -std::numeric_limits<float>::infinity();
  // Rows that may be hits; null allows all. Must outlive the search.
  const RowFilter* filter = nullptr;
  // Called between segments, that is after a millisecond or two of work. If it returns true, the
  // search ends with CANCELLED. May be empty.
  std::function<bool()> cancelled = {};
  // Called between segments, so that the owner can let writers in. If they replaced segments, the
  // search ends with ABORTED, and the caller must start it again. May be empty.
  std::function<void()> yield = {};
};

// A term of a query.
struct QueryTerm {
  uint32_t term;
  float weight;
};

// The index. Scoring is DotScoring or Bm25Scoring (scoring.h).
template <typename Scoring>
class InvertedIndex {
 public:
  using Value = typename Scoring::Value;

  explicit InvertedIndex(const Scoring& scoring) : scoring_(scoring), open_(scoring) {}

  // Adds a row of the point `id`. Returns false, without effect, if the row is there; a row that
  // was removed may come again. `length` is the number of words of its text, 0 for sparse vectors.
  // If memory runs out before the row is in, the index has the rows that it had. Requires: terms
  // ascend, and there is one value for each.
  bool Add(uint64_t row, const PointId& id, absl::Span<const uint32_t> terms,
           absl::Span<const Value> values, uint32_t length);
  // Takes a row out of the statistics; it can be hit until it is removed. Returns false if it is
  // not there or was retired before. Allocates nothing.
  bool Retire(uint64_t row);
  // Removes a row, and retires it first. Returns false if it is not there. If memory runs out, the
  // row is removed, and only its segment is not rewritten yet.
  bool Remove(uint64_t row);
  bool Contains(uint64_t row) const;
  // Drops every dead row at once. Cost: every segment with dead rows is rewritten.
  void Compact();

  uint64_t rows() const { return rows_; }   // rows that count
  double average_length() const;            // of these, in words; 0 without any
  uint64_t Frequency(uint32_t term) const;  // number of rows that have the term and count
  uint64_t held_rows() const;               // all rows in memory, removed ones too
  size_t memory_bytes() const;

  // Returns the best rows, by descending score; equal scores are ordered by id. A hit has at least
  // one of the terms. Its score is the sum of weight * impact, added in the order of `terms` in
  // double and rounded once. CANCELLED and ABORTED as the options say. Requires: terms are
  // distinct.
  absl::StatusOr<std::vector<Hit>> Search(absl::Span<const QueryTerm> terms,
                                          const SparseSearchOptions& options,
                                          SparseSearchStats* stats = nullptr) const;

  // Returns, for each term below `size`, whether a row in memory has it. Requires: all terms are
  // below `size`.
  std::vector<bool> UsedTerms(size_t size) const;
  // Replaces each used term by numbers[term]. Closes the open segment. Requires: the new numbers of
  // used terms ascend as the old ones do.
  void RenumberTerms(absl::Span<const uint32_t> numbers);

  // Returns the scoring under the current average length.
  Scoring CurrentScoring() const { return scoring_.WithAverageLength(average_length()); }

 private:
  using Closed = ClosedSegment<Scoring>;

  // Where a live row is.
  struct Place {
    size_t segment;  // place in closed_, or kOpen
    uint16_t slot;
  };
  static constexpr size_t kOpen = ~size_t{0};

  std::optional<Place> Find(uint64_t row) const;
  SegmentRows& RowsOf(const Place& place) {
    return place.segment == kOpen ? open_.rows() : closed_[place.segment].rows();
  }
  // Retires the row at a place. Returns false if it was retired before.
  bool RetireAt(const Place& place);
  // Packs the open segment, without its dead rows, and begins an empty one.
  void CloseOpenSegment();
  // Merges closed segments in pairs until no two are of one size class.
  void MergeClosed();
  // Merges the segments at `parts`, ascending places in closed_, and replaces them by the result. A
  // single part is rewritten without its dead rows.
  void Replace(absl::Span<const size_t> parts);
  // Returns the size class of a segment: 0 up to 4,096 live rows, 1 up to 8,192, and so on.
  static int SizeClass(const Closed& segment);

  const Scoring scoring_;
  OpenSegment<Scoring> open_;
  std::vector<Closed> closed_;  // in no order; a live row is in one segment
  uint64_t rows_ = 0;           // rows that count
  uint64_t length_ = 0;         // words of these rows
  uint64_t last_row_ = 0;       // highest row ever added; new rows are mostly above it
  uint64_t changes_ = 0;        // number of replacements of segments or of terms' numbers
};

extern template class InvertedIndex<DotScoring>;
extern template class InvertedIndex<Bm25Scoring>;

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_SPARSE_INVERTED_INDEX_H_
