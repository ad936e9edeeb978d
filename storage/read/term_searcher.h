// Search of one collection by terms, be they the words of a text or the indices of a sparse vector:
// rows from an inverted index in memory, then points from disk.
//
// Thread-safe. Errors: those of the index, and DataLoss and Internal of reading.
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

  // The best rows of an index for what the spec asks.
  using Rank = absl::FunctionRef<absl::StatusOr<std::vector<RowHit>>(const SparseSearchOptions&)>;
  // The spec has passed ValidateTermSearch; `filter` is that of the spec, null for none.
  absl::StatusOr<std::vector<PointRecord>> Search(const SearchSpec& spec,
                                                  const PreparedFilter* filter, Rank rank) const;

 private:
  // The hits that are still there and match, without the first spec.offset. False in `complete`
  // when one had to be dropped that has taken the place of another.
  absl::StatusOr<std::vector<PointRecord>> ToRecords(const SearchSpec& spec,
                                                     absl::Span<const RowHit> hits,
                                                     const PreparedFilter* filter,
                                                     bool& complete) const;

  const PointReader& points_;
  const FilterReader& filters_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_READ_TERM_SEARCHER_H_
