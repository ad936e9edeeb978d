// How many hits a search by vectors looks for, so that it has as many as it returns.
//
// Thread-safe.
#ifndef TQDB_STORAGE_READ_CANDIDATES_H_
#define TQDB_STORAGE_READ_CANDIDATES_H_

#include <cstddef>

#include "storage/api/collection.h"

namespace tqdb::storage {

inline constexpr double kDefaultOversampling = 3;
inline constexpr double kMaxOversampling = 100;
// Candidates of one query's rerank: each costs a read of its original.
inline constexpr size_t kMaxCandidates = 100'000;

// Returns the hits to find for what the spec returns: limit and offset, or the candidates of `mmr`.
size_t HitsToFind(const SearchSpec& spec);
// Returns the candidates that a rerank looks at to find them, at least as many.
size_t RerankCandidates(const SearchSpec& spec);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_READ_CANDIDATES_H_
