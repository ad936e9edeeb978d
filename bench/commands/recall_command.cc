// The command recall: recall of the embedded database on real sets, for many settings. The whole
// write path is part of it. Rows come in batches, means are adopted and rows are encoded again, as
// in a server.
#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "base/status_macros.h"
#include "bench/commands/command.h"
#include "bench/data/data_sets.h"
#include "bench/data/ground_truth.h"
#include "bench/data/row_order.h"
#include "bench/measure/parallel.h"
#include "bench/measure/progress.h"
#include "bench/measure/scratch.h"
#include "bench/measure/stopwatch.h"
#include "storage/api/database.h"

namespace tqdb::bench {
namespace {

using storage::Collection;
using storage::Database;

struct RecallFlags {
  CommonFlags common;
  std::string data;
  std::string directory;
  std::vector<std::string> sets;
  std::vector<Metric> metrics = {Metric::kCosine};
  std::vector<int> code_bits = {4};
  std::vector<Residual> residuals = {Residual::kQjl};
  std::vector<Centering> centerings = {Centering::kAuto};
  std::vector<RowOrder> orders = {RowOrder::kFile};
  bool rerank = false;
  double oversampling = 0;
  float error_bound = 0;
  size_t top_k = 10;
  DataSetLimits limits;
};

constexpr size_t kInsertRows = 256;  // rows of one upsert
constexpr size_t kSearchRows = 64;   // queries of one search
constexpr char kRecallCollection[] = "recall";

// The settings of one line of the result.
struct RecallSetting {
  Metric metric;
  RowOrder order;
  int code_bits;
  Residual residual;
  Centering centering;
};

std::vector<RecallSetting> Settings(const RecallFlags& flags) {
  std::vector<RecallSetting> settings;
  for (Metric metric : flags.metrics) {
    for (RowOrder order : flags.orders) {
      for (int bits : flags.code_bits) {
        for (Residual residual : flags.residuals) {
          for (Centering centering : flags.centerings) {
            settings.push_back({metric, order, bits, residual, centering});
          }
        }
      }
    }
  }
  return settings;
}

// Inserts the rows in the given order, one batch after the other. The id of a row is its number in
// the set.
absl::Status Insert(Collection& collection, const Matrix& rows,
                    const std::vector<uint32_t>& order) {
  ProgressBar progress = StartProgress("recall: insert", rows.rows);
  for (size_t begin = 0; begin < rows.rows; begin += kInsertRows) {
    const size_t count = std::min(kInsertRows, rows.rows - begin);
    Matrix batch(count, rows.dim);
    std::vector<PointId> ids;
    for (size_t i = 0; i < count; ++i) {
      std::copy_n(rows.row(order[begin + i]), rows.dim, batch.row(i));
      ids.push_back(PointId::Number(order[begin + i]));
    }
    storage::UpsertBatch upsert;
    upsert.ids = ids;
    upsert.vectors.push_back({"", batch.view(), {}});
    upsert.durability = storage::Durability::kAsync;
    TQDB_RETURN_IF_ERROR(collection.Upsert(upsert).status());
    progress.Add(count);
  }
  return collection.Flush(/*settle=*/true);
}

absl::StatusOr<Neighbors> SearchAll(const Collection& collection, const RecallFlags& flags,
                                    MatrixView queries) {
  storage::SearchSpec spec;
  spec.limit = flags.top_k;
  spec.rerank = flags.rerank;
  spec.oversampling = flags.oversampling;
  spec.error_bound = flags.error_bound;
  Neighbors found(queries.rows());
  absl::Mutex mutex;
  absl::Status failure;
  ParallelFor(flags.common.ThreadCount(), queries.rows(), kSearchRows,
              [&](size_t begin, size_t end) {
                const auto results = collection.Search(queries.Slice(begin, end - begin), spec);
                if (!results.ok()) {
                  absl::MutexLock lock(&mutex);
                  failure.Update(results.status());
                  return;
                }
                for (size_t q = begin; q < end; ++q) {
                  for (const storage::PointRecord& point : (*results)[q - begin])
                    found[q].push_back(point.id.low);
                }
              });
  TQDB_RETURN_IF_ERROR(failure);
  return found;
}

storage::CollectionConfig MakeConfig(const RecallFlags& flags, const RecallSetting& setting,
                                     size_t dim) {
  storage::VectorSpaceConfig space;
  space.codec.dim = dim;
  space.codec.metric = setting.metric;
  space.codec.code_bits = setting.code_bits;
  space.codec.residual = setting.residual;
  space.centering = setting.centering;
  space.store_vectors = flags.rerank ? storage::StoreVectors::kF32 : storage::StoreVectors::kNone;
  storage::CollectionConfig config;
  config.spaces.push_back(space);
  return config;
}

absl::StatusOr<Record> Measure(const RecallFlags& flags, const RecallSetting& setting,
                               const DataSet& set, const std::vector<uint32_t>& order,
                               const Neighbors& truth) {
  TQDB_ASSIGN_OR_RETURN(const auto directory, ScratchDirectory::Create(flags.directory));
  storage::DatabaseOptions options;
  options.directory = absl::StrCat(directory->path(), "/data");
  TQDB_ASSIGN_OR_RETURN(const std::unique_ptr<Database> database, Database::Open(options));
  TQDB_ASSIGN_OR_RETURN(
      std::shared_ptr<Collection> collection,
      database->CreateCollection(kRecallCollection, MakeConfig(flags, setting, set.base.dim)));
  const Stopwatch insert_watch;
  TQDB_RETURN_IF_ERROR(Insert(*collection, set.base, order));
  const double insert_s = insert_watch.seconds();
  const Stopwatch search_watch;
  TQDB_ASSIGN_OR_RETURN(const Neighbors found, SearchAll(*collection, flags, set.queries.view()));
  const double search_s = search_watch.seconds();
  const storage::CollectionInfo info = collection->Info();
  const storage::SpaceInfo& space = info.spaces.front();
  collection.reset();
  TQDB_RETURN_IF_ERROR(database->Close());

  const double rows = static_cast<double>(set.base.rows);
  return Record()
      .Set("set", set.name)
      .Set("rows", uint64_t{set.base.rows})
      .Set("dim", uint64_t{set.base.dim})
      .Set("metric", NameOf(setting.metric))
      .Set("order", RowOrderName(setting.order))
      .Set("code_bits", setting.code_bits)
      .Set("residual", NameOf(setting.residual))
      .Set("centering", NameOf(setting.centering))
      .Set("rerank", flags.rerank)
      .Set("k", uint64_t{flags.top_k})
      .Set(absl::StrCat("recall_at_", flags.top_k), Recall(truth, found, flags.top_k))
      .Set("mean_versions", uint64_t{space.mean_versions})
      .Set("rows_centred", space.current_mean_version == 0
                               ? 0.0
                               : static_cast<double>(space.rows_under_current_mean) / rows)
      .Set("bytes_per_vector", space.code_bytes)
      .Set("disk_bytes_per_vector", static_cast<double>(info.disk_bytes) / rows)
      .Set("memory_bytes_per_vector", static_cast<double>(info.memory_bytes) / rows)
      .Set("vectors_per_s", rows / insert_s)
      .Set("queries_per_s", static_cast<double>(set.queries.rows) / search_s);
}

absl::Status RunSet(const RecallFlags& flags, const DataSet& set, Report& report) {
  const size_t threads = flags.common.ThreadCount();
  const std::vector<RecallSetting> settings = Settings(flags);
  Neighbors truth;
  std::vector<uint32_t> order;
  for (size_t i = 0; i < settings.size(); ++i) {
    if (i == 0 || settings[i].metric != settings[i - 1].metric) {
      const ProgressBar progress =
          StartProgress(absl::StrCat(set.name, ": ground truth of queries"), set.queries.rows);
      truth = ExactNeighbors(settings[i].metric, set.base.view(), set.queries.view(), flags.top_k,
                             threads);
    }
    if (i == 0 || settings[i].order != settings[i - 1].order) {
      order = OrderRows(set.base.view(), settings[i].order, flags.common.seed, threads);
    }
    TQDB_ASSIGN_OR_RETURN(const Record record, Measure(flags, settings[i], set, order, truth));
    report.Add(record);
  }
  return absl::OkStatus();
}

absl::Status RunRecall(const RecallFlags& flags) {
  TQDB_ASSIGN_OR_RETURN(const std::vector<DataSetFiles> sets, FindDataSets(flags.data, flags.sets));
  const std::unique_ptr<Report> report = flags.common.StartReport("recall");
  for (const DataSetFiles& files : sets) {
    TQDB_ASSIGN_OR_RETURN(const DataSet set, ReadDataSet(files, flags.limits));
    TQDB_RETURN_IF_ERROR(RunSet(flags, set, *report));
  }
  return absl::OkStatus();
}

const std::map<std::string, RowOrder>& OrderNames() {
  static const auto& names =
      *new std::map<std::string, RowOrder>{{"file", RowOrder::kFile},
                                           {"shuffled", RowOrder::kShuffled},
                                           {"clustered", RowOrder::kClustered}};
  return names;
}

}  // namespace

Command AddRecallCommand(FlagSet app) {
  auto flags = std::make_shared<RecallFlags>();
  FlagSet command = app.AddCommand(
      "recall",
      "Recall of the embedded database on every set of a directory, against exact search");
  command
      .Add("--data", flags->data, "Directory of NAME.base.{f16,f32,i8}.npy with NAME.query.*.npy")
      .Required();
  command.Add("--set", flags->sets, "Only sets of these names; a list").Separator(',');
  command.AddChoices("--metric", flags->metrics, MetricNames(), "A list; default cosine");
  AddCodeBits(command, &flags->code_bits);
  command.AddChoices("--residual", flags->residuals, ResidualNames(),
                     "Residual stage; a list; default qjl");
  command.AddChoices("--centering", flags->centerings, CenteringNames(),
                     "Guarded mean; a list; default auto");
  command.AddChoices("--order", flags->orders, OrderNames(),
                     "In which rows are inserted; a list; default file");
  command.AddSwitch("--rerank", flags->rerank,
                    "Keep float32 originals and rescore candidates from them");
  command
      .Add("--oversampling", flags->oversampling,
           "Candidates of a rerank, as a multiple of k; 0: the default")
      .InRange(0.0, 100.0);
  command
      .Add("--error-bound", flags->error_bound,
           "Of the scan, in standard deviations; 0: the default")
      .InRange(0.0, 10.0);
  command.Add("--k", flags->top_k, "Neighbours of a query").InRange(1, 1000).ShowDefault();
  command.Add("--limit-rows", flags->limits.rows, "Only the first rows of each set").Positive();
  command.Add("--limit-queries", flags->limits.queries, "Only the first queries of each set")
      .Positive();
  command.Add("--dir", flags->directory,
              "Where scratch databases are made; default TMPDIR, else /tmp");
  AddCommonFlags(command, &flags->common);
  command.Footer(
      "Rows are inserted in batches of 256; background work is finished before the search.\n"
      "rows_centred is the share of rows encoded under the mean in force.\n"
      "Example: tqdb-bench recall --data sets --order file,shuffled,clustered --centering "
      "auto,off");
  return {command, [flags] { return RunRecall(*flags); }};
}

}  // namespace tqdb::bench
