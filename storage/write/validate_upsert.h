// Checks of what a caller asks to be written. Each answers InvalidArgument with the field, the
// value got and the values that are allowed.
//
// Thread-safe.
#ifndef TQDB_STORAGE_WRITE_VALIDATE_UPSERT_H_
#define TQDB_STORAGE_WRITE_VALIDATE_UPSERT_H_

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "storage/api/collection.h"
#include "storage/memory/space.h"
#include "storage/memory/sparse_space.h"

namespace tqdb::storage {

// Checks ids, payloads, and vectors against the spaces; coordinates included. With `parsed`, the
// payloads come back there as trees, one a point: a text is parsed once, be it for its syntax or
// for an index.
absl::Status ValidateUpsert(const UpsertBatch& batch, const Spaces& spaces,
                            const SparseSpaces& sparse_spaces, std::vector<nlohmann::json>* parsed);
// Checks one payload, that of point i. `parsed` may be null.
absl::Status ValidatePayload(absl::string_view payload, size_t i, nlohmann::json* parsed);
// `field` names the list in messages.
absl::Status ValidateIdCount(absl::string_view field, size_t count);
// Checks the count, and that no id is there twice. In messages, id i is `field`[i]`member`.
absl::Status ValidateDistinctIds(absl::string_view field, absl::Span<const PointId> ids,
                                 absl::string_view member = "");

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_WRITE_VALIDATE_UPSERT_H_
