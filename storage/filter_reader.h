// Finds the points that a filter matches by reading and evaluating every payload.
//
// The cost is that of reading the payloads and parsing them, about 3 us for 200 bytes in memory; a
// caller that goes away is noticed every few hundred points.
//
// Thread-safe. Errors: Cancelled, and those of reading: DataLoss and Internal.
#ifndef TQDB_STORAGE_FILTER_READER_H_
#define TQDB_STORAGE_FILTER_READER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/row_filter.h"
#include "core/types.h"
#include "storage/collection.h"
#include "storage/payload/prepared_filter.h"
#include "storage/point_reader.h"
#include "storage/rocks.h"

namespace tqdb::storage {

class FilterReader {
 public:
  // Both must outlive the reader.
  FilterReader(const Store& store, const PointReader& points) : store_(store), points_(points) {}

  // The next points with id > `after` (null: from the first) that match, in id order.
  absl::StatusOr<ScrollPage> Scroll(const PointId* after, size_t limit, Select select,
                                    const PreparedFilter& filter,
                                    const std::function<bool()>& cancelled) const;

  // Rows that match of the state that `snapshot` is. The filter ends where that state does.
  absl::StatusOr<RowFilter> MatchingRows(const PreparedFilter& filter, const Snapshot& snapshot,
                                         const std::function<bool()>& cancelled) const;

  // Calls visit(ids, rows) with what matches of one state of the collection, in row order, at most
  // kMaxBatchPoints at a time. Ends with the first error of `visit`.
  using Visit =
      absl::FunctionRef<absl::Status(absl::Span<const PointId>, absl::Span<const uint64_t>)>;
  absl::Status ForEachMatch(const PreparedFilter& filter, const std::function<bool()>& cancelled,
                            Visit visit) const;

 private:
  // Calls visit(id, row, matches) for every point of a state, in row order.
  using VisitRow = absl::FunctionRef<absl::Status(const PointId&, uint64_t, bool)>;
  absl::Status ForEachRow(const PreparedFilter& filter, const Snapshot& snapshot,
                          const std::function<bool()>& cancelled, VisitRow visit) const;
  // Reads records again with their vectors: only points that match are worth it. Those that have
  // been replaced and match no more fall out.
  absl::Status AddVectors(const PreparedFilter& filter, std::vector<PointRecord>& records) const;

  const Store& store_;
  const PointReader& points_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_FILTER_READER_H_
