// Changes in memory: the one way of a write, and of a row that is loaded, into a collection's
// state.
//
// Called by one thread at a time: the loader, then the leader of the commit queue. Readers run all
// the while. They take no lock against it, so the order of steps is what they rely on: a row is
// shown to the payload indexes before a search can hit it, its new state is searchable before the
// old one is hidden, and the payload indexes forget the old one last. So a search finds a point
// that is replaced in its old or in its new state, and whatever it finds, a filter has known.
#ifndef TQDB_STORAGE_MEMORY_APPLY_H_
#define TQDB_STORAGE_MEMORY_APPLY_H_

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "storage/disk/change.h"
#include "storage/memory/collection_state.h"

namespace tqdb::storage {

// Applies changes in their order. An error says that a change and the state contradict each other:
// the state is then no mirror of the disk any more, and must not be built upon. The same after an
// exception, which is std::bad_alloc.
absl::Status ApplyChanges(absl::Span<const Change> changes, CollectionState& state);
// The same for one row, as the loader has them.
absl::Status ApplyRow(const PutRow& put, CollectionState& state);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_MEMORY_APPLY_H_
