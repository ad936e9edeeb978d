#include "storage/memory/search_batcher.h"

#include <algorithm>
#include <cstring>
#include <thread>
#include <utility>

#include "absl/time/clock.h"

namespace tqdb::storage {

namespace {

// Time between two looks of a waiting caller at its `cancelled`.
constexpr absl::Duration kCancelPoll = absl::Milliseconds(5);
// A leader waits for the callers of the last pass at most 1/kGatherShare of the time that this pass
// took, and at most kMaxGather.
constexpr int kGatherShare = 8;
constexpr absl::Duration kMaxGather = absl::Milliseconds(1);

}  // namespace

SearchBatcher::SearchBatcher(const VectorSpace& space, size_t max_threads)
    : space_(space),
      free_threads_(max_threads != 0 ? max_threads
                                     : std::max<size_t>(1, std::thread::hardware_concurrency())) {}

SearchBatcher::Stats SearchBatcher::stats() const {
  absl::MutexLock lock(&mutex_);
  return stats_;
}

void SearchBatcher::MakeLeader(Request& request) {
  size_t queries = request.queries.rows();
  for (const Request* waiting : waiting_) queries += waiting->queries.rows();
  request.state = Request::State::kLeader;
  request.threads = std::min(free_threads_, space_.ThreadsFor(queries));
  free_threads_ -= request.threads;
}

void SearchBatcher::Gather() {
  // The leader itself has left the queue, and counts as one of the expected callers.
  while (waiting_.size() + 1 < expected_ && absl::Now() < gather_until_) {
    arrived_.WaitWithDeadline(&mutex_, gather_until_);
  }
}

// Filters are compared by address, because a comparison of their bits would cost a pass of its own.
std::vector<SearchBatcher::Request*> SearchBatcher::TakeGroup(Request& leader) {
  std::vector<Request*> group = {&leader};
  size_t queries = leader.queries.rows();
  for (auto it = waiting_.begin(); it != waiting_.end() && queries < kMaxQueriesPerPass;) {
    Request& request = **it;
    if (request.state != Request::State::kWaiting ||
        queries + request.queries.rows() > kMaxQueriesPerPass ||
        request.options->top_k != leader.options->top_k ||
        request.options->filter != leader.options->filter ||
        request.options->error_bound != leader.options->error_bound) {
      ++it;
      continue;
    }
    request.state = Request::State::kRunning;
    queries += request.queries.rows();
    group.push_back(&request);
    it = waiting_.erase(it);
  }
  ++stats_.passes;
  stats_.queries += queries;
  return group;
}

void SearchBatcher::RunPass(const std::vector<Request*>& group) {
  SearchOptions options = *group[0]->options;
  options.max_threads = group[0]->threads;
  if (group.size() == 1) {
    group[0]->result = space_.Search(group[0]->queries, options);
    return;
  }
  // The pass runs under the lowest threshold of the group. Each caller's own one is applied below.
  const size_t dim = group[0]->queries.dim();
  std::vector<float> queries;
  for (const Request* request : group) {
    queries.insert(queries.end(), request->queries.data(),
                   request->queries.data() + request->queries.rows() * dim);
    options.score_threshold = std::min(options.score_threshold, request->options->score_threshold);
  }
  // The pass ends early only when nobody waits for it any more.
  options.cancelled = [&group] {
    return std::all_of(group.begin(), group.end(),
                       [](const Request* request) { return request->cancelled(); });
  };
  auto lists = space_.Search(MatrixView(queries.data(), queries.size() / dim, dim), options);
  size_t next = 0;
  for (Request* request : group) {
    if (!lists.ok()) {
      request->result = lists.status();
      continue;
    }
    if (request->cancelled()) {
      request->result = absl::CancelledError("search was cancelled");
      next += request->queries.rows();
      continue;
    }
    std::vector<std::vector<Hit>> own;
    for (size_t i = 0; i < request->queries.rows(); ++i) {
      std::vector<Hit>& hits = (*lists)[next++];
      // Hits are ordered best first, so those below the threshold are at the end.
      const auto below = std::find_if(hits.begin(), hits.end(), [&](const Hit& hit) {
        return hit.score < request->options->score_threshold;
      });
      hits.erase(below, hits.end());
      own.push_back(std::move(hits));
    }
    request->result = std::move(own);
  }
}

absl::StatusOr<std::vector<std::vector<Hit>>> SearchBatcher::Search(MatrixView queries,
                                                                    const SearchOptions& options) {
  Request request;
  request.queries = queries;
  request.options = &options;
  std::vector<Request*> group;
  {
    absl::MutexLock lock(&mutex_);
    if (free_threads_ > 0) {
      MakeLeader(request);
    } else {
      waiting_.push_back(&request);
      arrived_.SignalAll();
      while (request.state == Request::State::kWaiting ||
             request.state == Request::State::kRunning) {
        if (!options.cancelled) {
          request.wake.Wait(&mutex_);
          continue;
        }
        request.wake.WaitWithTimeout(&mutex_, kCancelPoll);
        // A running request cannot leave: the leader writes to it, and it lives on this stack.
        if (request.state == Request::State::kWaiting && request.cancelled()) {
          waiting_.remove(&request);
          return absl::CancelledError("search was cancelled while it waited");
        }
      }
      if (request.state == Request::State::kDone) return std::move(request.result);
    }
    Gather();
    group = TakeGroup(request);
  }
  const absl::Time start = absl::Now();
  RunPass(group);
  const absl::Time end = absl::Now();
  absl::MutexLock lock(&mutex_);
  expected_ = group.size() + waiting_.size();
  gather_until_ = end + std::min((end - start) / kGatherShare, kMaxGather);
  for (Request* member : group) {
    if (member == &request) continue;
    member->state = Request::State::kDone;
    member->wake.Signal();
  }
  // Requests that did not fit into the pass lead the next ones.
  free_threads_ += request.threads;
  while (free_threads_ > 0 && !waiting_.empty()) {
    Request* next = waiting_.front();
    waiting_.pop_front();
    MakeLeader(*next);
    next->wake.Signal();
  }
  return std::move(request.result);
}

}  // namespace tqdb::storage
