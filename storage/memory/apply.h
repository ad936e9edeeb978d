// Applies changes to memory. A write and a row that is loaded take this one way into the state of a
// collection, so a restart cannot come to another state than the writes did.
//
// One thread at a time calls it: first the loader, then the leader of the commit queue. Readers run
// at the same time, and take no lock that covers a whole change. They see the changes only once
// PublishMoment has published a moment that has them (moment.h):
//
// 1. ApplyChanges adds new rows to codes, payload indexes and sparse spaces. Readers ignore them,
//    as their numbers are too high. It removes nothing: rows that die go to a list. But scores of
//    words and of sparse vectors count the rows that are new, and no longer those that die.
// 2. PublishMoment makes the new rows visible and the dead ones invisible, in one step.
// 3. RemoveDead takes the dead rows out of memory, as far as no read sees them any more.
//
// Example: point 7 moves from row 3 to row 10. Until step 2 every read finds row 3, and from then
// on row 10. A read that began before step 2 goes on with row 3, which stays until it has ended.
//
// Left out of this file: the disk, which has the changes already (write/committer.h), and checks of
// what callers ask. An error here is a contradiction between disk and memory, never bad input.
#ifndef TQDB_STORAGE_MEMORY_APPLY_H_
#define TQDB_STORAGE_MEMORY_APPLY_H_

#include <memory>

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

// Publishes the state that the changes have led to, as the moment which reads see from now on, and
// then calls RemoveDead. `view` is the disk after the same changes.
void PublishMoment(std::shared_ptr<const ReadView> view, CollectionState& state);
// Removes the dead rows that no read sees any more from memory.
void RemoveDead(CollectionState& state);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_MEMORY_APPLY_H_
