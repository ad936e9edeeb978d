// Number of hits that a search by vectors must find in order to return `limit` points.
//
// Example: limit 10 and rerank. The order of hits by estimates is not exact, so the 30 best
// candidates are scored from their originals, and the best 10 of them are the answer. The next page
// has offset 10. It must not rank 60 candidates afresh: some of them may be better than the hits of
// the first page, which would push those hits into the second page and others out of both. So ranks
// are given out in *stages*. The first stage ranks the best 30 candidates and gives out ranks 1 to
// 10, as the first page does. The second one gives ranks 11 to 20 to the best of 60 candidates that
// have no rank yet, the third one gives ranks 21 to 40 to the best of 120, and so on. The ranks of
// a stage depend on the limit alone, so pages of one limit neither overlap nor leave points out.
//
// Thread-safe.
#ifndef TQDB_STORAGE_READ_CANDIDATES_H_
#define TQDB_STORAGE_READ_CANDIDATES_H_

#include <cstddef>
#include <vector>

#include "storage/api/collection.h"

namespace tqdb::storage {

inline constexpr double kDefaultOversampling = 3;
inline constexpr double kMaxOversampling = 100;
// Most candidates of one query's rerank. Each costs a read of its original.
inline constexpr size_t kMaxCandidates = 100'000;

// Returns the number of hits to find: limit + offset, or the number of candidates of `mmr`.
size_t HitsToFind(const SearchSpec& spec);
// Returns the number of candidates that a rerank scores for `ranks` ranks: at least as many.
size_t RerankCandidates(const SearchSpec& spec, size_t ranks);
// Returns the number of ranks that are given out by the end of each stage of a rerank. The last one
// is at least HitsToFind. A search with mmr has one stage: it needs hits to choose from, not ranks.
std::vector<size_t> RerankStages(const SearchSpec& spec);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_READ_CANDIDATES_H_
