// Checks of the writes that a caller asks for. Each returns InvalidArgument with the field, the
// value and the values that are allowed.
//
// They run once, at the edge, on the thread of the caller. Everything behind them relies on valid
// records and checks nothing again. A record that comes from elsewhere passes the checks where it
// is decoded (record_format.h).
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

// Checks ids, payloads, and vectors with their coordinates against the spaces. With `parsed`, also
// returns the payloads as trees there, one a point, so that a text is parsed only once for its
// syntax and for the indexes.
absl::Status ValidateUpsert(const UpsertBatch& batch, const Spaces& spaces,
                            const SparseSpaces& sparse_spaces, std::vector<nlohmann::json>* parsed);
// Checks that the mode can have a condition, and that the points have no payloads under
// kUpdateVectors, which would not be written.
absl::Status ValidateMode(UpsertMode mode, bool has_condition);
absl::Status ValidateNoPayloads(UpsertMode mode, absl::Span<const absl::string_view> payloads);
// Checks the payload of point i, and returns its tree in `parsed` unless that is null.
absl::Status ValidatePayload(absl::string_view payload, size_t i, nlohmann::json* parsed);
// Checks the number of ids in one call. `field` names the list in messages.
absl::Status ValidateIdCount(absl::string_view field, size_t count);
// Checks the number of ids, and that no id occurs twice. Messages name id i `field`[i]`member`, for
// example points[3].id.
absl::Status ValidateDistinctIds(absl::string_view field, absl::Span<const PointId> ids,
                                 absl::string_view member = "");

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_WRITE_VALIDATE_UPSERT_H_
