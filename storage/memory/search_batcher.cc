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
constexpr int kGatherShare = 2;
constexpr absl::Duration kMaxGather = absl::Milliseconds(1);
// Queries that make a pass of its own worth it: a fourth one costs a third of the first. Three, not
// four, because some callers are always on their way back.
constexpr size_t kQueriesPerSidePass = 3;
// The kernels take queries four at a time, so a share is rounded up to that.
constexpr size_t kQueriesOfKernel = 4;

}  // namespace

SearchBatcher::SearchBatcher(const VectorSpace& space, size_t max_threads)
    : space_(space),
      max_threads_(max_threads != 0 ? max_threads
                                    : std::max<size_t>(1, std::thread::hardware_concurrency())),
      free_threads_(max_threads_) {}

SearchBatcher::Stats SearchBatcher::stats() const {
  absl::MutexLock lock(&mutex_);
  return stats_;
}

SearchBatcher::Load SearchBatcher::LoadNow() const {
  Load load = running_;
  load.callers += waiting_.size();
  for (const Request* request : waiting_) load.queries += request->queries.rows();
  return load;
}

void SearchBatcher::MakeLeader(Request& request) {
  size_t queries = request.queries.rows();
  for (const Request* waiting : waiting_) queries += waiting->queries.rows();
  ++running_.callers;
  running_.queries += request.queries.rows();
  Load load = LoadNow();
  load.callers = std::max(load.callers, last_load_.callers);
  load.queries = std::max(load.queries, last_load_.queries);
  const size_t passes = std::clamp<size_t>(
      std::min(load.callers, load.queries / kQueriesPerSidePass), 1, max_threads_);
  const size_t share = (load.queries + passes - 1) / passes;
  request.state = Request::State::kLeader;
  request.enough_queries =
      passes == 1 ? kMaxQueriesPerPass
                  : (share + kQueriesOfKernel - 1) / kQueriesOfKernel * kQueriesOfKernel;
  request.threads =
      std::min({free_threads_, space_.ThreadsFor(queries), (max_threads_ + passes - 1) / passes});
  free_threads_ -= request.threads;
}

void SearchBatcher::Gather(const Request& leader) {
  // The leader is one of them.
  const size_t expected = std::min(expected_, leader.enough_queries);
  const auto all_there = [this, expected]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return waiting_.size() + 1 >= expected;
  };
  if (!all_there()) mutex_.AwaitWithDeadline(absl::Condition(&all_there), gather_until_);
}

// Filters are compared by address, because a comparison of their bits would cost a pass of its own.
std::vector<SearchBatcher::Request*> SearchBatcher::TakeGroup(Request& leader) {
  std::vector<Request*> group = {&leader};
  const size_t own = leader.queries.rows();
  size_t queries = own;
  const size_t enough = std::min(kMaxQueriesPerPass, leader.enough_queries);
  for (auto it = waiting_.begin(); it != waiting_.end() && queries < enough;) {
    Request& request = **it;
    if (request.state != Request::State::kWaiting ||
        queries + request.queries.rows() > kMaxQueriesPerPass ||
        request.options->top_k != leader.options->top_k ||
        request.options->filter != leader.options->filter ||
        (request.moment == nullptr) != (leader.moment == nullptr) ||
        request.options->error_bound != leader.options->error_bound) {
      ++it;
      continue;
    }
    request.state = Request::State::kRunning;
    queries += request.queries.rows();
    group.push_back(&request);
    it = waiting_.erase(it);
  }
  running_.callers += group.size() - 1;
  running_.queries += queries - own;
  ++stats_.passes;
  stats_.queries += queries;
  return group;
}

void SearchBatcher::RunPass(const std::vector<Request*>& group) {
  SearchOptions options = *group[0]->options;
  if (group[0]->moment != nullptr) {
    const ReadMoment* latest = group[0]->moment;
    for (const Request* request : group) {
      if (request->moment->memory().number > latest->memory().number) latest = request->moment;
    }
    const std::shared_ptr<const Moment> moment = latest->shared();
    for (Request* request : group) request->moment->MoveTo(moment);
    options.filter = &moment->rows();
  }
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

bool SearchBatcher::AwaitTurn(Request& request) {
  if (!request.options->cancelled) {
    request.woken.WaitForNotification();
    return true;
  }
  while (!request.woken.WaitForNotificationWithTimeout(kCancelPoll)) {
    if (!request.cancelled()) continue;
    absl::MutexLock lock(&mutex_);
    if (request.state != Request::State::kWaiting) continue;  // a pass has it
    waiting_.remove(&request);
    return false;
  }
  return true;
}

absl::StatusOr<std::vector<std::vector<Hit>>> SearchBatcher::SearchAt(
    ReadMoment& moment, bool fixed, MatrixView queries, const SearchOptions& options) {
  if (!fixed) return Search(queries, options, &moment);
  if (options.filter != nullptr) return Search(queries, options, nullptr);
  SearchOptions own = options;
  own.filter = &moment.memory().rows();
  return Search(queries, own, nullptr);
}

absl::StatusOr<std::vector<std::vector<Hit>>> SearchBatcher::Search(MatrixView queries,
                                                                    const SearchOptions& options,
                                                                    ReadMoment* moment) {
  Request request;
  request.queries = queries;
  request.options = &options;
  request.moment = moment;
  bool leads;
  {
    absl::MutexLock lock(&mutex_);
    leads = free_threads_ > 0;
    if (leads) {
      MakeLeader(request);
    } else {
      waiting_.push_back(&request);
    }
  }
  if (!leads) {
    if (!AwaitTurn(request)) {
      return absl::CancelledError("search was cancelled while it waited");
    }
    // The state was set before the notification, and is this thread's own from there on.
    if (request.state == Request::State::kDone) return std::move(request.result);
  }
  std::vector<Request*> group;
  {
    absl::MutexLock lock(&mutex_);
    Gather(request);
    group = TakeGroup(request);
  }
  const absl::Time start = absl::Now();
  RunPass(group);
  const absl::Time end = absl::Now();
  std::vector<Request*> leaders;
  {
    absl::MutexLock lock(&mutex_);
    last_load_ = LoadNow();
    expected_ = group.size() + waiting_.size();
    gather_until_ = end + std::min((end - start) / kGatherShare, kMaxGather);
    for (Request* member : group) {
      member->state = Request::State::kDone;
      --running_.callers;
      running_.queries -= member->queries.rows();
    }
    free_threads_ += request.threads;
    while (free_threads_ > 0 && !waiting_.empty()) {
      leaders.push_back(waiting_.front());
      waiting_.pop_front();
      MakeLeader(*leaders.back());
    }
  }
  for (Request* leader : leaders) leader->woken.Notify();
  for (Request* member : group) {
    if (member != &request) member->woken.Notify();
  }
  return std::move(request.result);
}

}  // namespace tqdb::storage
