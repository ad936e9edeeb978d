// Reads points from disk while they may be replaced or deleted.
//
// A row keeps its vectors and its number is never used again: a point that is replaced gets a new
// row, and only a payload is edited in place. So a row whose payload key is still there after
// everything else was read was whole all the while, and no view is needed. A row that is gone
// sends the reader back to the id index: the write that took it away is on its way to memory. If
// that write failed on the way, memory will never hear of it, and the disk is asked instead.
//
// Thread-safe. Errors are DataLoss and Internal, of reading.
#ifndef TQDB_STORAGE_READ_POINT_READER_H_
#define TQDB_STORAGE_READ_POINT_READER_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/api/collection.h"
#include "storage/disk/store.h"
#include "storage/memory/collection_state.h"

namespace tqdb::storage {

class PointReader {
 public:
  // Both must outlive the reader.
  PointReader(const Store& store, const CollectionState& memory) : store_(store), memory_(memory) {}

  // Ids that do not exist are left out; the order is that of `ids`.
  absl::StatusOr<std::vector<PointRecord>> Get(absl::Span<const PointId> ids, Select select) const;
  // Points with id > `after` (null: from the first) in id order. A page is empty only at the end.
  absl::StatusOr<ScrollPage> Scroll(const PointId* after, size_t limit, Select select) const;

  // Calls visit(id, row) for the points with id > `after` (null: from the first) in id order, at
  // most `max` of them, until it returns false. Whether there are more.
  absl::StatusOr<bool> Walk(const PointId* after, size_t max,
                            absl::FunctionRef<bool(const PointId&, uint64_t)> visit) const;

  // Fills in what is selected of each row (one a record). False for rows that are gone; of those
  // that a scan of `view` has found, none is when it is given here, too. ResourceExhausted soon
  // after there are more than select.max_bytes.
  absl::StatusOr<std::vector<bool>> Fill(absl::Span<const uint64_t> rows, Select select,
                                         absl::Span<PointRecord> records,
                                         const ReadView* view = nullptr) const;
  // Originals of rows of one space, decoded: (rows.size(), dim). False in `found` for rows that are
  // gone.
  absl::Status ReadOriginals(const Space& space, absl::Span<const uint64_t> rows,
                             std::vector<float>& values, std::vector<bool>& found,
                             const ReadView* view = nullptr) const;

 private:
  absl::Status ReadVectors(const Space& space, absl::Span<const uint64_t> rows,
                           absl::Span<PointRecord> records, const ReadView* view) const;
  absl::Status ReadSparse(const SparseSpace& space, absl::Span<const uint64_t> rows,
                          absl::Span<PointRecord> records, const ReadView* view) const;

  // The rows of points as the disk has them.
  absl::StatusOr<std::vector<std::optional<uint64_t>>> FindRowsOnDisk(
      absl::Span<const PointId> ids) const;

  const Store& store_;
  const CollectionState& memory_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_READ_POINT_READER_H_
