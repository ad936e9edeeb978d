// Finds the spaces of a collection by name, with messages that list the names that exist.
//
// Thread-safe: free functions without state.
#ifndef TQDB_SERVICE_SPACES_H_
#define TQDB_SERVICE_SPACES_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/field_path.h"
#include "storage/api/collection.h"
#include "storage/api/options.h"

namespace tqdb::service {

// Returns the name as it reads in a message. The unnamed space needs words.
std::string SpaceName(absl::string_view name);

// Returns the vector space of that name, a member of `config`. InvalidArgument names `field`.
absl::StatusOr<const storage::VectorSpaceConfig*> FindSpace(const storage::CollectionConfig& config,
                                                            absl::string_view name,
                                                            FieldPath field);

// Returns OK when a sparse space has the name, otherwise InvalidArgument that names `field`.
absl::Status CheckSparseSpace(const storage::CollectionConfig& config, absl::string_view name,
                              FieldPath field);

}  // namespace tqdb::service

#endif  // TQDB_SERVICE_SPACES_H_
