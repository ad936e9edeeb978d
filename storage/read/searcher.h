// Search of one vector space: codes in memory, then originals and payloads from disk.
//
// The simple idea: a scan of the codes finds rows with estimated scores, and then the points of
// these rows are read. A rerank reads the originals of some more rows, and scores them exactly. An
// exact search scans the originals on disk and no codes.
//
// All of it happens at one moment (memory/moment.h): the scan finds the rows that the moment sees,
// and everything else comes from the moment's view of the disk. So writes during a search neither
// add hits nor lose any.
//
// Example: limit 10 with rerank. The scan finds 30 candidates (candidates.h), their originals are
// read and scored, and the best 10 stay. One of the points was deleted a moment ago. It is among
// the hits, because it was there when the search began.
//
// Left out of this file: searches by text and sparse vectors (term_searcher.h), the scan itself
// (core/scan/scan.h), and groups of searches in one pass (memory/search_batcher.h).
//
// Thread-safe. Errors: Cancelled, Aborted if the search took too long (memory/moment.h), and
// DataLoss and Internal from reading.
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
  // Leaves the memory of `moment`. A search without filter whose spec names no moment may move to a
  // later one, which it shares with other searches.
  absl::StatusOr<std::vector<std::vector<PointRecord>>> Search(const Space& space,
                                                               MatrixView queries,
                                                               const SearchSpec& spec,
                                                               const PreparedFilter* filter,
                                                               ReadMoment& moment) const;

 private:
  using HitLists = std::vector<std::vector<Hit>>;
  // Parameters of a search.
  struct Request {
    const Space& space;
    MatrixView queries;
    const SearchSpec& spec;
    size_t limit;           // number of hits to find for each query
    const RowFilter* rows;  // rows that match the filter; null without one
    ReadMoment& moment;
  };

  // Returns the hits of a scan of the codes, rescored from originals if the spec says so.
  absl::StatusOr<HitLists> ScanCodes(const Request& request) const;
  absl::StatusOr<std::vector<Hit>> Rerank(const Request& request, absl::Span<const float> query,
                                          const std::vector<Hit>& candidates) const;
  // Returns the hits of a scan of all originals.
  absl::StatusOr<HitLists> ScanOriginals(const Request& request) const;
  // Returns limit + offset of the hits, picked by spec.mmr.
  absl::StatusOr<std::vector<Hit>> PickDiverse(const Request& request,
                                               const std::vector<Hit>& hits) const;
  // Returns the points of one query's hits with the parts that the spec selects. Leaves out the
  // first spec.offset of them.
  absl::StatusOr<std::vector<PointRecord>> ToRecords(const Request& request,
                                                     std::vector<Hit> hits) const;

  const Store& store_;
  const PointReader& reader_;
  const FilterReader& filters_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_READ_SEARCHER_H_
