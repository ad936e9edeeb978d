// Checks of everything a caller can hand to storage. Each answers InvalidArgument with the field,
// the value got and what is allowed.
//
// Thread-safe.
#ifndef TQDB_STORAGE_WRITE_VALIDATE_H_
#define TQDB_STORAGE_WRITE_VALIDATE_H_

#include <cstddef>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/api/collection.h"
#include "storage/api/options.h"
#include "storage/memory/space.h"
#include "storage/memory/sparse_space.h"
#include "values/key_path.h"

namespace tqdb::storage {

// [A-Za-z0-9_.-]{1,64}, not starting with a dot: a name is also the name of a directory.
absl::Status ValidateCollectionName(absl::string_view name);
absl::Status ValidateConfig(const CollectionConfig& config);
absl::Status ValidateMetadata(const std::map<std::string, std::string>& metadata);
// Ids, payloads, and vectors against the spaces; coordinates included.
absl::Status ValidateUpsert(const UpsertBatch& batch, const Spaces& spaces,
                            const SparseSpaces& sparse_spaces);
// The path of a payload key. InvalidArgument names `field`.
absl::StatusOr<KeyPath> ParseKey(absl::string_view field, absl::string_view key);
// `field` names the list in messages.
absl::Status ValidateIdCount(absl::string_view field, size_t count);
// The same, and no id twice. In messages, id i is `field`[i]`member`.
absl::Status ValidateDistinctIds(absl::string_view field, absl::Span<const PointId> ids,
                                 absl::string_view member = "");
// Of a scroll.
absl::Status ValidatePageSize(size_t limit);
// Queries and spec against the space that is searched.
absl::Status ValidateSearch(MatrixView queries, const SearchSpec& spec, const Space& space);
// Queries, of which there are none, and spec of a search by text or by a sparse vector.
absl::Status ValidateTermSearch(MatrixView queries, const SearchSpec& spec);
// Hits to find for what the spec returns: limit and offset, or the candidates of `mmr`.
size_t HitsToFind(const SearchSpec& spec);
// Candidates that a rerank looks at to find them, at least as many.
size_t RerankCandidates(const SearchSpec& spec);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_WRITE_VALIDATE_H_
