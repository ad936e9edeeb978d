// Number of hits that a search by vectors must find in order to return `limit` points.
//
// Example: limit 10, offset 5 and rerank. The search returns ranks 6 to 15, so it must find 15
// hits. Their order by estimates is not exact, so 45 candidates are reranked.
//
// Thread-safe.
#ifndef TQDB_STORAGE_READ_CANDIDATES_H_
#define TQDB_STORAGE_READ_CANDIDATES_H_

#include <cstddef>

#include "storage/api/collection.h"

namespace tqdb::storage {

inline constexpr double kDefaultOversampling = 3;
inline constexpr double kMaxOversampling = 100;
// Most candidates of one query's rerank. Each costs a read of its original.
inline constexpr size_t kMaxCandidates = 100'000;

// Returns the number of hits to find: limit + offset, or the number of candidates of `mmr`.
size_t HitsToFind(const SearchSpec& spec);
// Returns the number of candidates that a rerank scores, at least HitsToFind.
size_t RerankCandidates(const SearchSpec& spec);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_READ_CANDIDATES_H_
