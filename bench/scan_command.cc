// The scan kernels and the engine around them, in memory, against the limits of the machine.
#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "bench/cluster_tree.h"
#include "bench/command.h"
#include "bench/machine_limits.h"
#include "bench/parallel.h"
#include "bench/progress.h"
#include "bench/stopwatch.h"
#include "core/status_macros.h"
#include "core/vector_space.h"

namespace tqdb::bench {
namespace {

struct Flags {
  CommonFlags common;
  std::string data;
  size_t rows = 400'000;
  size_t dim = 1536;
  Metric metric = Metric::kCosine;
  int code_bits = 4;
  Residual residual = Residual::kQjl;
  Centering centering = Centering::kAuto;
  std::vector<size_t> batches = {1, 16, 64};
  std::vector<std::string> kernels;
  size_t top_k = 10;
  double seconds = 3;
};

constexpr size_t kMeanRows = 1000;
constexpr size_t kPieceRows = 4096;  // generated and encoded at a time
constexpr size_t kQueries = 1024;
constexpr size_t kPlaneFloatBytes = 12;  // three floats a row beside its signs

// Encodes generated rows into a new space.
absl::StatusOr<std::unique_ptr<VectorSpace>> FillSpace(const Flags& flags, const ClusterTree& tree,
                                                       const Kernels* kernels) {
  CodecOptions options;
  options.dim = flags.dim;
  options.metric = flags.metric;
  options.code_bits = flags.code_bits;
  options.residual = flags.residual;
  TQDB_ASSIGN_OR_RETURN(std::unique_ptr<VectorSpace> space, VectorSpace::Create(options, kernels));
  const Codec& codec = space->codec();
  const size_t threads = flags.common.ThreadCount();
  if (flags.centering == Centering::kAuto) {
    const Matrix first = tree.Rows(0, std::min(kMeanRows, flags.rows), threads);
    std::vector<float> mean(flags.dim);
    for (size_t r = 0; r < first.rows; ++r) {
      for (size_t i = 0; i < flags.dim; ++i)
        mean[i] += first.row(r)[i] / static_cast<float>(first.rows);
    }
    space->AddMean(codec.MakeMean(1, mean));
    TQDB_RETURN_IF_ERROR(space->SetCurrentMean(1));
  }
  const auto mean = space->current_mean();
  Progress progress(absl::StrCat("scan: encode rows, ", codec.kernels().name, " kernels"),
                    flags.rows);
  std::vector<uint8_t> codes(kPieceRows * codec.code_bytes());
  for (size_t begin = 0; begin < flags.rows; begin += kPieceRows) {
    const size_t count = std::min(kPieceRows, flags.rows - begin);
    const Matrix rows = tree.Rows(begin, count, threads);
    ParallelFor(threads, count, 256, [&](size_t first, size_t end) {
      codec.Encode(rows.view().Slice(first, end - first), mean.get(),
                   codes.data() + first * codec.code_bytes());
    });
    for (size_t i = 0; i < count; ++i) {
      TQDB_ASSIGN_OR_RETURN(const Slot slot, space->Append(PointId::Number(begin + i), begin + i,
                                                           codes.data() + i * codec.code_bytes()));
      (void)slot;
    }
    progress.Add(count);
  }
  return space;
}

struct ScanResult {
  double seconds = 0;
  uint64_t queries = 0;
  Latencies latencies;  // of one call
  SearchStats stats;
};

absl::StatusOr<ScanResult> MeasureScan(const Flags& flags, const VectorSpace& space,
                                       MatrixView queries, size_t batch, size_t threads) {
  SearchOptions options;
  options.top_k = flags.top_k;
  ScanResult result;
  absl::Mutex mutex;
  absl::Status failure;
  std::atomic<size_t> next{0};
  const size_t calls = queries.rows() / batch;
  const Stopwatch watch;
  OnThreads(threads, [&](size_t) {
    Latencies latencies;
    SearchStats stats;
    absl::Status status;
    do {
      const size_t call = next.fetch_add(1, std::memory_order_relaxed) % calls;
      const Stopwatch call_watch;
      status.Update(space.Search(queries.Slice(call * batch, batch), options, &stats).status());
      latencies.Add(call_watch.seconds());
    } while (status.ok() && watch.seconds() < flags.seconds);
    absl::MutexLock lock(&mutex);
    failure.Update(status);
    result.latencies.Merge(latencies);
    result.stats.rows_scanned += stats.rows_scanned;
    result.stats.rows_refined += stats.rows_refined;
  });
  TQDB_RETURN_IF_ERROR(failure);
  result.seconds = watch.seconds();
  result.queries = result.latencies.count() * batch;
  return result;
}

// Rows times queries that memory and the look-ups of the sign plane allow per second.
struct Limits {
  double memory;   // of a pass with one query
  double lookups;  // 0: unknown
};

Record Describe(const Flags& flags, const std::string& set, const VectorSpace& space, size_t batch,
                size_t threads, const ScanResult& result, const Limits& limits) {
  const double rate = static_cast<double>(result.stats.rows_scanned) / result.seconds;
  const double memory = limits.memory * static_cast<double>(std::min(batch, Scan::kMaxQueries));
  const bool by_lookups = limits.lookups > 0 && limits.lookups < memory;
  return Record()
      .Set("kernels", space.codec().kernels().name)
      .Set("threads", uint64_t{threads})
      .Set("set", set)
      .Set("rows", uint64_t{flags.rows})
      .Set("dim", uint64_t{flags.dim})
      .Set("metric", NameOf(flags.metric))
      .Set("code_bits", flags.code_bits)
      .Set("residual", NameOf(flags.residual))
      .Set("centering", NameOf(flags.centering))
      .Set("batch", uint64_t{batch})
      .Set("bytes_per_vector",
           static_cast<double>(space.memory_bytes()) / static_cast<double>(flags.rows))
      .Set("survivors", static_cast<double>(result.stats.rows_refined) /
                            static_cast<double>(result.stats.rows_scanned))
      .Set("vectors_per_s", rate)
      .Set("queries_per_s", static_cast<double>(result.queries) / result.seconds)
      .Set("p50_ms", result.latencies.QuantileMs(0.5))
      .Set("p99_ms", result.latencies.QuantileMs(0.99))
      .Set("limit", by_lookups ? "lookups" : "memory")
      .Set("limit_vectors_per_s", by_lookups ? limits.lookups : memory)
      .Set("fraction_of_limit", rate / (by_lookups ? limits.lookups : memory));
}

absl::Status Run(const Flags& flags) {
  std::vector<const Kernels*> levels;
  for (const std::string& name : flags.kernels) levels.push_back(FindKernels(name));
  if (levels.empty()) levels.push_back(&BestKernels());
  for (size_t i = 0; i < levels.size(); ++i) {
    if (levels[i] == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("--kernels: this CPU has no level '", flags.kernels[i], "'"));
    }
  }
  std::vector<size_t> thread_counts = {1};
  if (flags.common.ThreadCount() > 1) thread_counts.push_back(flags.common.ThreadCount());

  TQDB_ASSIGN_OR_RETURN(ClusterTreeShape shape, FindShape(flags.data, flags.dim));
  ClusterTree::Options tree_options;
  tree_options.rows = flags.rows;
  tree_options.seed = flags.common.seed;
  const ClusterTree tree(std::move(shape), tree_options);
  const std::string set = absl::StrCat("generated ", tree.shape().name);
  const Matrix queries = tree.Queries(kQueries, flags.common.ThreadCount());
  const std::unique_ptr<Report> report = flags.common.StartReport("scan");
  for (const Kernels* kernels : levels) {
    TQDB_ASSIGN_OR_RETURN(const std::unique_ptr<VectorSpace> space,
                          FillSpace(flags, tree, kernels));
    const double plane_bytes =
        static_cast<double>(space->codec().padded_dim()) / 8 + kPlaneFloatBytes;
    const double lookups_per_row = static_cast<double>(space->codec().padded_dim()) / 4;
    const double lookup_rate = LookupRate(kernels->name);
    Progress progress("scan", thread_counts.size() * flags.batches.size());
    for (size_t threads : thread_counts) {
      Limits limits;
      limits.memory = ReadBandwidth(threads) / plane_bytes;
      limits.lookups = lookup_rate * static_cast<double>(threads) / lookups_per_row;
      for (size_t batch : flags.batches) {
        TQDB_ASSIGN_OR_RETURN(const ScanResult result,
                              MeasureScan(flags, *space, queries.view(), batch, threads));
        report->Add(Describe(flags, set, *space, batch, threads, result, limits));
        progress.Add(1);
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

Command AddScanCommand(CLI::App& app) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand(
      "scan",
      "Search in memory over generated rows: rate, survivors, fraction of the machine's limit");
  command->add_option("--generator,--data", flags->data,
                      "Directory of generator.NAME.{spectrum,mean}.f32.npy");
  command->add_option("--rows", flags->rows, "Generated rows")
      ->check(CLI::Range(64, 1 << 30))
      ->capture_default_str();
  command->add_option("--dim", flags->dim, "Of the rows")
      ->check(CLI::Range(kMinDim, kMaxDim))
      ->capture_default_str();
  AddEnum(command, "--metric", &flags->metric, MetricNames(), "Default cosine");
  command->add_option("--code-bits", flags->code_bits, "Bits of a code per dimension")
      ->check(CLI::IsMember({1, 2, 3, 4, 8}))
      ->capture_default_str();
  AddEnum(command, "--residual", &flags->residual, ResidualNames(), "Default qjl");
  AddEnum(command, "--centering", &flags->centering, CenteringNames(),
          "auto: the mean of the first 1,000 rows; default");
  command->add_option("--batch", flags->batches, "Queries of one call; a list")
      ->delimiter(',')
      ->check(CLI::Range(size_t{1}, kQueries))
      ->capture_default_str();
  command
      ->add_option("--kernels", flags->kernels,
                   "Kernel levels; a list; default: the best of this CPU")
      ->delimiter(',')
      ->check(CLI::IsMember({"scalar", "avx2", "avx512"}));
  command->add_option("--k", flags->top_k, "Hits of a query")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  command->add_option("--seconds", flags->seconds, "Of each measurement")
      ->check(CLI::Range(0.01, 3600.0))
      ->capture_default_str();
  AddCommonFlags(command, &flags->common);
  command->footer(
      "vectors_per_s counts rows times queries. survivors is the share of them whose whole record "
      "was read.\n"
      "The limit is the lower of two, both measured in this run: reading the sign plane from "
      "memory once per\n"
      "pass of up to 16 queries, and one byte look-up for four dimensions of a row and query.\n"
      "Example: tqdb-bench scan --rows 1000000 --dim 768 --batch 1,16 --json");
  return {command, [flags] { return Run(*flags); }};
}

}  // namespace tqdb::bench
