// The command filter: searches by filters of several selectivities, in process, over a payload
// index. It reports their latency, also as a multiple of searches without a filter in the same
// minute. It also reports the recall among the rows that match.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "bench/commands/command.h"
#include "bench/data/row_source.h"
#include "bench/measure/progress.h"
#include "bench/measure/scratch.h"
#include "bench/measure/stopwatch.h"
#include "core/codec/prng.h"
#include "storage/api/database.h"

namespace tqdb::bench {
namespace {

using storage::Collection;
using storage::Database;

struct FilterFlags {
  CommonFlags common;
  std::string generator;
  std::string directory;
  size_t rows = 200'000;
  size_t dim = 1536;
  std::vector<double> percents = {1, 10, 50};
  size_t tenants = 0;
  size_t searches = 300;
  size_t recall_queries = 100;
  bool index = true;
};

constexpr size_t kTopK = 10;
constexpr size_t kFilterQueries = 256;
constexpr size_t kFilterBatchRows = 2'000;
// Each payload has a random number below this. So a range of 1,000 numbers matches about 1 % of the
// rows.
constexpr uint64_t kShares = 100'000;

// The kind of filter of one line of the result.
struct FilterSetting {
  std::string name;
  double percent = 100;  // share of the rows that match
  bool tenant = false;   // whether the filter is on one tenant, and not on a range
};

absl::Status Fill(Collection& collection, const RowSource& source, const FilterFlags& flags) {
  ProgressBar progress = StartProgress("filling", source.rows());
  std::vector<PointId> ids;
  std::vector<std::string> texts;
  for (size_t first = 0; first < source.rows(); first += kFilterBatchRows) {
    const size_t count = std::min(kFilterBatchRows, source.rows() - first);
    const Matrix rows = source.Rows(first, count, flags.common.ThreadCount());
    ids.clear();
    texts.clear();
    for (size_t i = 0; i < count; ++i) {
      const uint64_t row = first + i;
      ids.push_back(PointId::Number(row));
      std::string text = absl::StrCat(R"({"share":)", MixBits(row) % kShares);
      if (flags.tenants > 0) absl::StrAppend(&text, R"(,"tenant":"t)", row % flags.tenants, "\"");
      texts.push_back(text + "}");
    }
    const std::vector<absl::string_view> payloads(texts.begin(), texts.end());
    storage::UpsertBatch batch;
    batch.ids = ids;
    batch.payloads = payloads;
    batch.vectors.push_back({"", rows.view(), {}});
    batch.durability = storage::Durability::kAsync;
    TQDB_RETURN_IF_ERROR(collection.Upsert(batch).status());
    progress.Add(count);
  }
  return collection.Flush(/*settle=*/true);
}

// Returns filter `number` of a setting. Every search has another filter, so that no cache can help.
storage::Filter FilterOf(const FilterSetting& setting, const FilterFlags& flags, uint64_t number) {
  storage::Filter filter;
  if (setting.tenant) {
    filter.must.push_back({storage::FieldCondition{
        "tenant", storage::MatchValue{absl::StrCat("t", number * 7'919 % flags.tenants)}}});
    return filter;
  }
  const auto width = static_cast<uint64_t>(setting.percent / 100 * static_cast<double>(kShares));
  const uint64_t low = number * 7'919 % (kShares - width + 1);
  storage::NumberRange range;
  range.gte = static_cast<double>(low);
  range.lt = static_cast<double>(low + width);
  filter.must.push_back({storage::FieldCondition{"share", range}});
  return filter;
}

absl::StatusOr<std::vector<storage::PointRecord>> SearchOnce(const Collection& collection,
                                                             MatrixView query,
                                                             const FilterSetting& setting,
                                                             const FilterFlags& flags,
                                                             uint64_t number, bool exact) {
  storage::SearchSpec spec;
  spec.limit = kTopK;
  spec.exact = exact;
  if (setting.tenant || setting.percent < 100) spec.filter = FilterOf(setting, flags, number);
  TQDB_ASSIGN_OR_RETURN(auto lists, collection.Search(query, spec));
  return std::move(lists[0]);
}

// Returns the recall of searches with a filter, against exact searches with the same filter.
absl::StatusOr<double> MeasureRecall(const Collection& collection, MatrixView queries,
                                     const FilterSetting& setting, const FilterFlags& flags) {
  uint64_t found = 0, wanted = 0;
  for (size_t q = 0; q < flags.recall_queries; ++q) {
    const MatrixView query = queries.Slice(q % queries.rows(), 1);
    TQDB_ASSIGN_OR_RETURN(const auto truth, SearchOnce(collection, query, setting, flags, q, true));
    TQDB_ASSIGN_OR_RETURN(const auto hits, SearchOnce(collection, query, setting, flags, q, false));
    absl::flat_hash_set<PointId> ids;
    for (const storage::PointRecord& record : truth) ids.insert(record.id);
    for (const storage::PointRecord& record : hits) found += ids.contains(record.id);
    wanted += truth.size();
  }
  return wanted == 0 ? 1.0 : static_cast<double>(found) / static_cast<double>(wanted);
}

absl::Status RunFilter(const FilterFlags& flags) {
  GeneratedRows::Options options;
  options.directory = flags.generator;
  options.rows = flags.rows;
  options.dim = flags.dim;
  options.queries = kFilterQueries;
  options.seed = flags.common.seed;
  options.threads = flags.common.ThreadCount();
  TQDB_ASSIGN_OR_RETURN(const auto source, GeneratedRows::Create(options));
  TQDB_ASSIGN_OR_RETURN(const auto scratch, ScratchDirectory::Create(flags.directory));
  storage::DatabaseOptions database_options;
  database_options.directory = scratch->path() + "/data";
  TQDB_ASSIGN_OR_RETURN(const std::unique_ptr<Database> database, Database::Open(database_options));
  storage::CollectionConfig config;
  config.spaces.resize(1);
  config.spaces[0].codec.dim = flags.dim;
  const bool recall = flags.recall_queries > 0;
  config.spaces[0].store_vectors =
      recall ? storage::StoreVectors::kF16 : storage::StoreVectors::kNone;
  TQDB_ASSIGN_OR_RETURN(const auto collection, database->CreateCollection("filter", config));
  TQDB_RETURN_IF_ERROR(Fill(*collection, *source, flags));

  double index_seconds = 0;
  if (flags.index) {
    const Stopwatch watch;
    TQDB_RETURN_IF_ERROR(
        collection->CreatePayloadIndex("share", storage::FieldKind::kInteger, true, {}).status());
    index_seconds = watch.seconds();
    if (flags.tenants > 0) {
      TQDB_RETURN_IF_ERROR(
          collection->CreatePayloadIndex("tenant", storage::FieldKind::kKeyword, true, {})
              .status());
    }
  }

  std::vector<FilterSetting> settings = {{"none"}};
  for (const double percent : flags.percents) {
    settings.push_back({absl::StrCat(percent, " %"), percent});
  }
  if (flags.tenants > 0)
    settings.push_back({"one tenant", 100.0 / static_cast<double>(flags.tenants), true});
  // Settings take turns, so that disturbances by other programs meet all of them alike.
  std::vector<Latencies> latencies(settings.size());
  const MatrixView queries = source->queries().view();
  for (size_t number = 0; number < flags.searches; ++number) {
    for (size_t s = 0; s < settings.size(); ++s) {
      const Stopwatch watch;
      TQDB_RETURN_IF_ERROR(SearchOnce(*collection, queries.Slice(number % queries.rows(), 1),
                                      settings[s], flags, number, false)
                               .status());
      latencies[s].Add(watch.seconds());
    }
  }
  const std::unique_ptr<Report> report = flags.common.StartReport("filter");
  for (size_t s = 0; s < settings.size(); ++s) {
    Record record;
    record.Set("set", source->name())
        .Set("rows", uint64_t{source->rows()})
        .Set("dim", uint64_t{flags.dim})
        .Set("index", flags.index)
        .Set("index_s", index_seconds)
        .Set("searches", uint64_t{flags.searches})
        .Set("filter", settings[s].name)
        .Set("p50_ms", latencies[s].QuantileMs(0.5))
        .Set("p99_ms", latencies[s].QuantileMs(0.99))
        .Set("p50_over_none", latencies[s].QuantileMs(0.5) / latencies[0].QuantileMs(0.5));
    if (recall) {
      TQDB_ASSIGN_OR_RETURN(const double share,
                            MeasureRecall(*collection, queries, settings[s], flags));
      record.Set("recall@10", share);
    }
    report->Add(record);
  }
  return database->Close();
}

}  // namespace

Command AddFilterCommand(FlagSet app) {
  auto flags = std::make_shared<FilterFlags>();
  FlagSet command =
      app.AddCommand("filter", "Search by filters of several selectivities, in process");
  command.Add("--generator,--data", flags->generator,
              "Directory of generator.NAME.{spectrum,mean}.f32.npy; default: a power law");
  command.Add("--rows", flags->rows, "Generated rows").InRange(1, 1 << 30).ShowDefault();
  command.Add("--dim", flags->dim, "Of the rows").InRange(kMinDim, kMaxDim).ShowDefault();
  command.Add("--percent", flags->percents, "Of the rows that filters match")
      .Separator(',')
      .InRange(0.001, 99.0)
      .ShowDefault();
  command
      .Add("--tenants", flags->tenants,
           "Deal the rows out to so many tenants, and search those of one, too")
      .ShowDefault();
  command.Add("--searches", flags->searches, "Timed ones, of each filter")
      .InRange(1, 1'000'000)
      .ShowDefault();
  command
      .Add("--recall-queries", flags->recall_queries,
           "Compared with an exact search by the same filter; 0: no originals are kept")
      .ShowDefault();
  command.AddSwitch("!--no-index", flags->index, "Evaluate payloads instead");
  command.Add("--dir", flags->directory,
              "Where the scratch database is made; default TMPDIR, else /tmp");
  AddCommonFlags(command, &flags->common);
  command.Footer(
      "Every search has another filter of its kind. One caller; a search uses every core.\n"
      "Example: tqdb-bench filter --rows 200000 --dim 1536 --json");
  return {command, [flags] { return RunFilter(*flags); }};
}

}  // namespace tqdb::bench
