// Memory for segments, straight from the operating system.
#ifndef TQDB_CORE_SPACE_ARENA_H_
#define TQDB_CORE_SPACE_ARENA_H_

#include <cstddef>
#include <cstdint>
#include <utility>

namespace tqdb {

// Zeroed pages, given back on destruction. Counts as used only where it was written to.
class Arena {
 public:
  Arena() = default;
  // In small pages. Throws std::bad_alloc.
  explicit Arena(size_t bytes);
  Arena(Arena&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  Arena& operator=(Arena&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Arena();

  static constexpr size_t kPage = 4096;

  uint8_t* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  // Cuts off its first pages: `bytes` is a multiple of kPage, at most bytes().
  Arena Split(size_t bytes);

 private:
  uint8_t* data_ = nullptr;
  size_t bytes_ = 0;
};

// Arenas side by side in huge pages, which neighbours share: at most one page of a slab is part
// empty. Not for use by several threads; the arenas may be destroyed anywhere, and may outlive it.
class ArenaSlab {
 public:
  // Throws std::bad_alloc.
  Arena Take(size_t bytes);

 private:
  Arena free_;
};

}  // namespace tqdb

#endif  // TQDB_CORE_SPACE_ARENA_H_
