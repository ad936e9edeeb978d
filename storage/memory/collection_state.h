// Everything that a collection holds in memory: what loading builds and writes change.
#ifndef TQDB_STORAGE_MEMORY_COLLECTION_STATE_H_
#define TQDB_STORAGE_MEMORY_COLLECTION_STATE_H_

#include <cstdint>
#include <utility>

#include "storage/memory/id_index.h"
#include "storage/memory/indexed_payloads.h"
#include "storage/memory/space.h"
#include "storage/memory/sparse_space.h"

namespace tqdb::storage {

// What a collection holds in memory. `next_row` belongs to the leader of the commit queue.
struct CollectionState {
  CollectionState(Spaces all_spaces, SparseSpaces all_sparse_spaces)
      : spaces(std::move(all_spaces)),
        sparse_spaces(std::move(all_sparse_spaces)),
        index(spaces.size()) {}
  const Spaces spaces;
  const SparseSpaces sparse_spaces;
  IdIndex index;
  IndexedPayloads payloads;
  uint64_t next_row = 0;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_MEMORY_COLLECTION_STATE_H_
