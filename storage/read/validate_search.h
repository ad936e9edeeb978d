// Checks of the parameters of a search or a scroll. Each returns InvalidArgument with the field,
// the value and the values that are allowed. They run before anything is read, so a bad search
// costs nothing.
//
// Thread-safe.
#ifndef TQDB_STORAGE_READ_VALIDATE_SEARCH_H_
#define TQDB_STORAGE_READ_VALIDATE_SEARCH_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/matrix_view.h"
#include "storage/api/collection.h"
#include "storage/memory/space.h"

namespace tqdb::storage {

// Checks the limit of a scroll.
absl::Status ValidatePageSize(size_t limit);
// Checks queries and spec against the space that is searched. Returns FailedPrecondition when the
// search needs originals and the space keeps none.
absl::Status ValidateSearch(MatrixView queries, const SearchSpec& spec, const Space& space);
// Checks the spec of a search by text or by a sparse vector, and that it has no queries.
absl::Status ValidateTermSearch(MatrixView queries, const SearchSpec& spec);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_READ_VALIDATE_SEARCH_H_
