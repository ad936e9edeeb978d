// Finds the points that a filter matches: from the payload indexes where they can tell, by reading
// and evaluating the payloads of those rows for which they cannot.
//
// A payload costs about 3 us to read and evaluate, in memory, at 200 bytes; without an index, every
// one is. A caller that goes away is noticed every few hundred points. What is written meanwhile
// may or may not be seen.
//
// Thread-safe. Errors: Cancelled, and those of reading: DataLoss and Internal.
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

  // Rows that match.
  absl::StatusOr<RowSet> Find(const PreparedFilter& filter, const CancelledFn& cancelled) const;
  // The same as bits. They end with the last row that there was; of later ones nothing is said.
  absl::StatusOr<RowFilter> FindBits(const PreparedFilter& filter,
                                     const CancelledFn& cancelled) const;

  // The next points with id > `after` (null: from the first) that match, in id order.
  absl::StatusOr<ScrollPage> Scroll(const PointId* after, size_t limit, Select select,
                                    const PreparedFilter& filter,
                                    const CancelledFn& cancelled) const;

  // The next points after `after` (null: the first) in the order of a key, of those that match, if
  // there is a filter.
  absl::StatusOr<OrderedPage> ScrollOrdered(const KeyPath& key, bool descending,
                                            const OrderedPosition* after, size_t limit,
                                            Select select, const PreparedFilter* filter,
                                            const CancelledFn& cancelled) const;

  // How many points have each value of a key, of those that match, if there is a filter.
  absl::StatusOr<PayloadIndex::FacetCounts> Facet(const KeyPath& key, const PreparedFilter* filter,
                                                  const CancelledFn& cancelled) const;

  // The ids of rows, of those that are still there and match the filter (null: none) as they are
  // now.
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
  // a time. Ends with the first error of `visit`.
  using Visit =
      absl::FunctionRef<absl::Status(absl::Span<const PointId>, absl::Span<const uint64_t>)>;
  absl::Status ForEachMatch(const PreparedFilter& filter, const Moment& moment, size_t batch,
                            const CancelledFn& cancelled, Visit visit) const;

 private:
  IndexedPayloads::Matches Match(const PreparedFilter& filter) const;
  // The same, with the payloads of what is undecided evaluated: certain rows are left.
  absl::StatusOr<IndexedPayloads::Matches> MatchAll(const PreparedFilter& filter,
                                                    const CancelledFn& cancelled) const;
  // Evaluates the payloads of what is undecided, as they are in `view` (null: now).
  absl::Status Decide(const PreparedFilter& filter, const ReadView* view,
                      const CancelledFn& cancelled, IndexedPayloads::Matches& found) const;
  // Calls visit(row, id, payload) for those of the rows (ascending) that are there in `view` (null:
  // now), in their order.
  using VisitPayload = absl::FunctionRef<absl::Status(uint64_t, const PointId&, absl::string_view)>;
  absl::Status ForEachPayload(absl::Span<const uint64_t> rows, uint64_t total, const ReadView* view,
                              const CancelledFn& cancelled, VisitPayload visit) const;

  const Store& store_;
  const CollectionState& memory_;
  const PointReader& points_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_READ_FILTER_READER_H_
