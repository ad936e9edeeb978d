// Reads points from disk, as they were at one moment.
//
// The simple idea: the id index maps an id to its row, and everything else of the row is on disk,
// where the view of the moment shows it. The id index itself knows the newest state alone. But a
// row number is never used twice. So if the index names a row that the moment sees, this was the
// row of the point at the moment, too. Otherwise the point was written or deleted later, and the
// disk is asked for its row.
//
// Example: Get(7) at moment 5 finds row 10 in the id index, which moment 6 has written. The view of
// moment 5 says that point 7 was row 3.
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

  // Returns the rows that points have at the moment; nullopt for ids without a point.
  absl::StatusOr<std::vector<std::optional<uint64_t>>> FindRows(absl::Span<const PointId> ids,
                                                                const Moment& moment) const;
  // Returns the points in the order of `ids`. Leaves out ids without a point.
  absl::StatusOr<std::vector<PointRecord>> Get(absl::Span<const PointId> ids, Select select,
                                               ReadMoment& moment) const;
  // Returns the next points with id > `after`, in id order. A null `after` begins with the first
  // point. A page is empty only at the end of the collection.
  absl::StatusOr<ScrollPage> Scroll(const PointId* after, size_t limit, Select select,
                                    const ReadView& view) const;

  // Calls visit(id, row) for the points with id > `after` in id order, until it returns false, and
  // at most `max` times. A null `after` begins with the first point. Returns whether there are more
  // points.
  absl::StatusOr<bool> Walk(const PointId* after, size_t max, const ReadView& view,
                            absl::FunctionRef<bool(const PointId&, uint64_t)> visit) const;

  // Fills in the selected parts of each row; records[i] belongs to rows[i]. Returns
  // ResourceExhausted soon after the parts pass select.max_bytes. Requires: `view` has the rows,
  // and the records have their ids. Rows may repeat.
  absl::Status Fill(absl::Span<const uint64_t> rows, Select select, absl::Span<PointRecord> records,
                    const ReadView& view) const;
  // Reads and decodes the originals of rows of one space into `values`, of shape (rows.size(),
  // dim). Sets found[i] to false, and leaves zeros, where row i has none. A null `view` is the
  // state now.
  absl::Status ReadOriginals(const Space& space, absl::Span<const uint64_t> rows,
                             const ReadView* view, std::vector<float>& values,
                             std::vector<bool>& found) const;

 private:
  // Append the vectors of rows to the records.
  absl::Status ReadVectors(const Space& space, absl::Span<const uint64_t> rows,
                           absl::Span<PointRecord> records, const ReadView& view) const;
  absl::Status ReadSparse(const SparseSpace& space, absl::Span<const uint64_t> rows,
                          absl::Span<PointRecord> records, const ReadView& view) const;

  const Store& store_;
  const CollectionState& memory_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_READ_POINT_READER_H_
