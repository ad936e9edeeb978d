#include "storage/sparse/retired_slots.h"

#include <algorithm>
#include <cassert>

namespace tqdb::storage {

namespace {

// Cost of a bisection, in looks at the bitmap.
constexpr size_t kBisectionCost = 32;

}  // namespace

void RetiredSlots::Reserve(size_t slots) {
  if (slots > order_.size()) order_.resize(slots);
  if (slots > bits_.size() * 64) bits_.resize((slots + 63) / 64);
}

bool RetiredSlots::Add(uint16_t slot) {
  assert(slot < order_.size());
  if (Contains(slot)) return false;
  bits_[slot / 64] |= uint64_t{1} << (slot % 64);
  order_[count_++] = slot;
  return true;
}

uint32_t RetiredSlots::CountIn(absl::Span<const uint16_t> slots, RetiredMemo* memo) const {
  if (count_ == 0) return 0;
  const uint64_t known = memo != nullptr ? memo->load(std::memory_order_relaxed) : 0;
  const size_t looked_at = static_cast<uint32_t>(known);
  if (looked_at == count_) return static_cast<uint32_t>(known >> 32);
  uint32_t found;
  if ((count_ - looked_at) * kBisectionCost < slots.size()) {
    found = static_cast<uint32_t>(known >> 32);
    for (size_t i = looked_at; i < count_; ++i) {
      found += std::binary_search(slots.begin(), slots.end(), order_[i]);
    }
  } else {
    found = 0;
    for (const uint16_t slot : slots) found += Contains(slot);
  }
  if (memo != nullptr) {
    memo->store(uint64_t{found} << 32 | count_, std::memory_order_relaxed);
  }
  return found;
}

size_t RetiredSlots::memory_bytes() const {
  return bits_.capacity() * sizeof(uint64_t) + order_.capacity() * sizeof(uint16_t);
}

void RetiredSlots::ShrinkToFit() {
  bits_.shrink_to_fit();
  order_.shrink_to_fit();
}

}  // namespace tqdb::storage
