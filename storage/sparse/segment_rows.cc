#include "storage/sparse/segment_rows.h"

#include <algorithm>
#include <cassert>

namespace tqdb::storage {

uint16_t SegmentRows::Append(uint64_t row, const PointId& id, uint32_t length, bool keep_length) {
  const size_t slot = rows_.size();
  assert(slot < kMaxRows);
  // What may run out of memory comes first, and the row comes last of that. So after a failure the
  // segment has the rows that it had, and the next call makes up for what is left behind.
  if (live_.size() * 64 <= slot) live_.push_back(0);
  if (keep_length) {
    lengths_.resize(slot);
    lengths_.push_back(length);
  }
  retired_.Reserve(slot + 1);
  ids_.Set(slot, id);
  rows_.push_back(row);
  ascending_ &= slot == 0 || row > last_;
  first_ = std::min(first_, row);
  last_ = std::max(last_, row);
  live_[slot / 64] |= uint64_t{1} << (slot % 64);
  return static_cast<uint16_t>(slot);
}

std::optional<uint16_t> SegmentRows::Find(uint64_t row) const {
  if (rows_.empty() || row < first_ || row > last_) return std::nullopt;
  size_t slot;
  if (ascending_) {
    const auto it = std::lower_bound(rows_.begin(), rows_.end(), row);
    if (it == rows_.end() || *it != row) return std::nullopt;
    slot = static_cast<size_t>(it - rows_.begin());
  } else {
    // Only an open segment can be out of order, and it is small enough to be searched through. The
    // last slot of the row counts: a row that was removed may have come again.
    const auto it = std::find(rows_.rbegin(), rows_.rend(), row);
    if (it == rows_.rend()) return std::nullopt;
    slot = static_cast<size_t>(rows_.rend() - it) - 1;
  }
  if (!IsLive(slot)) return std::nullopt;
  return static_cast<uint16_t>(slot);
}

void SegmentRows::Remove(uint16_t slot) {
  assert(IsLive(slot));
  live_[slot / 64] &= ~(uint64_t{1} << (slot % 64));
  ++dead_;
}

size_t SegmentRows::memory_bytes() const {
  return rows_.capacity() * sizeof(uint64_t) + lengths_.capacity() * sizeof(uint32_t) +
         live_.capacity() * sizeof(uint64_t) + ids_.memory_bytes() + retired_.memory_bytes();
}

void SegmentRows::ShrinkToFit() {
  rows_.shrink_to_fit();
  lengths_.shrink_to_fit();
  live_.shrink_to_fit();
  ids_.ShrinkToFit();
  retired_.ShrinkToFit();
}

}  // namespace tqdb::storage
