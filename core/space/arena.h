// Memory for segments, straight from the operating system.
//
// The simple idea would be malloc. A segment of dim 1536 has some 4 MB and is read from end to end.
// In pages of 4 KB that is a thousand translations, and a search over many segments misses the
// translation buffer all the time. Pages of 2 MB need two. But a segment rarely ends where a huge
// page does. So a *slab* of huge pages is cut into neighbouring segments, which share the pages
// between them.
//
// A fresh page reads as zero and takes no memory until it is written to. Segments rely on both: an
// open one reserves room for all of its rows and pays for those that it has.
//
// This file leaves out reuse. Freed memory goes back to the operating system at once, and a later
// segment gets fresh pages.
#ifndef TQDB_CORE_SPACE_ARENA_H_
#define TQDB_CORE_SPACE_ARENA_H_

#include <cstddef>
#include <cstdint>
#include <utility>

namespace tqdb {

// Zeroed pages, given back on destruction. Movable; a moved-from arena is empty.
class Arena {
 public:
  Arena() = default;
  // Maps `bytes`, rounded up to whole small pages. Throws std::bad_alloc.
  explicit Arena(size_t bytes);
  Arena(Arena&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  Arena& operator=(Arena&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Arena();

  static constexpr size_t kPage = 4096;  // bytes of a small page

  uint8_t* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  // Cuts off the first `bytes` bytes and returns them; this keeps the others. Each part is given
  // back by itself.
  //
  // Requires: `bytes` is a multiple of kPage and at most bytes().
  Arena Split(size_t bytes);

 private:
  uint8_t* data_ = nullptr;
  size_t bytes_ = 0;
};

// Arenas next to each other in huge pages, which neighbours share: at most one huge page of a slab
// is partly empty.
//
// Not thread-safe. Its arenas may be destroyed on any thread, and may outlive the slab.
class ArenaSlab {
 public:
  // Returns an arena of `bytes`, rounded up to small pages. Throws std::bad_alloc.
  Arena Take(size_t bytes);

 private:
  Arena free_;  // part of the last mapping that is not handed out
};

}  // namespace tqdb

#endif  // TQDB_CORE_SPACE_ARENA_H_
