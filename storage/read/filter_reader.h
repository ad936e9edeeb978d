// Finds the points that a filter matches.
//
// The simple idea: the payload indexes split all rows into three sets: rows that match, rows that
// do not, and undecided rows. For undecided rows the payload is read and evaluated. It costs about
// 3 us for 200 bytes that are cached, so a filter on keys without an index takes 3 s for a million
// points.
//
// Example: the filter is color = red and size > 3, and only color has an index. The index rules out
// every row that is not red. The red ones are undecided, and only their payloads are read.
//
// Undecided rows are read in one of two ways. Few of them are looked up by their keys. Many are
// read in one sequential pass, which is cheaper once a quarter of all rows is wanted.
//
// No lock is held while payloads are read. A point that is written during a call may or may not be
// seen. A call that returns points evaluates their payloads as it reads them, so each of them
// matched at that moment. Long calls look at `cancelled` every few hundred points.
//
// Left out of this file: the evaluation (payload/prepared_filter.h) and the indexes
// (memory/indexed_payloads.h).
//
// Thread-safe. Errors: Cancelled, and DataLoss and Internal from reading.
#ifndef TQDB_STORAGE_READ_FILTER_READER_H_
#define TQDB_STORAGE_READ_FILTER_READER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/scan/row_filter.h"
#include "storage/api/collection.h"
#include "storage/disk/store.h"
#include "storage/memory/collection_state.h"
#include "storage/payload/prepared_filter.h"
#include "storage/payload/row_set.h"
#include "storage/read/point_reader.h"
#include "values/types.h"

namespace tqdb::storage {

class FilterReader {
 public:
  using CancelledFn = std::function<bool()>;  // may be empty

  // All must outlive the reader.
  FilterReader(const Store& store, const CollectionState& memory, const PointReader& points)
      : store_(store), memory_(memory), points_(points) {}

  // Returns the matching rows.
  absl::StatusOr<RowSet> Find(const PreparedFilter& filter, const CancelledFn& cancelled) const;
  // Returns the matching rows as a bitmap over [first row, end). Rows that are appended after the
  // call lie beyond its end, and are not covered: a search must judge them itself.
  absl::StatusOr<RowFilter> FindBits(const PreparedFilter& filter,
                                     const CancelledFn& cancelled) const;

  // Returns the next matching points with id > `after`, in id order. A null `after` begins with the
  // first point.
  absl::StatusOr<ScrollPage> Scroll(const PointId* after, size_t limit, Select select,
                                    const PreparedFilter& filter,
                                    const CancelledFn& cancelled) const;

  // Returns the next points after the position `after` in the order of a key. A null `after` begins
  // with the first point. With a filter, leaves out points that do not match.
  absl::StatusOr<OrderedPage> ScrollOrdered(const KeyPath& key, bool descending,
                                            const OrderedPosition* after, size_t limit,
                                            Select select, const PreparedFilter* filter,
                                            const CancelledFn& cancelled) const;

  // Returns the number of points that have each value of a key. With a filter, counts matching
  // points only.
  absl::StatusOr<PayloadIndex::FacetCounts> Facet(const KeyPath& key, const PreparedFilter* filter,
                                                  const CancelledFn& cancelled) const;

  // Returns the ids of the given rows. Leaves out rows that are gone, and rows whose current
  // payload does not match the filter. `filter` may be null.
  absl::StatusOr<absl::flat_hash_map<uint64_t, PointId>> FindIds(
      std::vector<uint64_t> rows, const PreparedFilter* filter) const;

  // What the indexes know of a filter at one moment, and the disk as it is at this moment.
  struct Moment {
    IndexedPayloads::Matches matches;
    std::unique_ptr<ReadView> view;
  };
  // Requires that no write is on its way from disk to memory: only the leader of the commit queue
  // calls this. Else a point that is being replaced could be missed in both of its rows, the old
  // one being gone from disk and the new one not yet in memory.
  Moment TakeMoment(const PreparedFilter& filter) const;
  // Calls visit(ids, rows) with all points that match at `moment`, in row order, at most `batch` at
  // a time. Returns the first error of `visit`.
  using Visit =
      absl::FunctionRef<absl::Status(absl::Span<const PointId>, absl::Span<const uint64_t>)>;
  absl::Status ForEachMatch(const PreparedFilter& filter, const Moment& moment, size_t batch,
                            const CancelledFn& cancelled, Visit visit) const;

 private:
  // Returns the answer of the payload indexes alone.
  IndexedPayloads::Matches Match(const PreparedFilter& filter) const;
  // Returns the rows that match for certain: reads and evaluates the payload of every row that the
  // payload indexes leave undecided.
  absl::StatusOr<IndexedPayloads::Matches> MatchAll(const PreparedFilter& filter,
                                                    const CancelledFn& cancelled) const;
  // Evaluates the payloads of the rows that `found` leaves undecided, as they are in `view`. A null
  // view is the state now.
  absl::Status Decide(const PreparedFilter& filter, const ReadView* view,
                      const CancelledFn& cancelled, IndexedPayloads::Matches& found) const;
  // Calls visit(row, id, payload) for the given rows, in their order. Leaves out rows that are
  // not in `view`; a null view is the state now. `total` is the number of rows in the collection,
  // by which the cheaper way of reading is chosen. Requires: rows ascend.
  using VisitPayload = absl::FunctionRef<absl::Status(uint64_t, const PointId&, absl::string_view)>;
  absl::Status ForEachPayload(absl::Span<const uint64_t> rows, uint64_t total, const ReadView* view,
                              const CancelledFn& cancelled, VisitPayload visit) const;

  const Store& store_;
  const CollectionState& memory_;
  const PointReader& points_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_READ_FILTER_READER_H_
