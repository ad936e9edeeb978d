// Search of one collection: codes in memory, then originals and payloads from disk.
//
// Thread-safe. Errors: CANCELLED, and DataLoss and Internal of reading.
#ifndef TQDB_STORAGE_SEARCHER_H_
#define TQDB_STORAGE_SEARCHER_H_

#include <vector>

#include "absl/status/statusor.h"
#include "core/matrix_view.h"
#include "storage/collection.h"
#include "storage/point_reader.h"
#include "storage/rocks.h"
#include "storage/space.h"

namespace tqdb::storage {

class Searcher {
 public:
  // Both must outlive the searcher.
  Searcher(const Store& store, const PointReader& reader) : store_(store), reader_(reader) {}

  // queries (n, dim) and spec have passed ValidateSearch.
  absl::StatusOr<std::vector<std::vector<PointRecord>>> Search(const Space& space,
                                                               MatrixView queries,
                                                               const SearchSpec& spec) const;

 private:
  using HitLists = std::vector<std::vector<Hit>>;

  // Scans the codes; rescored from originals when the spec says so. False in `complete` when a
  // point was replaced or deleted under the search, so that a hit had to be dropped.
  absl::StatusOr<HitLists> ScanCodes(const Space& space, MatrixView queries, const SearchSpec& spec,
                                     bool& complete) const;
  absl::StatusOr<std::vector<Hit>> Rerank(const Space& space, absl::Span<const float> query,
                                          const SearchSpec& spec,
                                          const std::vector<Hit>& candidates, bool& complete) const;
  // Scores every original of the state of the disk that `snapshot` is.
  absl::StatusOr<HitLists> ScanOriginals(const Space& space, MatrixView queries,
                                         const SearchSpec& spec, const Snapshot& snapshot) const;
  // `snapshot` is null when the hits are of no state of the disk.
  absl::StatusOr<std::vector<std::vector<PointRecord>>> ToRecords(const HitLists& lists,
                                                                  const SearchSpec& spec,
                                                                  const Snapshot* snapshot,
                                                                  bool& complete) const;

  const Store& store_;
  const PointReader& reader_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_SEARCHER_H_
