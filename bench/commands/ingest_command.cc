// The command ingest: durable upserts over gRPC. It reports their rate, and the cost of the rows on
// disk and in memory. The cost is given as the server reports it and as the machine sees it.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "bench/commands/command.h"
#include "bench/data/cluster_tree.h"
#include "bench/measure/load.h"
#include "bench/measure/target.h"

namespace tqdb::bench {
namespace {

struct IngestFlags {
  CommonFlags common;
  TargetFlags target;
  SpaceFlags space;
  std::string generator;
  size_t rows = 100'000;
  size_t dim = 1536;
  size_t batch = 256;
  std::vector<size_t> clients = {2};
  uint32_t window = 8;
  bool async = false;
  std::vector<storage::StoreVectors> stores = {storage::StoreVectors::kNone,
                                               storage::StoreVectors::kF32};
};

constexpr char kIngestCollection[] = "tqdb-bench-ingest";

// Memory and disk of the server at one moment.
struct Footprint {
  uint64_t resident = 0;
  DiskUse disk;
};

absl::StatusOr<Footprint> MeasureFootprint(Target& target) {
  Footprint footprint;
  TQDB_ASSIGN_OR_RETURN(footprint.resident, target.ResidentBytes());
  TQDB_ASSIGN_OR_RETURN(footprint.disk, target.Disk());
  return footprint;
}

double Growth(uint64_t before, uint64_t after) {
  return static_cast<double>(after) - static_cast<double>(before);
}

absl::StatusOr<Record> Measure(const IngestFlags& flags, const ClusterTree& tree,
                               const PointBatches& batches, storage::StoreVectors store,
                               size_t clients) {
  TQDB_ASSIGN_OR_RETURN(const std::unique_ptr<Target> target, Target::Start(flags.target));
  TQDB_RETURN_IF_ERROR(
      target->client()
          .CreateCollection(kIngestCollection, MakeCollectionConfig(flags.space, flags.dim, store))
          .status());
  TQDB_ASSIGN_OR_RETURN(const Footprint before, MeasureFootprint(*target));
  LoadOptions options;
  options.collection = kIngestCollection;
  options.clients = clients;
  options.window = flags.window;
  options.durability = flags.async ? client::Durability::kAsync : client::Durability::kSync;
  TQDB_ASSIGN_OR_RETURN(const LoadResult load, Load(*target, batches, options));

  TQDB_ASSIGN_OR_RETURN(const client::CollectionInfo info,
                        WaitUntilSettled(target->client(), kIngestCollection));
  TQDB_ASSIGN_OR_RETURN(const Footprint after, MeasureFootprint(*target));
  if (info.points != load.points) {
    return absl::InternalError(
        absl::StrCat("the server acknowledged ", load.points, " points and holds ", info.points));
  }
  const double rows = static_cast<double>(info.points);
  const double disk = Growth(before.disk.bytes, after.disk.bytes);
  const double resident = Growth(before.resident, after.resident);
  Record record;
  record.Set("set", absl::StrCat("generated ", tree.shape().name))
      .Set("rows", uint64_t{info.points})
      .Set("dim", uint64_t{flags.dim})
      .Set("metric", NameOf(flags.space.metric))
      .Set("code_bits", flags.space.code_bits)
      .Set("residual", NameOf(flags.space.residual))
      .Set("centering", NameOf(flags.space.centering))
      .Set("store_vectors", NameOf(store))
      .Set("durability", flags.async ? "async" : "sync")
      .Set("batch", uint64_t{flags.batch})
      .Set("clients", uint64_t{clients})
      .Set("vectors_per_s", rows / load.seconds)
      .Set("bytes_per_vector", uint64_t{info.vector_spaces.front().code_bytes})
      .Set("disk_bytes_per_vector", static_cast<double>(info.disk_bytes) / rows)
      .Set("disk_measured_per_vector", disk / rows)
      .Set("disk_ratio", static_cast<double>(info.disk_bytes) / disk)
      .Set("memory_bytes_per_vector", static_cast<double>(info.memory_bytes) / rows)
      .Set("rss_growth_per_vector", resident / rows)
      .Set("write_buffer_bytes_per_vector", static_cast<double>(info.write_buffer_bytes) / rows)
      .Set("rss_ratio",
           static_cast<double>(info.memory_bytes + info.write_buffer_bytes) / resident);
  if (!target->owned()) {
    TQDB_RETURN_IF_ERROR(target->client().DeleteCollection(kIngestCollection));
    return record;
  }
  // A process that has only loaded the collection has no write buffers and no memory that streams
  // left behind.
  TQDB_RETURN_IF_ERROR(target->Restart());
  TQDB_ASSIGN_OR_RETURN(const client::CollectionInfo reopened,
                        target->client().GetCollection(kIngestCollection));
  TQDB_ASSIGN_OR_RETURN(const Footprint loaded, MeasureFootprint(*target));
  const double reopened_resident = Growth(before.resident, loaded.resident);
  const double reopened_disk = Growth(before.disk.bytes, loaded.disk.bytes);
  record.Set("reopened_disk_ratio", static_cast<double>(reopened.disk_bytes) / reopened_disk)
      .Set("reopened_rss_per_vector", reopened_resident / rows)
      .Set("reopened_rss_ratio", static_cast<double>(reopened.memory_bytes) / reopened_resident);
  return record;
}

absl::Status RunIngest(const IngestFlags& flags) {
  TQDB_ASSIGN_OR_RETURN(ClusterTreeShape shape, FindShape(flags.generator, flags.dim));
  ClusterTree::Options tree_options;
  tree_options.rows = flags.rows;
  tree_options.seed = flags.common.seed;
  const ClusterTree tree(std::move(shape), tree_options);
  const PointBatches batches =
      GenerateBatches(tree, flags.rows, flags.batch, flags.common.ThreadCount());
  const std::unique_ptr<Report> report = flags.common.StartReport("ingest");
  for (storage::StoreVectors store : flags.stores) {
    for (size_t clients : flags.clients) {
      TQDB_ASSIGN_OR_RETURN(const Record record, Measure(flags, tree, batches, store, clients));
      report->Add(record);
    }
  }
  return absl::OkStatus();
}

}  // namespace

Command AddIngestCommand(FlagSet app) {
  auto flags = std::make_shared<IngestFlags>();
  FlagSet command = app.AddCommand(
      "ingest",
      "Durable upserts of generated rows over gRPC, and their cost on disk and in memory");
  command.Add("--generator,--data", flags->generator,
              "Directory of generator.NAME.{spectrum,mean}.f32.npy; default: a power law");
  command.Add("--rows", flags->rows, "Generated rows, made before the clock starts")
      .InRange(1, 1 << 30)
      .ShowDefault();
  command.Add("--dim", flags->dim, "Of the rows").InRange(kMinDim, kMaxDim).ShowDefault();
  command.Add("--batch", flags->batch, "Rows of one upsert")
      .InRange(size_t{1}, storage::kMaxBatchPoints)
      .ShowDefault();
  command.Add("--clients", flags->clients, "Connections, one upsert stream each; a list")
      .Separator(',')
      .InRange(1, 1000)
      .ShowDefault();
  command.Add("--window", flags->window, "Batches in flight on one stream")
      .InRange(1, 1000)
      .ShowDefault();
  command.AddChoices("--store-vectors", flags->stores, StoreVectorsNames(),
                     "Originals kept beside the codes; a list; default none,f32");
  command.AddSwitch("--async", flags->async, "Acknowledge before fsync; default: after");
  AddSpaceFlags(command, &flags->space);
  AddTargetFlags(command, &flags->target);
  AddCommonFlags(command, &flags->common);
  command.Footer(
      "disk_ratio and rss_ratio are what GetCollection reports over what the data directory and "
      "the resident\n"
      "memory of the server grew by; the reopened ones are those of a server that was started "
      "again.\n"
      "Example: tqdb-bench ingest --rows 100000 --store-vectors none,f32 --clients 1,2 --json");
  return {command, [flags] { return RunIngest(*flags); }};
}

}  // namespace tqdb::bench
