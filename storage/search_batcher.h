// Groups searches that arrive together into one pass over the codes.
//
// A pass reads every code once for up to 16 queries, so two callers in one pass cost little more
// than one. A caller that finds a free pass runs at once: a lone caller never waits. While as many
// passes run as the machine has hardware threads, callers gather; when a pass ends, the first of
// them leads the next and takes along whoever asks for the same top_k and error bound.
//
// Thread-safe.
#ifndef TQDB_STORAGE_SEARCH_BATCHER_H_
#define TQDB_STORAGE_SEARCH_BATCHER_H_

#include <cstddef>
#include <list>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "core/matrix_view.h"
#include "core/vector_space.h"

namespace tqdb::storage {

class SearchBatcher {
 public:
  static constexpr size_t kMaxQueriesPerPass = 16;

  // `space` must outlive this. `max_passes` 0: one for each hardware thread.
  explicit SearchBatcher(const VectorSpace& space, size_t max_passes = 0);

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
    enum class State { kWaiting, kLeader, kRunning, kDone } state = State::kWaiting;
    absl::StatusOr<std::vector<std::vector<Hit>>> result = std::vector<std::vector<Hit>>();
    absl::CondVar wake;

    bool cancelled() const { return options->cancelled && options->cancelled(); }
  };

  std::vector<Request*> TakeGroup(Request& leader) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RunPass(const std::vector<Request*>& group) ABSL_LOCKS_EXCLUDED(mutex_);

  const VectorSpace& space_;
  const size_t max_passes_;
  mutable absl::Mutex mutex_;
  size_t running_ ABSL_GUARDED_BY(mutex_) = 0;
  std::list<Request*> waiting_ ABSL_GUARDED_BY(mutex_);
  Stats stats_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_SEARCH_BATCHER_H_
