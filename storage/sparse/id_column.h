// The ids of the points of the rows of a segment, one for each slot.
//
// The simple idea: most collections number their points, and a number takes 8 bytes. So there is
// one column of 64 bits for numbers and for the lower halves of UUIDs. The upper halves, and a bit
// that tells UUIDs from numbers, are kept only once a segment has a UUID.
//
// The ids are here so that hits with equal scores can be ordered by them within the search. To read
// them from the disk would take some microseconds for each row that ties, and there may be as many
// as there are rows.
//
// Not thread-safe; const methods may run at the same time.
#ifndef TQDB_STORAGE_SPARSE_ID_COLUMN_H_
#define TQDB_STORAGE_SPARSE_ID_COLUMN_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "values/types.h"

namespace tqdb::storage {

class IdColumn {
 public:
  // Sets the id of `slot`, and forgets those of higher slots. If memory runs out, the ids of lower
  // slots stay, and the call can be repeated. Requires: slot <= size().
  void Set(size_t slot, const PointId& id);
  PointId at(size_t slot) const {
    if (high_.empty() || !is_uuid_[slot]) return PointId::Number(low_[slot]);
    return PointId::Uuid(high_[slot], low_[slot]);
  }
  size_t size() const { return low_.size(); }

  // Returns the bytes on the heap.
  size_t memory_bytes() const;
  void ShrinkToFit();

 private:
  std::vector<uint64_t> low_;   // number, or lower half of a UUID
  std::vector<uint64_t> high_;  // upper half of a UUID, 0 for a number; empty without UUIDs
  std::vector<bool> is_uuid_;   // empty without UUIDs
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_SPARSE_ID_COLUMN_H_
