#include "bench/measure/search_loop.h"

#include <algorithm>
#include <atomic>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "base/status_macros.h"
#include "bench/measure/parallel.h"
#include "storage/memory/search_batcher.h"

namespace tqdb::bench {

namespace {

// Runs `search(queries, stats)` on slices of the queries, from several callers, and gathers the
// latencies of all calls.
template <typename SearchFn>
absl::StatusOr<SearchRate> MeasureCalls(MatrixView queries, size_t batch, size_t callers,
                                        double seconds, const SearchFn& search) {
  SearchRate result;
  absl::Mutex mutex;
  absl::Status failure;
  std::atomic<size_t> next{0};
  const size_t calls = queries.rows() / batch;
  const Stopwatch watch;
  OnThreads(callers, [&](size_t) {
    Latencies latencies;
    SearchStats stats;
    absl::Status status;
    do {
      const size_t call = next.fetch_add(1, std::memory_order_relaxed) % calls;
      const Stopwatch call_watch;
      status.Update(search(queries.Slice(call * batch, batch), stats));
      latencies.Add(call_watch.seconds());
    } while (status.ok() && watch.seconds() < seconds);
    absl::MutexLock lock(&mutex);
    failure.Update(status);
    result.latencies.Merge(latencies);
    result.stats.Add(stats);
  });
  TQDB_RETURN_IF_ERROR(failure);
  result.seconds = watch.seconds();
  result.queries = result.latencies.count() * batch;
  return result;
}

}  // namespace

absl::StatusOr<SearchRate> MeasureSearch(const VectorSpace& space, MatrixView queries,
                                         const SearchOptions& options, size_t batch, size_t threads,
                                         double seconds) {
  return MeasureCalls(queries, batch, threads, seconds, [&](MatrixView some, SearchStats& stats) {
    return space.Search(some, options, &stats).status();
  });
}

absl::StatusOr<SearchRate> MeasureBatcher(const VectorSpace& space, MatrixView queries,
                                          const SearchOptions& options, size_t batch,
                                          size_t clients, size_t threads, double seconds) {
  storage::SearchBatcher batcher(space, threads);
  return MeasureCalls(queries, batch, clients, seconds, [&](MatrixView some, SearchStats&) {
    return batcher.Search(some, options).status();
  });
}

absl::StatusOr<Neighbors> FindNeighbors(const VectorSpace& space, MatrixView queries,
                                        const SearchOptions& options, size_t batch) {
  Neighbors found;
  for (size_t begin = 0; begin < queries.rows(); begin += batch) {
    const size_t count = std::min(batch, queries.rows() - begin);
    TQDB_ASSIGN_OR_RETURN(const std::vector<std::vector<Hit>> results,
                          space.Search(queries.Slice(begin, count), options));
    for (const std::vector<Hit>& hits : results) {
      found.emplace_back();
      for (const Hit& hit : hits) found.back().push_back(hit.row);
    }
  }
  return found;
}

Matrix RepeatQueries(const Matrix& queries, size_t count) {
  if (queries.rows >= count) return queries;
  Matrix repeated(count, queries.dim);
  for (size_t q = 0; q < count; ++q) {
    std::copy_n(queries.row(q % queries.rows), queries.dim, repeated.row(q));
  }
  return repeated;
}

}  // namespace tqdb::bench
