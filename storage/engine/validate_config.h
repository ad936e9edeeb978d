// Checks of what a collection is created with. Each answers InvalidArgument with the field, the
// value got and the values that are allowed.
//
// Thread-safe.
#ifndef TQDB_STORAGE_ENGINE_VALIDATE_CONFIG_H_
#define TQDB_STORAGE_ENGINE_VALIDATE_CONFIG_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "storage/api/options.h"

namespace tqdb::storage {

// [A-Za-z0-9_.-]{1,64}, not starting with a dot: a name is also the name of a directory.
absl::Status ValidateCollectionName(absl::string_view name);
absl::Status ValidateConfig(const CollectionConfig& config);
absl::Status ValidateMetadata(const std::map<std::string, std::string>& metadata);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_ENGINE_VALIDATE_CONFIG_H_
