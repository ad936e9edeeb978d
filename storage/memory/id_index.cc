#include "storage/memory/id_index.h"

#include <algorithm>
#include <cassert>
#include <new>

namespace tqdb::storage {

size_t IdIndex::size() const {
  absl::ReaderMutexLock lock(&mutex_);
  return numbers_.size() + uuids_.size();
}

uint64_t IdIndex::memory_bytes() const {
  absl::ReaderMutexLock lock(&mutex_);
  // A flat hash table holds one control byte for each place.
  return numbers_.capacity() * (sizeof(decltype(numbers_)::value_type) + 1) +
         uuids_.capacity() * (sizeof(decltype(uuids_)::value_type) + 1) +
         pool_.capacity() * sizeof(Slot) + free_groups_.capacity() * sizeof(uint64_t);
}

void IdIndex::Reserve(size_t numbers, size_t uuids) {
  absl::MutexLock lock(&mutex_);
  numbers_.reserve(numbers);
  uuids_.reserve(uuids);
  if (num_spaces_ > 1) pool_.reserve((numbers + uuids) * num_spaces_);
}

template <typename Table>
void IdIndex::MakeRoomIn(Table& table, size_t more, size_t& erased) {
  // A table grows once 7/8 of its places are filled. Places of erased entries count as filled until
  // the table is rebuilt.
  const size_t places = table.capacity() - table.capacity() / 8;
  if (more == 0 || table.size() + erased + more <= places) return;
  // The table itself ends the process when it gets no memory (base/ending_allocator.h). So try an
  // allocation of at least that size first, and throw while nothing has changed.
  const size_t entries = std::max(table.size() + more, 2 * places);
  const size_t bytes = 2 * entries * (sizeof(typename Table::value_type) + 1);
  ::operator delete(::operator new(bytes));
  table.reserve(table.size() + more);
  const size_t now = table.capacity() - table.capacity() / 8;
  erased = now - std::min(now, table.size() + more);
}

void IdIndex::MakeRoom(size_t numbers, size_t uuids) {
  absl::MutexLock lock(&mutex_);
  MakeRoomIn(numbers_, numbers, erased_numbers_);
  MakeRoomIn(uuids_, uuids, erased_uuids_);
  const size_t slots = pool_.size() + (numbers + uuids) * num_spaces_;
  if (num_spaces_ > 1 && slots > pool_.capacity()) {
    pool_.reserve(std::max(slots, 2 * pool_.capacity()));
  }
}

const IdIndex::Entry* IdIndex::FindEntry(const PointId& id) const {
  if (id.is_uuid()) {
    const auto it = uuids_.find(UuidKey(id.high, id.low));
    return it == uuids_.end() ? nullptr : &it->second;
  }
  const auto it = numbers_.find(id.low);
  return it == numbers_.end() ? nullptr : &it->second;
}

IdIndex::Entry* IdIndex::FindEntry(const PointId& id) {
  return const_cast<Entry*>(static_cast<const IdIndex*>(this)->FindEntry(id));
}

Slot* IdIndex::Group(const Entry& entry) { return pool_.data() + entry.slot * num_spaces_; }

uint64_t IdIndex::TakeGroup() {
  if (!free_groups_.empty()) {
    const uint64_t group = free_groups_.back();
    free_groups_.pop_back();
    return group;
  }
  pool_.resize(pool_.size() + num_spaces_, kNoSlot);
  return pool_.size() / num_spaces_ - 1;
}

std::optional<uint64_t> IdIndex::FindRow(const PointId& id) const {
  absl::ReaderMutexLock lock(&mutex_);
  const Entry* entry = FindEntry(id);
  return entry == nullptr ? std::nullopt : std::optional<uint64_t>(entry->row);
}

std::vector<std::optional<uint64_t>> IdIndex::FindRows(absl::Span<const PointId> ids) const {
  std::vector<std::optional<uint64_t>> rows(ids.size());
  absl::ReaderMutexLock lock(&mutex_);
  for (size_t i = 0; i < ids.size(); ++i) {
    if (const Entry* entry = FindEntry(ids[i])) rows[i] = entry->row;
  }
  return rows;
}

std::optional<uint64_t> IdIndex::Find(const PointId& id, absl::Span<Slot> slots) const {
  assert(slots.size() == num_spaces_);
  absl::ReaderMutexLock lock(&mutex_);
  const Entry* entry = FindEntry(id);
  if (entry == nullptr) return std::nullopt;
  if (num_spaces_ == 1) {
    slots[0] = entry->slot;
  } else {
    std::copy_n(pool_.data() + entry->slot * num_spaces_, num_spaces_, slots.data());
  }
  return entry->row;
}

void IdIndex::Set(const PointId& id, uint64_t row, absl::Span<const Slot> slots) {
  assert(slots.size() == num_spaces_);
  absl::MutexLock lock(&mutex_);
  Entry* entry = FindEntry(id);
  if (entry == nullptr) {
    const Entry fresh = {row, num_spaces_ == 1 ? kNoSlot : TakeGroup()};
    entry = id.is_uuid() ? &uuids_.emplace(UuidKey(id.high, id.low), fresh).first->second
                         : &numbers_.emplace(id.low, fresh).first->second;
  }
  entry->row = row;
  if (num_spaces_ == 1) {
    entry->slot = slots[0];
  } else {
    std::copy(slots.begin(), slots.end(), Group(*entry));
  }
}

void IdIndex::Erase(const PointId& id) {
  absl::MutexLock lock(&mutex_);
  const Entry* entry = FindEntry(id);
  if (entry == nullptr) return;
  if (num_spaces_ > 1) free_groups_.push_back(entry->slot);
  if (id.is_uuid()) {
    uuids_.erase(UuidKey(id.high, id.low));
    ++erased_uuids_;
  } else {
    numbers_.erase(id.low);
    ++erased_numbers_;
  }
}

void IdIndex::SetSlot(const PointId& id, uint64_t row, size_t space, Slot slot) {
  absl::MutexLock lock(&mutex_);
  Entry* entry = FindEntry(id);
  if (entry == nullptr || entry->row != row) return;
  if (num_spaces_ == 1) {
    entry->slot = slot;
  } else {
    Group(*entry)[space] = slot;
  }
}

}  // namespace tqdb::storage
