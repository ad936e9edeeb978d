// Existing points as they are stored, for records that keep a part of them or ask for it: an upsert
// that sets some of the vectors of a point, or one with a condition.
//
// A code is copied from row to row as it is, whatever mean it is under: it names its mean, and
// upkeep encodes the new row again like any other (upkeep/reencode.h). So nothing is decoded here,
// and a vector that is kept loses no bit.
//
// Belongs to the leader of the commit queue. Requires: all records before this one are on disk
// (Write::Sharing::kFirst).
#ifndef TQDB_STORAGE_WRITE_STORED_POINTS_H_
#define TQDB_STORAGE_WRITE_STORED_POINTS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "storage/disk/change.h"
#include "storage/disk/store.h"
#include "storage/memory/collection_state.h"
#include "values/sparse_vector.h"
#include "values/types.h"

namespace tqdb::storage {

class StoredPoints {
 public:
  // A point to read, and the spaces whose vectors are not wanted.
  struct Wanted {
    PointId id;
    RowKeys keys;
    uint32_t without_spaces = 0;  // bit i: vector space i
    uint32_t without_sparse = 0;  // bit i: sparse space i
  };
  // What is stored of a point. The views point into the StoredPoints.
  struct Point {
    absl::string_view payload;
    std::vector<RowVector> vectors;
    std::vector<RowSparse> sparse;
  };

  // Reads the payloads of points and, with `vectors`, their vectors. DataLoss if a part of a point
  // is missing or damaged.
  static absl::StatusOr<std::unique_ptr<StoredPoints>> Read(const Store& store,
                                                            const CollectionState& state,
                                                            absl::Span<const Wanted> wanted,
                                                            bool vectors);

  // Returns the points in the order in which they were asked for.
  const std::vector<Point>& points() const { return points_; }

 private:
  using Values = std::vector<std::optional<std::string>>;

  StoredPoints() = default;
  absl::Status ReadPayloads(const Store& store, absl::Span<const Wanted> wanted);
  absl::Status ReadVectors(const Store& store, const Space& space, absl::Span<const Wanted> wanted);
  absl::Status ReadSparse(const Store& store, const SparseSpace& space, uint32_t index,
                          absl::Span<const Wanted> wanted);
  // Reads values that stay where they are as long as this object lives.
  absl::StatusOr<const Values*> Keep(const Store& store, Family family,
                                     const std::vector<Key>& keys);

  std::vector<Point> points_;
  std::deque<Values> values_;
  std::deque<SparseVector> decoded_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_WRITE_STORED_POINTS_H_
