// Everything that a collection holds in memory. Only memory/apply.h changes what it says of the
// collection; all others read.
#ifndef TQDB_STORAGE_MEMORY_COLLECTION_STATE_H_
#define TQDB_STORAGE_MEMORY_COLLECTION_STATE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "storage/api/options.h"
#include "storage/disk/change_format.h"
#include "storage/memory/id_index.h"
#include "storage/memory/indexed_payloads.h"
#include "storage/memory/space.h"
#include "storage/memory/sparse_space.h"

namespace tqdb::storage {

struct CollectionState {
  CollectionState(std::shared_ptr<const CollectionConfig> own_config, Spaces all_spaces,
                  SparseSpaces all_sparse_spaces)
      : config(std::move(own_config)),
        spaces(std::move(all_spaces)),
        sparse_spaces(std::move(all_sparse_spaces)),
        index(spaces.size()) {}

  Position position() const ABSL_LOCKS_EXCLUDED(position_mutex) {
    absl::MutexLock lock(&position_mutex);
    return last_position;
  }
  void set_position(const Position& position) ABSL_LOCKS_EXCLUDED(position_mutex) {
    absl::MutexLock lock(&position_mutex);
    last_position = position;
  }

  // Replaced as a whole when the metadata changes.
  std::atomic<std::shared_ptr<const CollectionConfig>> config;
  const Spaces spaces;
  const SparseSpaces sparse_spaces;
  IdIndex index;
  IndexedPayloads payloads;

  // --- Of the leader of the commit queue, and of the loader before there is one.
  uint64_t next_row = 0;        // the first row number that was never used
  uint32_t format_version = 0;  // on disk

  // False once a write has failed half-way: the disk may be ahead of memory then, until a restart.
  std::atomic<bool> follows_disk{true};

  mutable absl::Mutex position_mutex;  // a leaf of the lock order
  Position last_position ABSL_GUARDED_BY(position_mutex);
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_MEMORY_COLLECTION_STATE_H_
