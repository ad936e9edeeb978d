// Search of one vector space: codes in memory, then originals and payloads from disk.
//
// The simple idea: a scan of the codes finds rows with estimated scores, and then the points of
// these rows are read. A rerank reads the originals of some more rows, and scores them exactly. An
// exact search scans the originals on disk and no codes.
//
// No lock keeps writers out, so a point can change under a search. Three cases matter:
//
// - A hit is gone when its point is read. It must be dropped, and has taken the place of another
//   one. The search is then not complete, and is repeated, up to three times.
// - A row was written after the filter was evaluated. The filter allows all of these rows, and
//   Judge evaluates the payloads of the hits among them.
// - An exact search scans for a long time. It reads everything from one view of the disk, so no hit
//   can get lost.
//
// Example: limit 10 with rerank. The scan finds 30 candidates (candidates.h), their originals are
// read and scored, and the best 10 stay. One of them was deleted a moment ago, so only 9 points can
// be read. The second attempt returns 10.
//
// Left out of this file: searches by text and sparse vectors (term_searcher.h), the scan itself
// (core/scan/scan.h), and groups of searches in one pass (memory/search_batcher.h).
//
// Thread-safe. Errors: Cancelled, and DataLoss and Internal from reading.
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

  // Returns one list of points for each query, best first. Requires: queries of shape (n, dim) and
  // the spec have passed ValidateSearch. `filter` is the prepared filter of the spec, or null.
  absl::StatusOr<std::vector<std::vector<PointRecord>>> Search(const Space& space,
                                                               MatrixView queries,
                                                               const SearchSpec& spec,
                                                               const PreparedFilter* filter) const;

 private:
  using HitLists = std::vector<std::vector<Hit>>;
  // Parameters of one attempt of a search.
  struct Request {
    const Space& space;
    MatrixView queries;
    const SearchSpec& spec;
    size_t limit;  // number of hits to find for each query
    const PreparedFilter* filter;
    const RowFilter* rows;  // rows that match the filter; null without one
  };

  // Returns the hits of a scan of the codes, rescored from originals if the spec says so. Sets
  // `complete` to false when a hit had to be dropped, because its point was replaced or deleted
  // during the search.
  absl::StatusOr<HitLists> ScanCodes(const Request& request, bool& complete) const;
  absl::StatusOr<std::vector<Hit>> Rerank(const Request& request, absl::Span<const float> query,
                                          const std::vector<Hit>& candidates, bool& complete) const;
  // Returns the hits of a scan of all originals in `view`.
  absl::StatusOr<HitLists> ScanOriginals(const Request& request, const ReadView& view) const;
  // Judges the hits whose rows were written after the filter was evaluated: drops those that do not
  // match. Here and below, `view` is the view that the hits come from, or null if they come from
  // memory.
  absl::Status Judge(const Request& request, const ReadView* view, std::vector<Hit>& hits,
                     bool& complete) const;
  // Returns limit + offset of the hits, picked by spec.mmr.
  absl::StatusOr<std::vector<Hit>> PickDiverse(const Request& request, const std::vector<Hit>& hits,
                                               const ReadView* view, bool& complete) const;
  // Returns the points of one query's hits with the parts that the spec selects. Leaves out the
  // first spec.offset of them.
  absl::StatusOr<std::vector<PointRecord>> ToRecords(const Request& request, std::vector<Hit> hits,
                                                     const ReadView* view, bool& complete) const;

  const Store& store_;
  const PointReader& reader_;
  const FilterReader& filters_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_READ_SEARCHER_H_
