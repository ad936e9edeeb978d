// Search of one collection: codes in memory, then originals and payloads from disk.
//
// Thread-safe. Errors: CANCELLED, and DataLoss and Internal of reading.
#ifndef TQDB_STORAGE_READ_SEARCHER_H_
#define TQDB_STORAGE_READ_SEARCHER_H_

#include <vector>

#include "absl/status/statusor.h"
#include "base/matrix_view.h"
#include "core/scan/row_filter.h"
#include "storage/api/collection.h"
#include "storage/disk/store.h"
#include "storage/memory/space.h"
#include "storage/payload/prepared_filter.h"
#include "storage/read/filter_reader.h"
#include "storage/read/point_reader.h"

namespace tqdb::storage {

class Searcher {
 public:
  // All must outlive the searcher.
  Searcher(const Store& store, const PointReader& reader, const FilterReader& filters)
      : store_(store), reader_(reader), filters_(filters) {}

  // queries (n, dim) and spec have passed ValidateSearch; `filter` is that of the spec, null for
  // none.
  absl::StatusOr<std::vector<std::vector<PointRecord>>> Search(const Space& space,
                                                               MatrixView queries,
                                                               const SearchSpec& spec,
                                                               const PreparedFilter* filter) const;

 private:
  using HitLists = std::vector<std::vector<Hit>>;
  // What one search is about.
  struct Request {
    const Space& space;
    MatrixView queries;
    const SearchSpec& spec;
    size_t limit;  // hits to find of each query
    const PreparedFilter* filter;
    const RowFilter* rows;  // that match; null without filter
  };

  // Scans the codes; rescored from originals when the spec says so. False in `complete` when a
  // point was replaced or deleted under the search, so that a hit had to be dropped.
  absl::StatusOr<HitLists> ScanCodes(const Request& request, bool& complete) const;
  absl::StatusOr<std::vector<Hit>> Rerank(const Request& request, absl::Span<const float> query,
                                          const std::vector<Hit>& candidates, bool& complete) const;
  // Scores every original of the state of the disk that `view` is.
  absl::StatusOr<HitLists> ScanOriginals(const Request& request, const ReadView& view) const;
  // Drops the hits that do not match of those written after the filter's rows were found.
  // `view` is null when the hits are of no state of the disk, here and below.
  absl::Status Judge(const Request& request, const ReadView* view, std::vector<Hit>& hits,
                     bool& complete) const;
  // limit + offset of the hits, picked by spec.mmr.
  absl::StatusOr<std::vector<Hit>> PickDiverse(const Request& request, const std::vector<Hit>& hits,
                                               const ReadView* view, bool& complete) const;
  // What the spec selects of one query's hits, but for the first spec.offset.
  absl::StatusOr<std::vector<PointRecord>> ToRecords(const Request& request, std::vector<Hit> hits,
                                                     const ReadView* view, bool& complete) const;

  const Store& store_;
  const PointReader& reader_;
  const FilterReader& filters_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_READ_SEARCHER_H_
