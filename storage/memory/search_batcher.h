// Groups searches that arrive together into one pass over the codes.
//
// The simple idea: a pass reads every code once for up to 64 queries, so two callers in one pass
// cost little more than one. A caller that finds a free thread runs at once, with as many free
// threads as its scan can use. So a lone caller never waits. While all threads are taken, callers
// queue up. When a pass ends, the first of them leads the next pass. It takes along every caller
// with the same top_k, error bound and filter.
//
// Callers that have just been answered often come back at once. Without a pause, the next leader
// would start with half of them, and the two halves would alternate for ever. So the leader waits
// at most 1/8 of the time of the last pass, and never over 1 ms. It stops waiting when as many
// callers are there as last time.
//
// Example: 8 clients search in a loop on one core, and a pass takes 4 ms. The leader waits up to
// 0.5 ms, finds 7 others, and one pass answers all 8.
//
// Left out of this file: threads of its own. A leader is a thread of a caller.
//
// Thread-safe.
#ifndef TQDB_STORAGE_MEMORY_SEARCH_BATCHER_H_
#define TQDB_STORAGE_MEMORY_SEARCH_BATCHER_H_

#include <cstddef>
#include <list>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "base/matrix_view.h"
#include "core/space/vector_space.h"

namespace tqdb::storage {

class SearchBatcher {
 public:
  static constexpr size_t kMaxQueriesPerPass = Scan::kMaxQueries;

  // All passes together use at most `max_threads` threads at a time; 0 stands for the number that
  // the hardware has. Requires: `space` outlives the batcher.
  explicit SearchBatcher(const VectorSpace& space, size_t max_threads = 0);

  // Returns the result that VectorSpace::Search has for the queries. `options.cancelled` may be
  // polled from the thread of another caller. It ends this caller's search only.
  absl::StatusOr<std::vector<std::vector<Hit>>> Search(MatrixView queries,
                                                       const SearchOptions& options)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Number of passes and of queries so far. Their ratio is the mean number of queries in a pass.
  struct Stats {
    uint64_t passes = 0;
    uint64_t queries = 0;
  };
  Stats stats() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // Search of one caller. It lives on the caller's stack.
  struct Request {
    MatrixView queries;
    const SearchOptions* options;
    size_t threads = 0;  // threads of the pass that this request leads
    enum class State { kWaiting, kLeader, kRunning, kDone } state = State::kWaiting;
    absl::StatusOr<std::vector<std::vector<Hit>>> result = std::vector<std::vector<Hit>>();
    absl::CondVar wake;

    bool cancelled() const { return options->cancelled && options->cancelled(); }
  };

  // Waits a moment for the callers of the last pass to come back.
  void Gather() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Makes `request` the leader of a pass, and gives it free threads. Requires: one is free.
  void MakeLeader(Request& request) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Returns the leader and the waiting requests that fit into its pass, and marks them as running.
  std::vector<Request*> TakeGroup(Request& leader) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Searches for all requests of a group, and sets their results.
  void RunPass(const std::vector<Request*>& group) ABSL_LOCKS_EXCLUDED(mutex_);

  const VectorSpace& space_;
  mutable absl::Mutex mutex_;
  size_t free_threads_ ABSL_GUARDED_BY(mutex_);
  std::list<Request*> waiting_ ABSL_GUARDED_BY(mutex_);
  Stats stats_ ABSL_GUARDED_BY(mutex_);
  // Both are set when a pass ends: the number of its callers and of those that wait, and the time
  // up to which the next leader waits for as many.
  size_t expected_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Time gather_until_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  absl::CondVar arrived_;  // signalled when a request begins to wait
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_MEMORY_SEARCH_BATCHER_H_
