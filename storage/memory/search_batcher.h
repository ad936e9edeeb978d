// Groups searches that arrive together into passes over the codes.
//
// A pass reads every code once for up to 64 queries, so four callers in one pass cost less than
// twice as much as one. A second thread for the same pass saves its callers time, and costs some:
// it has to be woken, it finds its own first hits, and the pass waits for the slower of both. So
// there are two ways to use two threads, and the number of callers decides:
// - Few callers: one pass at a time, by all threads. A lone caller never waits, it runs at once.
// - Enough callers to fill several passes: passes side by side, each with its share of the threads
//   and of the callers. With 8 callers and 2 threads, two passes of 4 queries and one thread each.
//
// While all threads are taken, callers gather. When a pass ends, the first of them leads the next
// and takes along whoever asks for the same top_k, error bound and rows. Callers that have just
// been answered often come back at once: the next leader gives them a moment, at most half of what
// the last pass took, and waits no longer than until as many are there.
//
// A caller is woken through a notification of its own, once, when it leads or is done. A condition
// variable would hand all callers of a pass the batcher's lock one after the other, each only when
// the one before has been scheduled.
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
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "base/matrix_view.h"
#include "core/space/vector_space.h"
#include "storage/memory/moment.h"

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
                                                       const SearchOptions& options) {
    return Search(queries, options, nullptr);
  }
  // Returns the result at a moment. If the moment is `fixed`, options.filter allows the rows of
  // this moment only, or is null for all of them. If not, options.filter is null, and the search
  // moves to a later moment if another caller of the same pass has one: all take the latest of
  // theirs, which is after the start of every one.
  absl::StatusOr<std::vector<std::vector<Hit>>> SearchAt(ReadMoment& moment, bool fixed,
                                                         MatrixView queries,
                                                         const SearchOptions& options);

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
    // Moment of a caller that may move to a later one; null for others.
    ReadMoment* moment;
    // For a leader: the threads of its pass, and the queries at which nobody joins any more.
    size_t threads = 0;
    size_t enough_queries = 0;
    enum class State { kWaiting, kLeader, kRunning, kDone } state = State::kWaiting;
    absl::StatusOr<std::vector<std::vector<Hit>>> result = std::vector<std::vector<Hit>>();
    absl::Notification woken;  // it leads a pass, or is done

    bool cancelled() const { return options->cancelled && options->cancelled(); }
  };

  // Callers, and the queries that they have together.
  struct Load {
    size_t callers = 0;
    size_t queries = 0;
  };

  absl::StatusOr<std::vector<std::vector<Hit>>> Search(MatrixView queries,
                                                       const SearchOptions& options,
                                                       ReadMoment* moment)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Returns false when `request` was cancelled before a pass took it.
  bool AwaitTurn(Request& request) ABSL_LOCKS_EXCLUDED(mutex_);
  // Waits for the callers of the last pass to come back, and join the pass of `leader`.
  void Gather(const Request& leader) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Makes `request` the leader of a pass, and gives it free threads. Requires: one is free.
  void MakeLeader(Request& request) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Returns the leader and the waiting requests that fit into its pass, and marks them as running.
  std::vector<Request*> TakeGroup(Request& leader) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Searches for all requests of a group, and sets their results.
  void RunPass(const std::vector<Request*>& group) ABSL_LOCKS_EXCLUDED(mutex_);
  // Returns everybody who is in a pass or waits for one.
  Load LoadNow() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const VectorSpace& space_;
  const size_t max_threads_;
  mutable absl::Mutex mutex_;
  size_t free_threads_ ABSL_GUARDED_BY(mutex_);
  std::list<Request*> waiting_ ABSL_GUARDED_BY(mutex_);
  Stats stats_ ABSL_GUARDED_BY(mutex_);
  Load running_ ABSL_GUARDED_BY(mutex_);  // in passes
  // Everybody who was there when the last pass ended, its own callers included: they are about to
  // come back.
  Load last_load_ ABSL_GUARDED_BY(mutex_);
  // Both are set when a pass ends: the number of its callers and of those that wait, and the time
  // up to which the next leader waits for as many.
  size_t expected_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Time gather_until_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_MEMORY_SEARCH_BATCHER_H_
