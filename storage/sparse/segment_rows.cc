#include "storage/sparse/segment_rows.h"

#include <algorithm>
#include <cassert>

namespace tqdb::storage {

uint16_t SegmentRows::Append(uint64_t row, uint32_t length, bool keep_length) {
  const size_t slot = rows_.size();
  assert(slot < kMaxRows);
  ascending_ &= slot == 0 || row > last_;
  first_ = std::min(first_, row);
  last_ = std::max(last_, row);
  rows_.push_back(row);
  if (keep_length) lengths_.push_back(length);
  total_length_ += length;
  if (slot % 64 == 0) live_.push_back(0);
  live_.back() |= uint64_t{1} << (slot % 64);
  return static_cast<uint16_t>(slot);
}

std::optional<uint16_t> SegmentRows::Find(uint64_t row) const {
  if (rows_.empty() || row < first_ || row > last_) return std::nullopt;
  // Only an open segment can be out of order, and that is small.
  const auto it = ascending_ ? std::lower_bound(rows_.begin(), rows_.end(), row)
                             : std::find(rows_.begin(), rows_.end(), row);
  if (it == rows_.end() || *it != row) return std::nullopt;
  const size_t slot = static_cast<size_t>(it - rows_.begin());
  if (!IsLive(slot)) return std::nullopt;
  return static_cast<uint16_t>(slot);
}

bool SegmentRows::Remove(uint64_t row) {
  const std::optional<uint16_t> slot = Find(row);
  if (!slot.has_value()) return false;
  live_[*slot / 64] &= ~(uint64_t{1} << (*slot % 64));
  ++dead_;
  return true;
}

size_t SegmentRows::memory_bytes() const {
  return rows_.capacity() * sizeof(uint64_t) + lengths_.capacity() * sizeof(uint32_t) +
         live_.capacity() * sizeof(uint64_t);
}

void SegmentRows::ShrinkToFit() {
  rows_.shrink_to_fit();
  lengths_.shrink_to_fit();
  live_.shrink_to_fit();
}

}  // namespace tqdb::storage
