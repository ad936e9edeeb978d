// Reads a collection from its store into memory: one sequential pass over points and codes.
#ifndef TQDB_STORAGE_MEMORY_LOADER_H_
#define TQDB_STORAGE_MEMORY_LOADER_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/api/options.h"
#include "storage/disk/store.h"
#include "storage/memory/collection_state.h"

namespace tqdb::storage {

struct LoadedCollection {
  CollectionConfig config;
  std::unique_ptr<CollectionState> memory;
};

// Writes what an empty collection consists of.
absl::Status InitializeStore(Store& store, const CollectionConfig& config);

// DataLoss when the families contradict each other or a record is impossible, FailedPrecondition on
// a foreign format version.
absl::StatusOr<LoadedCollection> LoadCollection(const Store& store);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_MEMORY_LOADER_H_
