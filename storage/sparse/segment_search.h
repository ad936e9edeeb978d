// The search of one segment: the dot product of a query's weights with the impacts of postings.
//
// The simple idea: add up every list of the query into one float a slot. Then look through the sums
// for the best. Much of this work cannot change the result and is left out (MaxScore: Turtle, Flood
// 1995):
// - Each list has an upper bound of what it can add. The best rows so far give a threshold. Lists
//   whose bounds together cannot reach the threshold need not be added up: a row in them alone is
//   no hit. Rows that reach it together with these bounds look their postings up, if the rows are
//   few enough.
// - A segment whose lists together cannot reach the threshold is skipped.
// - If a filter allows few rows, their postings are looked up and nothing is added up.
//
// Example: "the quick fox" with bounds 0.1, 2.0 and 3.5, and a threshold of 3.0. A row with "the"
// and "quick" reaches 2.1 at most. So only the list of "fox" is added up: 1,000 postings in place
// of 60,000. The rows of "fox" look up "quick" and "the".
//
// The sums only choose candidates, with room for their rounding. A score is computed from all lists
// in the order of the query in double and then rounded. So it is a function of query, row and
// statistics alone, whatever was left out.
//
// Left out of this file: bounds of smaller blocks (block-max indexes). Rows come in no useful
// order, so the highest impact of a few rows is near that of all. Segments of 4,096 rows instead of
// 65,536 were tried with ten words, drawn as documents have them. They add up 12 % fewer postings
// for dot products and 35 % fewer for BM25, in no less time (tqdb-bench sparse --rows 300000).
//
// Not thread-safe: one object serves one search.
#ifndef TQDB_STORAGE_SPARSE_SEGMENT_SEARCH_H_
#define TQDB_STORAGE_SPARSE_SEGMENT_SEARCH_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/scan/row_filter.h"
#include "core/scan/top_k.h"
#include "storage/sparse/postings_segment.h"
#include "storage/sparse/scoring.h"
#include "storage/sparse/segment_rows.h"

namespace tqdb::storage {

// Work of a search, for benchmarks.
struct SparseSearchStats {
  uint64_t postings = 0;  // postings in the lists of the query
  uint64_t added = 0;     // postings that were added up
  uint64_t scored = 0;    // rows whose score was computed
};

// The search of one query, in one segment after the other. For each segment the caller adds the
// lists of all terms and then calls Search.
template <typename Scoring>
class SegmentSearch {
 public:
  using Value = typename Scoring::Value;

  // `scoring` has the current average length. A null `filter` allows all rows. Hits go to `top`.
  // Requires: all three outlive the object.
  SegmentSearch(const Scoring& scoring, const RowFilter* filter, TopK& top)
      : scoring_(scoring), all_filter_(filter), top_(top) {}

  // Adds the postings of the next term of the query in the segment to be searched.
  // `average_length` is the one under which the bounds of the postings hold.
  void AddList(const PostingsView<Value>& postings, float weight, double average_length);
  // Searches the lists that were added, and forgets them.
  void Search(const SegmentRows& rows);

  const SparseSearchStats& stats() const { return stats_; }

 private:
  struct List {
    PostingsView<Value> postings;
    double weight;
    double bound;         // upper bound of weight * impact; at least 0, as a row may lack the term
    uint32_t cursor = 0;  // position of the last look-up
  };

  // Returns the position of the slot's posting, if there is one. Requires: slots ascend from call
  // to call for one list.
  std::optional<uint32_t> Seek(List& list, uint32_t slot) const;
  // Returns the part of a score that the posting at a position gives: weight * impact.
  template <typename Float>
  Float Part(const List& list, uint32_t at) const;
  // Returns the lowest sum that is worth a look. A row with a lower sum of floats cannot reach the
  // threshold, even if all roundings went against it.
  double Cut() const { return static_cast<double>(top_.threshold()) - slack_; }

  // Scores the row if its sum over the first `added` lists of order_ leaves it a chance.
  void Consider(uint32_t slot, double sum, size_t added);
  // Computes the exact score of a row and offers it to top_. A row without any term is no hit.
  void Score(uint32_t slot);
  // Scores every allowed row.
  void ScoreAllowed();
  // Returns about how many rows are live and allowed, from a sample of words.
  size_t EstimateAllowed() const;
  // Returns how many lists, from the front of order_, must be added up. The bounds of the others
  // together are below the threshold. 0 means that the segment has no hit.
  size_t EssentialLists() const;
  // Adds a list to sums_; with `mark`, also sets the bits of its slots in marked_.
  void AddUp(const List& list, bool mark);
  // Returns the number of sums that reach `cut`.
  size_t CountSums(float cut) const;
  // Adds up the first `added` lists of order_. Adds up further ones while that is cheaper than a
  // look-up for every candidate. Then considers the candidates.
  void AddUpAndConsider(size_t added);
  // Consider every row whose sum reaches the cut, or every marked row, and clear the sums.
  void ConsiderSums(size_t added);
  void ConsiderMarked(size_t added);

  const Scoring& scoring_;
  const RowFilter* const all_filter_;  // the filter of the whole search
  TopK& top_;
  SparseSearchStats stats_;

  // State of the segment being searched.
  const SegmentRows* rows_ = nullptr;
  const RowFilter* filter_ = nullptr;  // null if all rows of the segment are allowed
  const uint32_t* lengths_ = nullptr;  // length of the text of each slot; null without lengths
  std::vector<List> lists_;            // in the order of the query
  std::vector<uint32_t> order_;        // places in lists_, by descending bound
  std::vector<double> rest_;           // rest_[i]: sum of the bounds of order_[i..]; one more is 0
  double magnitude_ = 0;               // upper bound of the magnitude of any sum of parts
  double slack_ = 0;                   // upper bound of the rounding error of such a sum
  std::vector<float> sums_;            // sum of each slot; all zero between searches
  std::vector<uint64_t> marked_;       // bits of slots with a posting that was added up
};

extern template class SegmentSearch<DotScoring>;
extern template class SegmentSearch<Bm25Scoring>;

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_SPARSE_SEGMENT_SEARCH_H_
