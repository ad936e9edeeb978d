// Hash tables that survive a lack of memory, or end the process: nothing in between.
//
// Abseil's tables take note of their new size before they ask for its memory. If that throws, the
// table is broken, and whoever touches it next reads wild memory; its destructor frees some. A
// database that ends serves what it had acknowledged after a restart. So tables that grow while
// others read, or while an exception may be on its way, ask by this allocator.
#ifndef TQDB_BASE_ENDING_ALLOCATOR_H_
#define TQDB_BASE_ENDING_ALLOCATOR_H_

#include <cstddef>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"

namespace tqdb {

// Returns memory as operator new does, or ends the process with a message.
void* AllocateOrEnd(size_t bytes);

template <typename T>
struct EndingAllocator {
  using value_type = T;
  EndingAllocator() = default;
  template <typename U>
  EndingAllocator(const EndingAllocator<U>&) {}  // NOLINT: allocators convert
  T* allocate(size_t n) { return static_cast<T*>(AllocateOrEnd(n * sizeof(T))); }
  void deallocate(T* memory, size_t) { ::operator delete(memory); }
  friend bool operator==(const EndingAllocator&, const EndingAllocator&) { return true; }
};

template <typename K, typename V>
using EndingHashMap = absl::flat_hash_map<K, V, typename absl::flat_hash_map<K, V>::hasher,
                                          typename absl::flat_hash_map<K, V>::key_equal,
                                          EndingAllocator<std::pair<const K, V>>>;

template <typename T, typename Hash = typename absl::flat_hash_set<T>::hasher,
          typename Equal = typename absl::flat_hash_set<T>::key_equal>
using EndingHashSet = absl::flat_hash_set<T, Hash, Equal, EndingAllocator<T>>;

}  // namespace tqdb

#endif  // TQDB_BASE_ENDING_ALLOCATOR_H_
