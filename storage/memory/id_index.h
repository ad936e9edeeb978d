// Maps the id of a point to its row number and to the places of its vectors in memory.
//
// Numbers and UUIDs have a table each, so that a numbered point pays for 8 bytes of id and not 16.
// With one space an entry takes 24 bytes, or 33 to 57 with the free part of the hash table. A
// collection with several spaces keeps the slots in a pool, in groups of one slot a space. Its
// entries hold the index of their group.
//
// Example: with three spaces, the entry of a point says row 10 and group 5. Its slots are
// pool_[15], pool_[16] and pool_[17].
//
// Thread-safe: readers share the lock, the one writer (the leader of the commit queue) excludes
// them.
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
  // Reserves room for a number of points in all, at start-up.
  void Reserve(size_t numbers, size_t uuids);
  // Makes room for a number of further points, so that Set allocates nothing for them. The
  // committer calls it before it writes to disk. Throws std::bad_alloc if there is not enough
  // memory, and then has changed nothing.
  void MakeRoom(size_t numbers, size_t uuids);

  // Returns the row of a point; nullopt if there is no such point.
  std::optional<uint64_t> FindRow(const PointId& id) const;
  // Returns the rows of many points, under one hold of the lock. They are the newest ones, and may
  // be those of a write that is not published yet.
  std::vector<std::optional<uint64_t>> FindRows(absl::Span<const PointId> ids) const;
  // Returns the row of a point and sets its slot of each space, kNoSlot where it has no vector.
  // Requires: `slots` has num_spaces elements.
  std::optional<uint64_t> Find(const PointId& id, absl::Span<Slot> slots) const;

  // Inserts or replaces the entry of a point. Requires: `slots` has num_spaces elements.
  void Set(const PointId& id, uint64_t row, absl::Span<const Slot> slots);
  // Removes the entry of a point, if there is one.
  void Erase(const PointId& id);
  // Notes that a vector moved to another slot. Does nothing if the point has another row by then.
  void SetSlot(const PointId& id, uint64_t row, size_t space, Slot slot);

 private:
  struct Entry {
    uint64_t row;
    uint64_t slot;  // slot in the one space; with several spaces, index of the group in the pool
  };
  using UuidKey = std::pair<uint64_t, uint64_t>;

  const Entry* FindEntry(const PointId& id) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  Entry* FindEntry(const PointId& id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Makes room for `more` entries in one table. `erased` is an upper bound of the places that
  // erased entries still take; it is updated.
  template <typename Table>
  static void MakeRoomIn(Table& table, size_t more, size_t& erased);
  // Returns the slots of an entry in the pool.
  Slot* Group(const Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Returns the index of an unused group, for a new entry.
  uint64_t TakeGroup() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const size_t num_spaces_;
  mutable absl::Mutex mutex_;
  EndingHashMap<uint64_t, Entry> numbers_ ABSL_GUARDED_BY(mutex_);
  EndingHashMap<UuidKey, Entry> uuids_ ABSL_GUARDED_BY(mutex_);
  size_t erased_numbers_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t erased_uuids_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<Slot> pool_ ABSL_GUARDED_BY(mutex_);             // groups of num_spaces_ slots
  std::vector<uint64_t> free_groups_ ABSL_GUARDED_BY(mutex_);  // groups of erased entries
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_MEMORY_ID_INDEX_H_
