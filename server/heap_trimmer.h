// Gives memory that the C library keeps after it was freed back to the system, once it is idle.
//
// glibc keeps freed memory for the next allocation, in one heap for every few threads. After an
// ingest of 100,000 vectors of 1,536 dimensions that is more than the collection itself takes, and
// after all collections were dropped it is nearly everything. Trimming after every free would cost
// a sixth of the rate of ingest, because the pages are needed again at once. So Tick() is called
// every few seconds, and trims only when the free part is large and has hardly changed since the
// last call. Then nobody is about to use it.
//
// Example, ticks two seconds apart, free heap in MiB: 900, 400, 390 -> trims at the third tick; 900
// to 400 is a change, so work was going on.
//
// Not thread-safe: one thread calls Tick().
#ifndef TQDB_SERVER_HEAP_TRIMMER_H_
#define TQDB_SERVER_HEAP_TRIMMER_H_

#include <cstddef>
#include <functional>
#include <utility>

namespace tqdb::server {

// Limits the heaps of this process to one for each processor, at least two. Without a limit glibc
// makes up to eight for each, since every thread that finds a heap in use takes another one. Memory
// that is freed stays spread over all of them, a few live bytes on every page, and no trim can give
// such pages back: 74 MiB after 100,000 vectors were written and dropped, 5 MiB with the limit. No
// effect if the environment sets MALLOC_ARENA_MAX. Call it before the first thread is started.
void LimitHeaps();

class HeapTrimmer {
 public:
  struct Heap {
    std::function<size_t()> free_bytes;  // returns the bytes that are freed and not given back
    std::function<void()> trim;          // gives these bytes back to the system
  };

  // Free bytes below this are left alone: they are reused soon, and a trim takes locks.
  static constexpr size_t kMinFreeBytes = size_t{32} << 20;

  // Watches the heap of this process. Without glibc it does nothing.
  HeapTrimmer();
  explicit HeapTrimmer(Heap heap) : heap_(std::move(heap)) {}

  // Trims when at least kMinFreeBytes are free, and no more than an eighth of them came or went
  // since the last call. After a trim the next one needs at least kMinFreeBytes above what the trim
  // could not give back: small free pieces between used ones stay.
  void Tick();

 private:
  const Heap heap_;
  size_t last_free_ = 0;
  size_t kept_ = 0;  // bytes that were still free after the last trim
};

}  // namespace tqdb::server

#endif  // TQDB_SERVER_HEAP_TRIMMER_H_
