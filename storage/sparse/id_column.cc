#include "storage/sparse/id_column.h"

namespace tqdb::storage {

void IdColumn::Set(size_t slot, const PointId& id) {
  // A call that failed may have left one column longer than another one. So each is cut first.
  if (id.is_uuid() || !high_.empty()) {
    is_uuid_.resize(slot);
    is_uuid_.push_back(id.is_uuid());
    high_.resize(slot);
    high_.push_back(id.high);
  }
  low_.resize(slot);
  low_.push_back(id.low);
}

size_t IdColumn::memory_bytes() const {
  return (low_.capacity() + high_.capacity()) * sizeof(uint64_t) + is_uuid_.capacity() / 8;
}

void IdColumn::ShrinkToFit() {
  low_.shrink_to_fit();
  high_.shrink_to_fit();
  is_uuid_.shrink_to_fit();
}

}  // namespace tqdb::storage
