// Search of one collection by terms: the words of a text, or the indices of a sparse vector. An
// inverted index in memory finds rows, and their points are read from disk.
//
// All of it happens at one moment, as in searcher.h. Texts are edited in place, so the index may
// know a later text of a row than the moment has. Such rows are scored by the texts in the moment's
// view of the disk.
//
// Statistics of words and indices are not of the moment: they are those of the newest write. So
// while writes go on, a search may score the points of its moment a little differently from the
// searches before and after it. Without writes a score depends on the points alone.
//
// Thread-safe. Errors: the index's own, Aborted if the search took too long (memory/moment.h), and
// DataLoss and Internal from reading.
#ifndef TQDB_STORAGE_READ_TERM_SEARCHER_H_
#define TQDB_STORAGE_READ_TERM_SEARCHER_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/scan/row_filter.h"
#include "core/scan/top_k.h"
#include "storage/api/collection.h"
#include "storage/memory/collection_state.h"
#include "storage/payload/prepared_filter.h"
#include "storage/read/filter_reader.h"
#include "storage/read/point_reader.h"
#include "storage/sparse/inverted_index.h"
#include "values/key_path.h"

namespace tqdb::storage {

class TermSearcher {
 public:
  // All must outlive the searcher.
  TermSearcher(const CollectionState& state, const PointReader& points, const FilterReader& filters)
      : state_(state), points_(points), filters_(filters) {}

  // Return the points, best first. Require: the spec has passed ValidateTermSearch. `filter` is the
  // prepared filter of the spec, or null. Leave the memory of `moment`.
  absl::StatusOr<std::vector<PointRecord>> SearchText(const SearchSpec& spec, const KeyPath& key,
                                                      const PreparedFilter* filter,
                                                      ReadMoment& moment) const;
  absl::StatusOr<std::vector<PointRecord>> SearchSparse(const SearchSpec& spec,
                                                        const SparseSpace& space,
                                                        const PreparedFilter* filter,
                                                        ReadMoment& moment) const;

 private:
  // Returns the rows that a search may hit: those of the moment that match.
  absl::StatusOr<RowFilter> RowsToSearch(const SearchSpec& spec, const PreparedFilter* filter,
                                         ReadMoment& moment) const;
  // Adds the rows of `edited` to the hits, by their texts at the moment. Requires: the index has
  // left these rows out of `hits`.
  absl::Status AddEdited(const SearchSpec& spec, const KeyPath& key, const RowFilter& rows,
                         const std::vector<uint64_t>& edited, const ReadView& view,
                         std::vector<Hit>& hits) const;
  // Returns the points of the hits, without the first spec.offset.
  absl::StatusOr<std::vector<PointRecord>> ToRecords(const SearchSpec& spec,
                                                     absl::Span<const Hit> hits,
                                                     const ReadView& view) const;

  const CollectionState& state_;
  const PointReader& points_;
  const FilterReader& filters_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_READ_TERM_SEARCHER_H_
