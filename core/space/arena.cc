#include "core/space/arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>

namespace tqdb {

namespace {

constexpr size_t kHugePage = size_t{2} << 20;
// Sizes of a slab: at least kSlabBytes, and at least kMinArenas arenas. It is address space only,
// as memory is taken when it is written to.
constexpr size_t kSlabBytes = size_t{64} << 20;
constexpr size_t kMinArenas = 8;

size_t RoundUp(size_t n, size_t to) { return (n + to - 1) / to * to; }

}  // namespace

Arena::Arena(size_t bytes) : bytes_(RoundUp(bytes, kPage)) {
  // MAP_NORESERVE: an open segment reserves far more than it uses.
  void* mapping = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) throw std::bad_alloc();
  data_ = static_cast<uint8_t*>(mapping);
}

Arena::~Arena() {
  if (bytes_ > 0) munmap(data_, bytes_);
}

Arena Arena::Split(size_t bytes) {
  Arena front;
  front.data_ = data_;
  front.bytes_ = bytes;
  data_ += bytes;
  bytes_ -= bytes;
  return front;
}

Arena ArenaSlab::Take(size_t bytes) {
  bytes = RoundUp(bytes, Arena::kPage);
  if (free_.bytes() < bytes) {
    // The part left of the old slab is given back here. The new one has a huge page more than
    // needed, so that its start can be cut to a multiple of one. The piece cut off is unmapped at
    // once.
    free_ = Arena(RoundUp(std::max(kSlabBytes, kMinArenas * bytes), kHugePage) + kHugePage);
    free_.Split(-reinterpret_cast<uintptr_t>(free_.data()) % kHugePage);
    madvise(free_.data(), free_.bytes(), MADV_HUGEPAGE);
  }
  return free_.Split(bytes);
}

}  // namespace tqdb
