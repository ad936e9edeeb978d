// Checks of the name, configuration and metadata of a new collection. Each returns InvalidArgument
// with the field, the value and the values that are allowed. A configuration cannot be changed
// later, so nothing invalid may ever be written to disk.
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

// Checks a name: [A-Za-z0-9_.-]{1,64}, not starting with a dot. The name of a collection is also
// the name of its directory, so it must not name a parent directory or a hidden file.
absl::Status ValidateCollectionName(absl::string_view name);
// Checks spaces, sparse spaces and metadata. Space names must differ from each other.
absl::Status ValidateConfig(const CollectionConfig& config);
// Checks that the keys and values together have at most kMaxMetadataBytes.
absl::Status ValidateMetadata(const std::map<std::string, std::string>& metadata);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_ENGINE_VALIDATE_CONFIG_H_
