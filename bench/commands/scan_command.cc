// The command scan: searches of the engine in memory, on one core and on all cores. Rates are
// compared with the limits of the machine.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "bench/commands/command.h"
#include "bench/data/data_sets.h"
#include "bench/data/ground_truth.h"
#include "bench/data/row_source.h"
#include "bench/measure/progress.h"
#include "bench/measure/scan_limits.h"
#include "bench/measure/scan_space.h"
#include "bench/measure/search_loop.h"
#include "core/space/vector_space.h"

namespace tqdb::bench {
namespace {

// Options of the command.
struct ScanFlags {
  CommonFlags common;
  std::string data;
  std::vector<std::string> sets;
  size_t tile_mb = 0;
  std::string generator;
  size_t rows = 400'000;
  size_t dim = 1536;
  Metric metric = Metric::kCosine;
  int code_bits = 4;
  Residual residual = Residual::kQjl;
  Centering centering = Centering::kAuto;
  std::vector<Stages> stages = {Stages::kAuto};
  std::vector<size_t> batches = {1, 16, 64};
  std::vector<std::string> kernels;
  std::vector<std::string> sign_prefetch = {"auto"};
  size_t top_k = 10;
  double seconds = 3;
  size_t recall_queries = 1000;
  std::vector<size_t> clients = {0};
  bool compare = false;
};

constexpr size_t kScanQueries = 1024;
constexpr size_t kComparedQueries = 256;

// The settings of one line of the result, besides the space that is searched.
struct ScanSetting {
  Stages stages;
  size_t threads;
  size_t batch;    // queries of one call
  size_t clients;  // callers of the batcher of the database; 0: the engine is called directly
};

// The true neighbours of the first queries of a source. There are no queries if they are not known.
struct Truth {
  MatrixView queries{nullptr, 0, 0};
  Neighbors neighbors;
};

// Returns the kernels to measure: every level that was asked for, in every form of its sign scan.
absl::StatusOr<std::vector<Kernels>> KernelLevels(const ScanFlags& flags) {
  std::vector<const Kernels*> levels;
  for (const std::string& name : flags.kernels) {
    levels.push_back(FindKernels(name));
    if (levels.back() == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("--kernels: this CPU has no level '", name, "'"));
    }
  }
  if (levels.empty()) levels.push_back(&BestKernels());
  std::vector<Kernels> forms;
  for (const Kernels* level : levels) {
    for (const std::string& prefetch : flags.sign_prefetch) {
      forms.push_back(*level);
      for (SignPrefetch form : {SignPrefetch::kOff, SignPrefetch::kSeveral, SignPrefetch::kOn}) {
        if (prefetch == kSignPrefetchNames[int(form)])
          forms.back() = WithSignPrefetch(*level, form);
      }
    }
  }
  return forms;
}

const char* SignPrefetchOf(const Kernels& kernels) {
  if (kernels.scan_signs_forms[0] == kernels.scan_signs_forms[1]) return "none";
  size_t form = 0;
  while (kernels.scan_signs != kernels.scan_signs_forms[form]) ++form;
  return kSignPrefetchNames[form];
}

CodecOptions CodecOf(const ScanFlags& flags, size_t dim) {
  CodecOptions options;
  options.dim = dim;
  options.metric = flags.metric;
  options.code_bits = flags.code_bits;
  options.residual = flags.residual;
  return options;
}

// Reads a real set, and repeats its rows until their codes have the size that the flags ask for.
absl::StatusOr<std::unique_ptr<RowSource>> OpenSet(const ScanFlags& flags,
                                                   const DataSetFiles& files) {
  TQDB_ASSIGN_OR_RETURN(DataSet set, ReadDataSet(files, {}));
  size_t rows = set.base.rows;
  if (flags.tile_mb != 0) {
    TQDB_ASSIGN_OR_RETURN(const std::unique_ptr<Codec> codec,
                          Codec::Create(CodecOf(flags, set.base.dim)));
    rows = RowsThatFill(flags.tile_mb, CodesCost(*codec).bytes);
  }
  return std::make_unique<TiledRows>(std::move(set), rows, flags.common.seed);
}

// Finds the true neighbours, if all rows of the source are in memory.
Truth FindTruth(const ScanFlags& flags, const RowSource& source) {
  const size_t count = std::min(flags.recall_queries, source.queries().rows);
  if (source.whole() == nullptr || count == 0) return {};
  const ProgressBar progress =
      StartProgress(absl::StrCat(source.name(), ": ground truth of queries"), count);
  Truth truth;
  truth.queries = source.queries().view().Slice(0, count);
  truth.neighbors = ExactNeighbors(flags.metric, source.whole()->view(), truth.queries, flags.top_k,
                                   flags.common.ThreadCount());
  return truth;
}

// Measures one setting.
absl::StatusOr<Record> Measure(const ScanFlags& flags, const RowSource& source, const Truth& truth,
                               const VectorSpace& space, MatrixView queries,
                               const ScanSetting& setting, const ScanLimits& limits) {
  SearchOptions options;
  options.top_k = flags.top_k;
  options.stages = setting.stages;
  const bool batched = setting.clients != 0;
  TQDB_ASSIGN_OR_RETURN(const SearchRate result,
                        batched ? MeasureBatcher(space, queries, options, setting.batch,
                                                 setting.clients, setting.threads, flags.seconds)
                                : MeasureSearch(space, queries, options, setting.batch,
                                                setting.threads, flags.seconds));
  const double scanned =
      static_cast<double>(result.queries) * static_cast<double>(space.live_rows());
  const double rate = scanned / result.seconds;
  const ScanLimit limit = limits.Lowest(setting.batch);
  Record record;
  record.Set("kernels", space.codec().kernels().name)
      .Set("sign_prefetch", SignPrefetchOf(space.codec().kernels()))
      .Set("threads", uint64_t{setting.threads})
      .Set("set", source.name())
      .Set("rows", uint64_t{source.rows()})
      .Set("dim", uint64_t{source.dim()})
      .Set("metric", NameOf(flags.metric))
      .Set("code_bits", flags.code_bits)
      .Set("residual", NameOf(flags.residual))
      .Set("centering", NameOf(flags.centering))
      .Set("stages", NameOf(setting.stages))
      .Set("clients", uint64_t{setting.clients})
      .Set("batch", uint64_t{setting.batch})
      .Set("bytes_per_vector",
           static_cast<double>(space.memory_bytes()) / static_cast<double>(source.rows()))
      .Set("code_bytes", uint64_t{CodesCost(space.codec()).bytes});
  if (truth.queries.rows() != 0) {
    TQDB_ASSIGN_OR_RETURN(const Neighbors found,
                          FindNeighbors(space, truth.queries, options, setting.batch));
    record.Set(absl::StrCat("recall_at_", flags.top_k),
               Recall(truth.neighbors, found, flags.top_k));
  }
  if (flags.compare) {
    // A call has as many queries as in the measurement, because the choice of the stage depends on
    // that number.
    const MatrixView compared = queries.Slice(0, std::max(setting.batch, kComparedQueries));
    SearchOptions by_codes = options;
    by_codes.stages = Stages::kCodes;
    TQDB_ASSIGN_OR_RETURN(const Neighbors want,
                          FindNeighbors(space, compared, by_codes, setting.batch));
    TQDB_ASSIGN_OR_RETURN(const Neighbors found,
                          FindNeighbors(space, compared, options, setting.batch));
    record.Set("same_as_codes", Recall(want, found, flags.top_k));
  }
  if (!batched) {
    record.Set("survivors", static_cast<double>(result.stats.rows_refined) / scanned)
        .Set("by_codes", static_cast<double>(result.stats.rows_scanned_by_codes) / scanned);
  }
  return record.Set("vectors_per_s", rate)
      .Set("queries_per_s", static_cast<double>(result.queries) / result.seconds)
      .Set("p50_ms", result.latencies.QuantileMs(0.5))
      .Set("p99_ms", result.latencies.QuantileMs(0.99))
      .Set("limit", limit.name)
      .Set("limit_vectors_per_s", limit.vectors_per_s)
      .Set("fraction_of_limit", rate / limit.vectors_per_s);
}

// Measures all settings on one source. The space is filled once for each kernel level.
absl::Status RunSource(const ScanFlags& flags, const RowSource& source,
                       const std::vector<Kernels>& levels, Report& report) {
  const size_t threads = flags.common.ThreadCount();
  std::vector<size_t> thread_counts = {1};
  if (threads > 1) thread_counts.push_back(threads);
  const Truth truth = FindTruth(flags, source);
  const Matrix queries = RepeatQueries(
      source.queries(), *std::max_element(flags.batches.begin(), flags.batches.end()));
  for (const Kernels& kernels : levels) {
    TQDB_ASSIGN_OR_RETURN(
        const std::unique_ptr<VectorSpace> space,
        FillSpace(source, CodecOf(flags, source.dim()), flags.centering, &kernels, threads));
    ProgressBar progress = StartProgress(
        absl::StrCat("scan: ", source.name()),
        thread_counts.size() * flags.stages.size() * flags.batches.size() * flags.clients.size());
    for (size_t count : thread_counts) {
      for (Stages stages : flags.stages) {
        const RowCost cost =
            stages == Stages::kCodes ? CodesCost(space->codec()) : SignsCost(space->codec());
        const ScanLimits limits = MeasureScanLimits(cost, source.rows(), kernels, count);
        for (size_t batch : flags.batches) {
          for (size_t clients : flags.clients) {
            const ScanSetting setting = {stages, count, batch, clients};
            TQDB_ASSIGN_OR_RETURN(const Record record, Measure(flags, source, truth, *space,
                                                               queries.view(), setting, limits));
            report.Add(record);
            progress.Add(1);
          }
        }
      }
    }
  }
  return absl::OkStatus();
}

// Measures generated rows or, with --data, one set after the other.
absl::Status RunScan(const ScanFlags& flags) {
  TQDB_ASSIGN_OR_RETURN(const std::vector<Kernels> levels, KernelLevels(flags));
  std::unique_ptr<Report> report;
  if (flags.data.empty()) {
    GeneratedRows::Options options;
    options.directory = flags.generator;
    options.rows = flags.rows;
    options.dim = flags.dim;
    options.queries = kScanQueries;
    options.seed = flags.common.seed;
    options.threads = flags.common.ThreadCount();
    TQDB_ASSIGN_OR_RETURN(const std::unique_ptr<RowSource> source, GeneratedRows::Create(options));
    report = flags.common.StartReport("scan");
    return RunSource(flags, *source, levels, *report);
  }
  TQDB_ASSIGN_OR_RETURN(const std::vector<DataSetFiles> sets, FindDataSets(flags.data, flags.sets));
  report = flags.common.StartReport("scan");
  for (const DataSetFiles& files : sets) {
    TQDB_ASSIGN_OR_RETURN(const std::unique_ptr<RowSource> source, OpenSet(flags, files));
    TQDB_RETURN_IF_ERROR(RunSource(flags, *source, levels, *report));
  }
  return absl::OkStatus();
}

}  // namespace

Command AddScanCommand(FlagSet app) {
  auto flags = std::make_shared<ScanFlags>();
  FlagSet command = app.AddCommand(
      "scan",
      "Search in memory over real or generated rows: rate, recall, survivors, fraction of the "
      "machine's limit");
  Flag generator = command.Add("--generator", flags->generator,
                               "Directory of generator.NAME.{spectrum,mean}.f32.npy");
  Flag rows =
      command.Add("--rows", flags->rows, "Generated rows").InRange(64, 1 << 30).ShowDefault();
  Flag dim =
      command.Add("--dim", flags->dim, "Of generated rows").InRange(kMinDim, kMaxDim).ShowDefault();
  Flag data = command
                  .Add("--data", flags->data,
                       "Real sets: a directory of NAME.base.{f16,f32,i8}.npy with NAME.query.*.npy")
                  .Excludes(generator)
                  .Excludes(rows)
                  .Excludes(dim);
  command.Add("--set", flags->sets, "Only sets of these names; a list").Separator(',').Needs(data);
  command
      .Add("--tile-mb", flags->tile_mb,
           "Repeat the rows of each set until their codes take so many MB; 0: as it is")
      .InRange(0, 1 << 20)
      .Needs(data);
  command
      .Add("--recall-queries", flags->recall_queries,
           "Queries of a set, not tiled, whose recall is taken; 0: none")
      .ShowDefault();
  command.AddChoice("--metric", flags->metric, MetricNames(), "Default cosine");
  command.Add("--code-bits", flags->code_bits, "Bits of a code per dimension")
      .OneOfNumbers({1, 2, 3, 4, 8})
      .ShowDefault();
  command.AddChoice("--residual", flags->residual, ResidualNames(), "Default qjl");
  command.AddChoices("--stages", flags->stages, StagesNames(),
                     "Scan stage: signs, codes, or what pays; a list; default auto");
  command.AddChoice("--centering", flags->centering, CenteringNames(),
                    "auto: the mean of 1,000 rows; default");
  command
      .Add("--clients", flags->clients,
           "Callers at a time of the database's batcher, which has --threads threads; 0: "
           "each of --threads "
           "threads calls the engine; a list")
      .Separator(',')
      .InRange(0, 1000);
  command.AddSwitch("--compare", flags->compare,
                    "Share of hits that the code stage finds too, over 256 queries");
  command.Add("--batch", flags->batches, "Queries of one call; a list")
      .Separator(',')
      .InRange(size_t{1}, kScanQueries)
      .ShowDefault();
  command.Add("--kernels", flags->kernels, "Kernel levels; a list; default: the best of this CPU")
      .Separator(',')
      .OneOf({"scalar", "avx2", "avx512vnni", "avx512", "amx", "neon"});
  command
      .Add("--sign-prefetch", flags->sign_prefetch,
           "Whether the sign scan asks memory for the next block: on, off, several (for calls of "
           "two queries or more), or auto, as is chosen for this CPU; a list")
      .Separator(',')
      .OneOf({"auto", "on", "several", "off"})
      .ShowDefault();
  command.Add("--k", flags->top_k, "Hits of a query").InRange(1, 10'000).ShowDefault();
  command.Add("--seconds", flags->seconds, "Of each measurement")
      .InRange(0.01, 3600.0)
      .ShowDefault();
  AddCommonFlags(command, &flags->common);
  command.Footer(
      "Without --data rows are generated, after a power law where --generator names no shape.\n"
      "A tiled set repeats its rows; each row of a repeat is off its original by independent noise "
      "of 2 % of\n"
      "its length, because exact duplicates would make the best ten a matter of chance. Its rate "
      "counts, not its\n"
      "recall, which is not taken. A set with fewer queries than a call repeats them.\n"
      "vectors_per_s counts rows times queries. survivors is the share of them whose whole record "
      "was read.\n"
      "code_bytes is what a scan of whole codes reads of a row.\n"
      "by_codes is the share that was scanned by codes, not signs. same_as_codes (--compare) is "
      "the "
      "share of hits\n"
      "that a scan by codes finds, too.\n"
      "The limit is the lower of two, both measured in this run. Of signs and auto: reading the "
      "sign plane once\n"
      "per pass of up to 64 queries from a buffer of its size, and one byte look-up for four "
      "dimensions of a row\n"
      "and query. Of codes: reading code_bytes a row likewise, and one product of bytes for a "
      "dimension.\n"
      "Examples: tqdb-bench scan --data sets --tile-mb 2000 --batch 1,64\n"
      "          tqdb-bench scan --rows 1000000 --dim 768 --batch 1,16 --json");
  return {command, [flags] { return RunScan(*flags); }};
}

}  // namespace tqdb::bench
