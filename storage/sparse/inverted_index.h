// An inverted index: rows, each with some terms and a value for each, found by weighted terms.
//
// Rows come in any order into an open segment. When that is full it is closed; closed segments of
// one size class (4,096, 8,192, 16,384, 32,768 rows) are merged in pairs, so that a posting is
// copied some five times until it lies in a segment of up to 65,536 rows. Larger segments have
// fewer lists to find and fewer bytes a posting, smaller ones shorter merges. A removed row is
// masked; a closed segment of which a quarter is dead is written anew without. A merge or a rewrite
// takes some 10 ns a posting, in the call to Add or Remove that caused it: 60 ms of work for 65,536
// rows of 85 terms, as a rule once in as many adds.
//
// Statistics (rows, frequencies, average length) are over the rows that are held, dead ones
// included until their segment is written anew: what a dead row had is not known. At most a quarter
// of the rows of closed segments and those of the open one are dead. Scores change a little when
// segments are compacted, and after a restart.
//
// Not thread-safe; const methods may run together. The owner keeps writers out during searches.
#ifndef TQDB_STORAGE_SPARSE_INVERTED_INDEX_H_
#define TQDB_STORAGE_SPARSE_INVERTED_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/scan/row_filter.h"
#include "storage/sparse/postings_segment.h"
#include "storage/sparse/segment_search.h"

namespace tqdb::storage {

struct SparseSearchOptions {
  size_t top_k = 10;  // at least 1
  // Hits below this score are left out.
  float score_threshold = -std::numeric_limits<float>::infinity();
  // Rows that may be hits; null: all. Outlives the search.
  const RowFilter* filter = nullptr;
  // Polled between segments, a millisecond or two of work; true abandons the search. May be empty.
  std::function<bool()> cancelled = {};
  // Called between segments, for the owner to let writers in. When they have replaced segments, the
  // search ends with ABORTED: it is to be done anew, as a whole. May be empty.
  std::function<void()> yield = {};
};

struct RowHit {
  uint64_t row;
  float score;
  friend bool operator==(const RowHit& a, const RowHit& b) = default;
};

struct QueryTerm {
  uint32_t term;
  float weight;
};

template <typename Scoring>
class InvertedIndex {
 public:
  using Value = typename Scoring::Value;

  explicit InvertedIndex(const Scoring& scoring) : scoring_(scoring), open_(scoring) {}

  // Terms ascend. False, and no effect, when the row is there. One that was
  // removed may come again.
  bool Add(uint64_t row, absl::Span<const uint32_t> terms, absl::Span<const Value> values,
           uint32_t length);
  // False when the row is not there.
  bool Remove(uint64_t row);
  bool Contains(uint64_t row) const;
  // Drops every dead row at once. Cost: that of writing all that is there anew.
  void Compact();

  uint64_t rows() const { return live_rows_; }
  uint64_t held_rows() const { return held_rows_; }  // dead ones, too
  double average_length() const;                     // of rows held
  uint64_t Frequency(uint32_t term) const;           // rows held that have the term
  size_t memory_bytes() const;

  // Best first: score descending, then row ascending. A hit has at least one of the terms; its
  // score is sum of weight * impact, added in the order of `terms` in double and rounded once.
  // Exact. Terms are distinct; CANCELLED when options.cancelled said so, ABORTED as options.yield
  // says.
  absl::StatusOr<std::vector<RowHit>> Search(absl::Span<const QueryTerm> terms,
                                             const SparseSearchOptions& options,
                                             SparseSearchStats* stats = nullptr) const;

  // Terms that a held row has: true at their numbers, which are below `size`.
  std::vector<bool> UsedTerms(size_t size) const;
  // Terms get new numbers, in the same order; numbers[term] of each used one. Closes the open
  // segment.
  void RenumberTerms(absl::Span<const uint32_t> numbers);

 private:
  using Closed = ClosedSegment<Scoring>;

  Scoring CurrentScoring() const { return scoring_.WithAverageLength(average_length()); }
  void CloseOpenSegment();
  // Merges closed segments while two are of one class.
  void MergeClosed();
  // Takes the place of `parts`, ascending places in closed_.
  void Replace(absl::Span<const size_t> parts);
  static int SizeClass(const Closed& segment);

  const Scoring scoring_;
  OpenSegment<Scoring> open_;
  std::vector<Closed> closed_;  // in no order; a row is in one segment
  uint64_t live_rows_ = 0;
  uint64_t held_rows_ = 0;
  uint64_t held_length_ = 0;
  uint64_t last_row_ = 0;  // the highest ever added
  uint64_t changes_ = 0;   // of segments and of the numbers of terms
};

extern template class InvertedIndex<DotScoring>;
extern template class InvertedIndex<Bm25Scoring>;

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_SPARSE_INVERTED_INDEX_H_
