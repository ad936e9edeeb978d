// Reads points from disk while they may be replaced or deleted.
//
// The simple idea: a row never changes its vectors, and its number is never used again. A point
// that is replaced gets a new row; only a payload is edited in place. So the vectors of a row are
// read first and its payload last. If the payload is still there, the row existed all the time, and
// the parts belong together. No view of the disk is needed, which would cost a lock for each call.
//
// Example: Get(7) finds row 3 in the id index. A write replaces 7 by row 10, on disk first. The
// payload of row 3 is gone, so the reader asks the id index again. The write reaches it within
// microseconds, and the second look finds row 10.
//
// If that write failed between disk and memory, the id index never gets row 10. The reader then
// asks the disk for the row of an id (CollectionState::follows_disk).
//
// Left out of this file: filters (filter_reader.h), and the bound of bytes (selected_bytes.h).
//
// Thread-safe. Errors are DataLoss and Internal from reading, and ResourceExhausted above
// select.max_bytes.
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

  // Returns the points in the order of `ids`. Leaves out ids without a point.
  absl::StatusOr<std::vector<PointRecord>> Get(absl::Span<const PointId> ids, Select select) const;
  // Returns the next points with id > `after`, in id order. A null `after` begins with the first
  // point. A page is empty only at the end of the collection.
  absl::StatusOr<ScrollPage> Scroll(const PointId* after, size_t limit, Select select) const;

  // Calls visit(id, row) for the points with id > `after` in id order, until it returns false, and
  // at most `max` times. A null `after` begins with the first point. Returns whether there are more
  // points.
  absl::StatusOr<bool> Walk(const PointId* after, size_t max,
                            absl::FunctionRef<bool(const PointId&, uint64_t)> visit) const;

  // Fills in the selected parts of each row; records[i] belongs to rows[i]. Returns false for rows
  // that are gone. A row that was found in `view` is never gone if the same view is given here.
  // Returns ResourceExhausted soon after the parts pass select.max_bytes. Requires: the records
  // have their ids.
  absl::StatusOr<std::vector<bool>> Fill(absl::Span<const uint64_t> rows, Select select,
                                         absl::Span<PointRecord> records,
                                         const ReadView* view = nullptr) const;
  // Reads and decodes the originals of rows of one space into `values`, of shape (rows.size(),
  // dim). Sets found[i] to false, and leaves zeros, where row i is gone.
  absl::Status ReadOriginals(const Space& space, absl::Span<const uint64_t> rows,
                             std::vector<float>& values, std::vector<bool>& found,
                             const ReadView* view = nullptr) const;

 private:
  // Append the vectors of rows to the records. A row that is gone gets none.
  absl::Status ReadVectors(const Space& space, absl::Span<const uint64_t> rows,
                           absl::Span<PointRecord> records, const ReadView* view) const;
  absl::Status ReadSparse(const SparseSpace& space, absl::Span<const uint64_t> rows,
                          absl::Span<PointRecord> records, const ReadView* view) const;

  // Returns the rows of points that the disk has; nullopt for ids without a point.
  absl::StatusOr<std::vector<std::optional<uint64_t>>> FindRowsOnDisk(
      absl::Span<const PointId> ids) const;

  const Store& store_;
  const CollectionState& memory_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_READ_POINT_READER_H_
