// A vector whose elements start on a cache line, so that no load of a kernel straddles two.
#ifndef TQDB_BASE_ALIGNED_VECTOR_H_
#define TQDB_BASE_ALIGNED_VECTOR_H_

#include <cstddef>
#include <new>
#include <vector>

namespace tqdb {

// Allocates memory that starts on a cache line of 64 bytes. All allocators of this kind are equal.
template <typename T>
struct CacheLineAllocator {
  using value_type = T;
  static constexpr std::align_val_t kAlignment{64};

  CacheLineAllocator() = default;
  template <typename U>
  CacheLineAllocator(const CacheLineAllocator<U>&) {}

  T* allocate(size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), kAlignment)); }
  void deallocate(T* p, size_t) { ::operator delete(p, kAlignment); }
  friend bool operator==(const CacheLineAllocator&, const CacheLineAllocator&) { return true; }
};

template <typename T>
using AlignedVector = std::vector<T, CacheLineAllocator<T>>;

}  // namespace tqdb

#endif  // TQDB_BASE_ALIGNED_VECTOR_H_
