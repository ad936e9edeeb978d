// Searches an inverted index that a lock guards, without keeping writers out for long.
#ifndef TQDB_STORAGE_MEMORY_SEARCH_YIELDING_H_
#define TQDB_STORAGE_MEMORY_SEARCH_YIELDING_H_

#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "storage/sparse/inverted_index.h"

namespace tqdb::storage {

// Returns the hits of a search of a SparseIndex or Bm25Index that `mutex` guards. Releases the lock
// between segments. So a writer waits for the search of one segment, about a millisecond, however
// large the index is. If a writer replaced segments in such a pause, which is rare, the search is
// repeated without pauses. Requires: `index` outlives the search even while the lock is released.
template <typename Index, typename Query>
absl::StatusOr<std::vector<Hit>> SearchYielding(absl::Mutex& mutex, const Index& index,
                                                const Query& query,
                                                const SparseSearchOptions& options)
    ABSL_SHARED_LOCKS_REQUIRED(mutex) {
  SparseSearchOptions yielding = options;
  yielding.yield = [&mutex]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    mutex.ReaderUnlock();
    mutex.ReaderLock();
  };
  absl::StatusOr<std::vector<Hit>> hits = index.Search(query, yielding);
  if (absl::IsAborted(hits.status())) hits = index.Search(query, options);
  return hits;
}

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_MEMORY_SEARCH_YIELDING_H_
