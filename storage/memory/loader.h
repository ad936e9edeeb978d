// Reads a collection from its store into memory: one sequential pass over points and codes, each
// row of which is applied as the change that once wrote it (apply.h).
#ifndef TQDB_STORAGE_MEMORY_LOADER_H_
#define TQDB_STORAGE_MEMORY_LOADER_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/api/options.h"
#include "storage/disk/store.h"
#include "storage/memory/collection_state.h"

namespace tqdb::storage {

// Writes the keys that an empty collection consists of.
absl::Status InitializeStore(Store& store, const CollectionConfig& config);

// Returns the state of the collection. Its payload indexes of texts have seen no rows yet: these
// take some ten times as long as the others, so a start does not wait for them, and
// BuildPayloadIndex is to be called. DataLoss when the families contradict each other or a record
// is impossible; FailedPrecondition on a format version that this build does not know.
absl::StatusOr<std::unique_ptr<CollectionState>> LoadCollection(const Store& store);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_MEMORY_LOADER_H_
