#include "server/heap_trimmer.h"

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include <algorithm>
#include <cstdlib>
#include <thread>

namespace tqdb::server {

namespace {

HeapTrimmer::Heap ProcessHeap() {
#if defined(__GLIBC__)
  return {[] { return static_cast<size_t>(mallinfo2().fordblks); }, [] { malloc_trim(0); }};
#else
  return {[] { return size_t{0}; }, [] {}};
#endif
}

}  // namespace

void LimitHeaps() {
#if defined(__GLIBC__)
  if (getenv("MALLOC_ARENA_MAX") != nullptr) return;
  mallopt(M_ARENA_MAX, std::max(2, static_cast<int>(std::thread::hardware_concurrency())));
#endif
}

HeapTrimmer::HeapTrimmer() : HeapTrimmer(ProcessHeap()) {}

void HeapTrimmer::Tick() {
  const size_t free = heap_.free_bytes();
  const size_t change = free > last_free_ ? free - last_free_ : last_free_ - free;
  last_free_ = free;
  kept_ = std::min(kept_, free);
  if (free - kept_ < kMinFreeBytes || change > free / 8) return;
  heap_.trim();
  // The count of free bytes does not fall when pages inside of a heap are given back. So note it,
  // or every later call would trim again.
  kept_ = heap_.free_bytes();
}

}  // namespace tqdb::server
