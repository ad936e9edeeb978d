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
// Both come from one moment: the indexes say which rows it sees, and payloads are read from its
// view of the disk. No lock is held while payloads are read. Long calls look at `cancelled` every
// few hundred points.
//
// Left out of this file: the evaluation (payload/prepared_filter.h) and the indexes
// (memory/indexed_payloads.h).
//
// Thread-safe. Errors: Cancelled, Aborted if the call kept too much in memory for too long
// (memory/moment.h), and DataLoss and Internal from reading. Calls that take a ReadMoment& leave
// memory, unless their comments say otherwise.
#ifndef TQDB_STORAGE_READ_FILTER_READER_H_
#define TQDB_STORAGE_READ_FILTER_READER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

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

  // Returns the matching rows. With `stay`, does not leave memory. Stay if memory is used again
  // after this call, for example by a scan of the codes.
  absl::StatusOr<RowSet> Find(const PreparedFilter& filter, ReadMoment& moment, bool stay,
                              const CancelledFn& cancelled) const;
  // Returns the matching rows as a bitmap that ends with the last row of the moment. Does not leave
  // memory: a search is about to use it.
  absl::StatusOr<RowFilter> FindBits(const PreparedFilter& filter, ReadMoment& moment,
                                     const CancelledFn& cancelled) const;

  // Returns the next matching points with id > `after`, in id order. A null `after` begins with the
  // first point.
  absl::StatusOr<ScrollPage> Scroll(const PointId* after, size_t limit, Select select,
                                    const PreparedFilter& filter, ReadMoment& moment,
                                    const CancelledFn& cancelled) const;

  // Returns the next points after the position `after` in the order of a key, which is order.key. A
  // null `after` begins with the first point. With a filter, leaves out points that do not match.
  absl::StatusOr<OrderedPage> ScrollOrdered(const KeyPath& key, const OrderSpec& order,
                                            const OrderedPosition* after, size_t limit,
                                            Select select, const PreparedFilter* filter,
                                            ReadMoment& moment, const CancelledFn& cancelled) const;

  // Returns the next places of `rows` (null: of all rows) after the place `after` in the order of a
  // key, at most `limit`. Stays in memory.
  absl::StatusOr<IndexedPayloads::OrderedRows> NextPlaces(const KeyPath& key, bool descending,
                                                          const IndexedPayloads::OrderedRow* after,
                                                          size_t limit, const RowSet* rows,
                                                          ReadMoment& moment) const;
  // Removes the places of rows that have an earlier place in the order.
  absl::Status KeepFirstPlaces(const KeyPath& key, bool descending, ReadMoment& moment,
                               IndexedPayloads::OrderedRows& places) const;

  // Returns the number of points that have each value of a key. With a filter, counts matching
  // points only.
  absl::StatusOr<PayloadIndex::FacetCounts> Facet(const KeyPath& key, const PreparedFilter* filter,
                                                  ReadMoment& moment,
                                                  const CancelledFn& cancelled) const;

  // Calls visit(row, id, payload) once for each of a few rows, in the order of their numbers, with
  // their payloads in `view`. Returns the first error of `visit`. Requires: `view` has the rows.
  using VisitPayload = absl::FunctionRef<absl::Status(uint64_t, const PointId&, absl::string_view)>;
  absl::Status ReadPayloads(std::vector<uint64_t> rows, const ReadView& view,
                            VisitPayload visit) const;

  // Calls visit(ids, rows) with all points that match at the moment, in row order, at most `batch`
  // at a time. Returns the first error of `visit`.
  using Visit =
      absl::FunctionRef<absl::Status(absl::Span<const PointId>, absl::Span<const uint64_t>)>;
  absl::Status ForEachMatch(const PreparedFilter& filter, ReadMoment& moment, size_t batch,
                            const CancelledFn& cancelled, Visit visit) const;

 private:
  // Returns the answer of the payload indexes alone.
  absl::StatusOr<IndexedPayloads::Matches> Match(const PreparedFilter& filter,
                                                 const Moment& moment) const;
  // Returns the rows that match for certain: reads and evaluates the payload of every row that the
  // payload indexes leave undecided. With `stay`, does not leave memory.
  absl::StatusOr<IndexedPayloads::Matches> MatchAll(const PreparedFilter& filter,
                                                    ReadMoment& moment, bool stay,
                                                    const CancelledFn& cancelled) const;
  // Calls visit(row, id, payload) for the given rows, in their order, as they are in `view`. Leaves
  // out rows that it does not have. `total` is about the number of rows in the collection, by which
  // the cheaper way of reading is chosen. Requires: rows ascend.
  absl::Status ForEachPayload(absl::Span<const uint64_t> rows, uint64_t total, const ReadView& view,
                              const CancelledFn& cancelled, VisitPayload visit) const;

  const Store& store_;
  const CollectionState& memory_;
  const PointReader& points_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_READ_FILTER_READER_H_
