// The command search: searches over gRPC in a closed loop. It reports latency, rate and recall.
#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/barrier.h"
#include "absl/synchronization/mutex.h"
#include "base/status_macros.h"
#include "bench/commands/command.h"
#include "bench/data/cluster_tree.h"
#include "bench/data/data_sets.h"
#include "bench/data/ground_truth.h"
#include "bench/measure/load.h"
#include "bench/measure/parallel.h"
#include "bench/measure/progress.h"
#include "bench/measure/stopwatch.h"
#include "bench/measure/target.h"

namespace tqdb::bench {
namespace {

struct SearchFlags {
  CommonFlags common;
  TargetFlags target;
  SpaceFlags space;
  std::string data;
  std::string generator;
  size_t rows = 100'000;
  size_t dim = 1536;
  size_t queries = 1000;
  size_t recall_queries = 200;
  std::vector<size_t> clients = {1, 8};
  size_t batch = 1;
  uint32_t top_k = 10;
  bool rerank = false;
  bool exact = false;
  double oversampling = 0;
  float error_bound = 0;
  double seconds = 10;
  std::string against;  // another server program; empty: none
  size_t rounds = 1;
};

constexpr char kSearchCollection[] = "tqdb-bench-search";
constexpr size_t kLoadBatchRows = 256;
constexpr size_t kLoadClients = 2;
constexpr size_t kWarmUpCalls = 20;  // calls of each client before the measurement

std::vector<client::Query> MakeQueries(const SearchFlags& flags, MatrixView vectors) {
  std::vector<client::Query> queries;
  for (size_t q = 0; q < vectors.rows(); ++q) {
    client::Query query;
    query.vector.assign(vectors.row(q).begin(), vectors.row(q).end());
    query.limit = flags.top_k;
    query.rerank = flags.rerank;
    query.exact = flags.exact;
    query.oversampling = flags.oversampling;
    query.error_bound = flags.error_bound;
    queries.push_back(std::move(query));
  }
  return queries;
}

// Makes one call with the queries [first, first + batch), which wrap around at the end.
absl::Status CallOnce(client::Client& client, const std::vector<client::Query>& queries,
                      size_t first, size_t batch) {
  if (batch == 1) return client.Search(kSearchCollection, queries[first % queries.size()]).status();
  std::vector<client::Query> some;
  for (size_t i = 0; i < batch; ++i) some.push_back(queries[(first + i) % queries.size()]);
  return client.SearchBatch(kSearchCollection, some).status();
}

// Result of a closed loop.
struct LoopResult {
  double seconds = 0;
  Latencies latencies;
};

// Runs some clients, each of which sends its next call when the last one is answered. Clients begin
// together, after a warm-up.
absl::StatusOr<LoopResult> RunClosedLoop(const SearchFlags& flags, const Target& target,
                                         const std::vector<client::Query>& queries,
                                         size_t num_clients) {
  std::vector<std::unique_ptr<client::Client>> clients;
  for (size_t c = 0; c < num_clients; ++c) {
    TQDB_ASSIGN_OR_RETURN(auto client, target.Connect());
    clients.push_back(std::move(client));
  }
  LoopResult result;
  absl::Mutex mutex;
  absl::Status failure;
  std::atomic<size_t> next{0};
  Stopwatch watch;
  auto* warm = new absl::Barrier(static_cast<int>(num_clients));
  OnThreads(num_clients, [&](size_t c) {
    absl::Status status;
    const auto call = [&] {
      status.Update(CallOnce(*clients[c], queries, next.fetch_add(flags.batch), flags.batch));
    };
    for (size_t i = 0; i < kWarmUpCalls; ++i) call();
    if (warm->Block()) delete warm;
    Latencies latencies;
    const Stopwatch own_watch;
    while (status.ok() && own_watch.seconds() < flags.seconds) {
      const Stopwatch call_watch;
      call();
      latencies.Add(call_watch.seconds());
    }
    const double seconds = own_watch.seconds();
    absl::MutexLock lock(&mutex);
    failure.Update(status);
    result.latencies.Merge(latencies);
    result.seconds = std::max(result.seconds, seconds);
  });
  TQDB_RETURN_IF_ERROR(failure);
  return result;
}

// Returns the hits of the first `count` queries.
absl::StatusOr<Neighbors> FindNeighbors(Target& target, const std::vector<client::Query>& queries,
                                        size_t count) {
  Neighbors found(count);
  for (size_t q = 0; q < count; ++q) {
    TQDB_ASSIGN_OR_RETURN(const auto hits, target.client().Search(kSearchCollection, queries[q]));
    for (const client::ScoredPoint& hit : hits) found[q].push_back(hit.id.number());
  }
  return found;
}

// Creates the collection and fills it with the rows of a set.
absl::StatusOr<client::CollectionInfo> Fill(const SearchFlags& flags, Target& target,
                                            const DataSet& set) {
  const storage::StoreVectors store =
      flags.rerank || flags.exact ? storage::StoreVectors::kF32 : storage::StoreVectors::kNone;
  TQDB_RETURN_IF_ERROR(target.client()
                           .CreateCollection(kSearchCollection,
                                             MakeCollectionConfig(flags.space, set.base.dim, store))
                           .status());
  LoadOptions load_options;
  load_options.collection = kSearchCollection;
  load_options.clients = kLoadClients;
  TQDB_RETURN_IF_ERROR(
      Load(target, MakeBatches(set.base.view(), 0, kLoadBatchRows), load_options).status());
  return WaitUntilSettled(target.client(), kSearchCollection);
}

// A server under test, and its results for one number of clients.
struct Contender {
  std::string name;
  Target* target;
  client::CollectionInfo info = {};
  double recall = 0;
  std::vector<LoopResult> rounds = {};
};

double Rate(const LoopResult& result) {
  return static_cast<double>(result.latencies.count()) / result.seconds;
}

// All rounds as one.
LoopResult Together(const Contender& contender) {
  LoopResult all;
  for (const LoopResult& round : contender.rounds) {
    all.seconds += round.seconds;
    all.latencies.Merge(round.latencies);
  }
  return all;
}

// The median over rounds of what `value` says of the first contender over what it says of the
// second. Both sides of a ratio were measured one after the other, so a machine that is busy for a
// while spoils a few rounds, not the median.
template <typename Value>
double MedianRatio(const std::vector<Contender>& contenders, const Value& value) {
  std::vector<double> ratios;
  for (size_t r = 0; r < contenders[0].rounds.size(); ++r) {
    ratios.push_back(value(contenders[0].rounds[r]) / value(contenders[1].rounds[r]));
  }
  const auto middle = ratios.begin() + static_cast<ptrdiff_t>(ratios.size() / 2);
  std::nth_element(ratios.begin(), middle, ratios.end());
  return *middle;
}

void ReportClients(const SearchFlags& flags, const DataSet& set, size_t clients,
                   const std::vector<Contender>& contenders, Report& report) {
  for (const Contender& contender : contenders) {
    const LoopResult result = Together(contender);
    Record record;
    if (contenders.size() > 1) record.Set("server", contender.name);
    record.Set("set", set.name)
        .Set("rows", uint64_t{set.base.rows})
        .Set("dim", uint64_t{set.base.dim})
        .Set("metric", NameOf(flags.space.metric))
        .Set("code_bits", flags.space.code_bits)
        .Set("residual", NameOf(flags.space.residual))
        .Set("centering", NameOf(flags.space.centering))
        .Set("rerank", flags.rerank)
        .Set("exact", flags.exact)
        .Set("k", uint64_t{flags.top_k})
        .Set(absl::StrCat("recall_at_", flags.top_k), contender.recall)
        .Set("bytes_per_vector", uint64_t{contender.info.vector_spaces.front().code_bytes})
        .Set("clients", uint64_t{clients})
        .Set("batch", uint64_t{flags.batch})
        .Set("queries_per_s", Rate(result) * static_cast<double>(flags.batch))
        .Set("p50_ms", result.latencies.QuantileMs(0.5))
        .Set("p99_ms", result.latencies.QuantileMs(0.99))
        .Set("max_ms", result.latencies.QuantileMs(1));
    if (contenders.size() > 1 && &contender == &contenders.front()) {
      const auto quantile = [](double share) {
        return [share](const LoopResult& r) { return r.latencies.QuantileMs(share); };
      };
      record.Set("rate_ratio", MedianRatio(contenders, Rate))
          .Set("p50_ratio", MedianRatio(contenders, quantile(0.5)))
          .Set("p99_ratio", MedianRatio(contenders, quantile(0.99)));
    }
    report.Add(record);
  }
}

absl::Status RunSet(const SearchFlags& flags, std::vector<Contender> contenders, const DataSet& set,
                    size_t recall_queries, Report& report) {
  const std::vector<client::Query> queries = MakeQueries(flags, set.queries.view());
  const size_t sample = std::min(recall_queries, queries.size());
  Neighbors truth;
  {
    const ProgressBar progress =
        StartProgress(absl::StrCat(set.name, ": ground truth of queries"), sample);
    truth = ExactNeighbors(flags.space.metric, set.base.view(), set.queries.view().Slice(0, sample),
                           flags.top_k, flags.common.ThreadCount());
  }
  for (Contender& contender : contenders) {
    TQDB_ASSIGN_OR_RETURN(contender.info, Fill(flags, *contender.target, set));
    TQDB_ASSIGN_OR_RETURN(const Neighbors found, FindNeighbors(*contender.target, queries, sample));
    contender.recall = Recall(truth, found, flags.top_k);
  }
  ProgressBar progress = StartProgress(absl::StrCat(set.name, ": search, measurements"),
                                       flags.clients.size() * flags.rounds * contenders.size());
  for (size_t clients : flags.clients) {
    for (Contender& contender : contenders) contender.rounds.clear();
    for (size_t round = 0; round < flags.rounds; ++round) {
      for (size_t i = 0; i < contenders.size(); ++i) {
        // In turns, so that being first favours none.
        Contender& contender = contenders[(i + round) % contenders.size()];
        TQDB_ASSIGN_OR_RETURN(contender.rounds.emplace_back(),
                              RunClosedLoop(flags, *contender.target, queries, clients));
        progress.Add(1);
      }
    }
    ReportClients(flags, set, clients, contenders, report);
  }
  for (const Contender& contender : contenders) {
    TQDB_RETURN_IF_ERROR(contender.target->client().DeleteCollection(kSearchCollection));
  }
  return absl::OkStatus();
}

DataSet GenerateSet(const SearchFlags& flags, ClusterTreeShape shape) {
  ClusterTree::Options options;
  options.rows = flags.rows;
  options.seed = flags.common.seed;
  const ClusterTree tree(std::move(shape), options);
  const ProgressBar progress = StartProgress("generate rows", flags.rows);
  return {absl::StrCat("generated ", tree.shape().name),
          tree.Rows(0, flags.rows, flags.common.ThreadCount()),
          tree.Queries(flags.queries, flags.common.ThreadCount())};
}

absl::Status RunSearch(const SearchFlags& flags) {
  std::vector<DataSetFiles> files;
  ClusterTreeShape shape;
  if (!flags.data.empty()) {
    TQDB_ASSIGN_OR_RETURN(files, FindDataSets(flags.data));
  } else {
    TQDB_ASSIGN_OR_RETURN(shape, FindShape(flags.generator, flags.dim));
  }
  TQDB_ASSIGN_OR_RETURN(const std::unique_ptr<Target> target, Target::Start(flags.target));
  std::vector<Contender> contenders = {{"measured", target.get()}};
  std::unique_ptr<Target> other;
  if (!flags.against.empty()) {
    TargetFlags other_flags = flags.target;
    other_flags.server = flags.against;
    TQDB_ASSIGN_OR_RETURN(other, Target::Start(other_flags));
    contenders.push_back({"against", other.get()});
  }
  const std::unique_ptr<Report> report = flags.common.StartReport("search");
  if (files.empty()) {
    return RunSet(flags, contenders, GenerateSet(flags, std::move(shape)), flags.recall_queries,
                  *report);
  }
  for (const DataSetFiles& set_files : files) {
    TQDB_ASSIGN_OR_RETURN(const DataSet set, ReadDataSet(set_files, {}));
    TQDB_RETURN_IF_ERROR(RunSet(flags, contenders, set, set.queries.rows, *report));
  }
  return absl::OkStatus();
}

}  // namespace

Command AddSearchCommand(FlagSet app) {
  auto flags = std::make_shared<SearchFlags>();
  FlagSet command = app.AddCommand("search",
                                   "Latency, rate and recall of searches over gRPC, on "
                                   "generated rows or on every set of a directory");
  Flag data = command.Add(
      "--data", flags->data,
      "Directory of NAME.base.{f16,f32,i8}.npy with NAME.query.*.npy; default: generated rows");
  command
      .Add("--generator", flags->generator,
           "Directory of generator.NAME.{spectrum,mean}.f32.npy; default: a power law")
      .Excludes(data);
  command.Add("--rows", flags->rows, "Generated rows").InRange(1, 1 << 30).ShowDefault();
  command.Add("--dim", flags->dim, "Of generated rows").InRange(kMinDim, kMaxDim).ShowDefault();
  command.Add("--queries", flags->queries, "Generated queries").InRange(1, 1'000'000).ShowDefault();
  command
      .Add("--recall-queries", flags->recall_queries,
           "Generated queries that recall is measured on")
      .InRange(1, 1'000'000)
      .ShowDefault();
  command.Add("--clients", flags->clients, "Connections, one thread each; a list")
      .Separator(',')
      .InRange(1, 1000)
      .ShowDefault();
  command.Add("--batch", flags->batch, "Queries of one call")
      .InRange(size_t{1}, storage::kMaxQueries)
      .ShowDefault();
  command.Add("--k", flags->top_k, "Hits of a query").InRange(1, 1000).ShowDefault();
  command.AddSwitch("--rerank", flags->rerank,
                    "Keep float32 originals and rescore candidates from them");
  command.AddSwitch("--exact", flags->exact, "Brute force over float32 originals");
  command
      .Add("--oversampling", flags->oversampling,
           "Candidates of a rerank, as a multiple of k; 0: the default")
      .InRange(0.0, 100.0);
  command
      .Add("--error-bound", flags->error_bound,
           "Of the scan, in standard deviations; 0: the default")
      .InRange(0.0, 10.0);
  command.Add("--seconds", flags->seconds, "Of each measurement")
      .InRange(0.01, 3600.0)
      .ShowDefault();
  command
      .Add("--rounds", flags->rounds,
           "Measurements of each number of clients; their calls are counted together")
      .InRange(1, 1000)
      .ShowDefault();
  AddSpaceFlags(command, &flags->space);
  Flag address = AddTargetFlags(command, &flags->target);
  command
      .Add("--against", flags->against,
           "Another server program, say of an older commit, that is measured in turns with the "
           "first")
      .ExistingFile()
      .Excludes(address);
  AddCommonFlags(command, &flags->common);
  command.Footer(
      "Each client sends its next call when the last one is answered; p50_ms and p99_ms are those "
      "of calls.\n"
      "With --against, both servers hold the same rows and take turns, round by round. The ratios "
      "are medians over\n"
      "rounds of the first server over the other.\n"
      "Example: tqdb-bench search --generator sets --clients 1,8 --json");
  return {command, [flags] { return RunSearch(*flags); }};
}

}  // namespace tqdb::bench
