// Reads a collection from its store into memory.
//
// The simple idea: a row on disk says as much as the change that once wrote it. So the loader makes
// that change again from each row, and applies it as a write would (apply.h). One sequential pass
// over the column families, side by side in row order, gives all of them.
//
// The order of steps matters: means come before rows, because a code is decoded under its mean, and
// payload indexes come before rows, because new rows reach an index only from its creation on.
// Indexes of texts are the exception, see LoadCollection.
//
// Left out of this file: the reading of rows and their checks (disk/row_scanner.h), the indexes of
// texts (index_builder.h), and the decision what becomes of a damaged collection (the database).
#ifndef TQDB_STORAGE_MEMORY_LOADER_H_
#define TQDB_STORAGE_MEMORY_LOADER_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/api/options.h"
#include "storage/disk/store.h"
#include "storage/memory/collection_state.h"

namespace tqdb::storage {

// Writes the keys of an empty collection, and flushes them.
absl::Status InitializeStore(Store& store, const CollectionConfig& config);

// Returns the state of the collection. Its payload indexes of texts have seen no rows at this
// point. They take about ten times as long as the others, so a start does not wait for them. The
// caller must have them completed with BuildPayloadIndex. Returns DataLoss when the families
// contradict each other or a record is impossible, and FailedPrecondition on a format version that
// this build does not know.
absl::StatusOr<std::unique_ptr<CollectionState>> LoadCollection(const Store& store);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_MEMORY_LOADER_H_
