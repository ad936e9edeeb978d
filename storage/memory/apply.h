// Applies changes to memory. A write and a row that is loaded take this one way into the state of a
// collection, so a restart cannot come to another state than the writes did.
//
// One thread at a time calls it: first the loader, then the leader of the commit queue. Readers run
// at the same time, and take no lock that covers a whole change. They rely on the order of steps:
//
// 1. Payload indexes and sparse spaces get the new row. A filter then knows every row that a
//    search can hit.
// 2. The new codes become searchable, and the id index names the new row.
// 3. The old codes are hidden. A search finds a point that is being replaced at least once, in its
//    old or its new state. If step 3 came before step 2, it could miss the point.
// 4. Sparse spaces and payload indexes forget the old row.
//
// Example: point 7 moves from row 3 to row 10. A search between steps 2 and 3 can hit both rows,
// and the engine then keeps the newer one (core/space/vector_space.h).
//
// Left out of this file: the disk, which has the changes already (write/committer.h), and checks of
// what callers ask. An error here is a contradiction between disk and memory, never bad input.
#ifndef TQDB_STORAGE_MEMORY_APPLY_H_
#define TQDB_STORAGE_MEMORY_APPLY_H_

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "storage/disk/change.h"
#include "storage/memory/collection_state.h"

namespace tqdb::storage {

// Applies changes in their order. Returns an error when a change and the state contradict each
// other. After an error or an exception (std::bad_alloc) the state no longer mirrors the disk, so
// no further change may be applied. Requires: no other thread applies changes.
absl::Status ApplyChanges(absl::Span<const Change> changes, CollectionState& state);
// Applies one row, without the list of changes that a loader of millions of rows would have to
// make.
absl::Status ApplyRow(const PutRow& put, CollectionState& state);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_MEMORY_APPLY_H_
