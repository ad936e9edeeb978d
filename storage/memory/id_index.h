// External id -> row number and the place of its vectors in memory.
//
// Thread-safe: readers share, the one writer (the leader of the commit queue) excludes.
//
// Numbers and UUIDs have a table each, so that a numbered point pays for 8 bytes of id and not 16:
// 24 bytes an entry with one space, 33 to 57 with the free part of the hash table. A collection
// with several spaces keeps the slots in a pool of its own and the index of the group in the entry.
#ifndef TQDB_STORAGE_MEMORY_ID_INDEX_H_
#define TQDB_STORAGE_MEMORY_ID_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "base/ending_allocator.h"
#include "core/space/vector_space.h"
#include "values/types.h"

namespace tqdb::storage {

class IdIndex {
 public:
  explicit IdIndex(size_t num_spaces) : num_spaces_(num_spaces) {}

  size_t size() const;
  // Returns the bytes of both tables and the pool.
  uint64_t memory_bytes() const;
  void Reserve(size_t numbers, size_t uuids);
  // Makes room for so many more points, so that Set allocates nothing until they are there. Throws
  // std::bad_alloc, and has changed nothing, when there is no memory for it.
  void MakeRoom(size_t numbers, size_t uuids);

  std::optional<uint64_t> FindRow(const PointId& id) const;
  // One lookup under one lock for many ids.
  std::vector<std::optional<uint64_t>> FindRows(absl::Span<const PointId> ids) const;
  // Row, and the slot of each space (num_spaces slots, kNoSlot where the point has no vector).
  std::optional<uint64_t> Find(const PointId& id, absl::Span<Slot> slots) const;

  // Inserts or replaces.
  void Set(const PointId& id, uint64_t row, absl::Span<const Slot> slots);
  void Erase(const PointId& id);
  // Notes that a vector moved. No effect unless `id` still names `row`.
  void SetSlot(const PointId& id, uint64_t row, size_t space, Slot slot);

 private:
  struct Entry {
    uint64_t row;
    uint64_t slot;  // with several spaces: index of the group in the pool
  };
  using UuidKey = std::pair<uint64_t, uint64_t>;

  const Entry* FindEntry(const PointId& id) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  Entry* FindEntry(const PointId& id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // MakeRoom of one table. `erased`: at most so many of its places are taken by entries that are
  // gone.
  template <typename Table>
  static void MakeRoomIn(Table& table, size_t more, size_t& erased);
  Slot* Group(const Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  uint64_t TakeGroup() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const size_t num_spaces_;
  mutable absl::Mutex mutex_;
  EndingHashMap<uint64_t, Entry> numbers_ ABSL_GUARDED_BY(mutex_);
  EndingHashMap<UuidKey, Entry> uuids_ ABSL_GUARDED_BY(mutex_);
  size_t erased_numbers_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t erased_uuids_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<Slot> pool_ ABSL_GUARDED_BY(mutex_);  // groups of num_spaces_ slots
  std::vector<uint64_t> free_groups_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_MEMORY_ID_INDEX_H_
