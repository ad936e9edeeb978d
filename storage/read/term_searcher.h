// Search of one collection by terms: the words of a text, or the indices of a sparse vector. An
// inverted index in memory finds rows, and their points are read from disk.
//
// Points may change during the search, as in searcher.h. A hit that is gone is dropped, and the
// search is repeated.
//
// Thread-safe. Errors: the index's own, and DataLoss and Internal from reading.
#ifndef TQDB_STORAGE_READ_TERM_SEARCHER_H_
#define TQDB_STORAGE_READ_TERM_SEARCHER_H_

#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/api/collection.h"
#include "storage/payload/prepared_filter.h"
#include "storage/read/filter_reader.h"
#include "storage/read/point_reader.h"
#include "storage/sparse/inverted_index.h"

namespace tqdb::storage {

class TermSearcher {
 public:
  // Both must outlive the searcher.
  TermSearcher(const PointReader& points, const FilterReader& filters)
      : points_(points), filters_(filters) {}

  // Returns the best rows of an index for the terms of the spec.
  using Rank = absl::FunctionRef<absl::StatusOr<std::vector<RowHit>>(const SparseSearchOptions&)>;
  // Returns the points, best first. Requires: the spec has passed ValidateTermSearch. `filter` is
  // the prepared filter of the spec, or null.
  absl::StatusOr<std::vector<PointRecord>> Search(const SearchSpec& spec,
                                                  const PreparedFilter* filter, Rank rank) const;

 private:
  // Returns the points of the hits, without the first spec.offset. Drops hits that are gone or no
  // longer match, and sets `complete` to false then: a dropped hit has taken the place of another.
  absl::StatusOr<std::vector<PointRecord>> ToRecords(const SearchSpec& spec,
                                                     absl::Span<const RowHit> hits,
                                                     const PreparedFilter* filter,
                                                     bool& complete) const;

  const PointReader& points_;
  const FilterReader& filters_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_READ_TERM_SEARCHER_H_
