// Spreads work over threads that are started for it. Starting threads is slow, which does not
// matter for work of many milliseconds.
#ifndef TQDB_BENCH_MEASURE_PARALLEL_H_
#define TQDB_BENCH_MEASURE_PARALLEL_H_

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace tqdb::bench {

// Calls fn(begin, end) for consecutive pieces of [0, count), of at most `grain` each, on `threads`
// threads, and waits for all. Pieces are handed out in order, so slow threads take fewer. Requires:
// several threads may call fn at the same time.
template <typename Fn>
void ParallelFor(size_t threads, size_t count, size_t grain, const Fn& fn) {
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t begin; (begin = next.fetch_add(grain)) < count;)
      fn(begin, std::min(begin + grain, count));
  };
  std::vector<std::thread> workers;
  for (size_t t = 1; t < std::min(threads, (count + grain - 1) / grain); ++t)
    workers.emplace_back(work);
  work();
  for (std::thread& worker : workers) worker.join();
}

// Calls fn(thread) once on each of `threads` threads and waits for all.
template <typename Fn>
void OnThreads(size_t threads, const Fn& fn) {
  std::vector<std::thread> workers;
  for (size_t t = 1; t < threads; ++t) workers.emplace_back([&fn, t] { fn(t); });
  fn(0);
  for (std::thread& worker : workers) worker.join();
}

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_MEASURE_PARALLEL_H_
