#include "storage/disk/open_stores.h"

namespace tqdb::storage {

namespace {

// Fewer unflushed bytes of a store are not worth a file for each of its families.
constexpr uint64_t kLeastFlush = 512 << 10;

}  // namespace

void OpenStores::Add(Member* member) {
  absl::MutexLock lock(&mutex_);
  members_.push_back(member);
}

void OpenStores::Remove(Member* member) {
  absl::MutexLock lock(&mutex_);
  std::erase(members_, member);
}

void OpenStores::FlushLargest() {
  // One flush at a time is enough: the next write looks again.
  if (!mutex_.TryLock()) return;
  Member* largest = nullptr;
  // Where the bound is too small for so many stores, it gives way: files of a few points each would
  // be worse.
  uint64_t most = kLeastFlush;
  for (Member* member : members_) {
    if (const uint64_t bytes = member->UnflushedBytes(); bytes > most) {
      largest = member;
      most = bytes;
    }
  }
  if (largest != nullptr) largest->StartFlush();
  mutex_.Unlock();
}

}  // namespace tqdb::storage
