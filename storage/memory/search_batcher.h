// Groups searches that arrive together into one pass over the codes.
//
// A pass reads every code once for up to 64 queries, so two callers in one pass cost little more
// than one. A caller that finds a free thread runs at once, with as many threads as are free and of
// use to it: a lone caller never waits. While all threads are taken, callers gather; when a pass
// ends, the first of them leads the next and takes along whoever asks for the same top_k, error
// bound and rows. Callers that have just been answered often come back at once: the next leader
// gives them a moment, a small part of what the last pass took, and waits no longer than until as
// many are there.
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

  // `space` must outlive this. Passes use `max_threads` at a time; 0: as many as the hardware has.
  explicit SearchBatcher(const VectorSpace& space, size_t max_threads = 0);

  // As VectorSpace::Search. `options.cancelled` may be polled from the thread of another caller; it
  // ends this caller's search only.
  absl::StatusOr<std::vector<std::vector<Hit>>> Search(MatrixView queries,
                                                       const SearchOptions& options)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Passes run and queries answered so far: their ratio is the mean group size.
  struct Stats {
    uint64_t passes = 0;
    uint64_t queries = 0;
  };
  Stats stats() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // A caller's search; lives on its stack.
  struct Request {
    MatrixView queries;
    const SearchOptions* options;
    size_t threads = 0;  // of the pass that it leads
    enum class State { kWaiting, kLeader, kRunning, kDone } state = State::kWaiting;
    absl::StatusOr<std::vector<std::vector<Hit>>> result = std::vector<std::vector<Hit>>();
    absl::CondVar wake;

    bool cancelled() const { return options->cancelled && options->cancelled(); }
  };

  // Waits for the callers of the last pass to come back.
  void Gather() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Makes `request` the leader of a pass with free threads, of which there is at least one.
  void MakeLeader(Request& request) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<Request*> TakeGroup(Request& leader) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RunPass(const std::vector<Request*>& group) ABSL_LOCKS_EXCLUDED(mutex_);

  const VectorSpace& space_;
  mutable absl::Mutex mutex_;
  size_t free_threads_ ABSL_GUARDED_BY(mutex_);
  std::list<Request*> waiting_ ABSL_GUARDED_BY(mutex_);
  Stats stats_ ABSL_GUARDED_BY(mutex_);
  // Set when a pass ends: how many callers there were, and until when the next one waits for them.
  size_t expected_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Time gather_until_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  absl::CondVar arrived_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_MEMORY_SEARCH_BATCHER_H_
