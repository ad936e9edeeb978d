// Everything that a collection holds in memory.
//
// The simple idea: the state is a mirror of the disk for searching. Codes, ids and indexes can all
// be derived from the records on disk, and the loader does so at start-up. Originals and payloads
// are not mirrored: they are larger than the rest together, and a search reads few of them.
//
// Only memory/apply.h makes changes that a caller can see. Upkeep moves rows within the state (a
// vacuum) without changing their content. Everybody else reads.
//
// A point is found in three steps. The id index maps its id to a row number, which is never used
// again, and to a slot in each vector space. The slot is the place of the code. Indexes of payloads
// and sparse vectors know rows alone. Example: upserting point 7 again gives it a new row and new
// slots. The old ones are masked when no read sees the old row any more.
//
// Thread-safety: each member has its own lock or is atomic, and there is no lock over all of them.
// A reader takes a moment first (moment.h), and gives it to every member that it asks. So it sees
// each write in all of them or in none.
//
// Left out of this file: originals and payloads (disk/store.h), and the writes that are waiting.
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
#include "storage/memory/moment.h"
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

  // Configuration of the collection. A change of the metadata replaces the object as a whole.
  std::atomic<std::shared_ptr<const CollectionConfig>> config;
  const Spaces spaces;
  const SparseSpaces sparse_spaces;
  IdIndex index;
  IndexedPayloads payloads;
  // What reads see of all this (moment.h).
  Moments moments;

  // --- Members that belong to the leader of the commit queue, and before it to the loader.
  uint64_t next_row = 0;        // the first row number that was never used
  uint32_t format_version = 0;  // version that the disk says

  mutable absl::Mutex position_mutex;                      // a leaf of the lock order
  Position last_position ABSL_GUARDED_BY(position_mutex);  // after the last applied batch
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_MEMORY_COLLECTION_STATE_H_
