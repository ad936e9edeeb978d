// The command recover: the time from the start of a process until a collection answers. It is
// measured after a clean stop and after SIGKILL. It also checks that no acknowledged point is lost.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "bench/commands/command.h"
#include "bench/data/cluster_tree.h"
#include "bench/measure/load.h"
#include "bench/measure/progress.h"
#include "bench/measure/scratch.h"
#include "bench/measure/server.h"
#include "bench/measure/stopwatch.h"
#include "bench/measure/target.h"
#include "storage/api/database.h"

namespace tqdb::bench {
namespace {

using storage::Database;

struct RecoverFlags {
  CommonFlags common;
  SpaceFlags space;
  std::string server;
  std::string directory;
  std::string generator;
  size_t rows = 200'000;
  size_t dim = 1536;
  size_t repeats = 3;
  storage::StoreVectors store = storage::StoreVectors::kNone;
};

constexpr char kRecoverCollection[] = "tqdb-bench-recover";
constexpr size_t kRecoverBatchRows = 256;
constexpr size_t kRecoverLoadClients = 2;

// A data directory whose server has ended.
struct Ended {
  std::string state;  // how it ended: "clean" or "killed"
  std::string directory;
  uint64_t points = 0;  // number of points acknowledged
};

// Fills a new directory over gRPC and ends the server, by SIGKILL if `kill`.
absl::StatusOr<Ended> FillAndEnd(const RecoverFlags& flags, const PointBatches& batches,
                                 const std::string& directory, bool kill) {
  TQDB_ASSIGN_OR_RETURN(const auto server, StartServer(flags.server, directory));
  client::ConnectOptions connect;
  connect.address = server->address();
  TQDB_ASSIGN_OR_RETURN(const auto client, client::Client::Connect(connect));
  TQDB_RETURN_IF_ERROR(
      client
          ->CreateCollection(kRecoverCollection,
                             MakeCollectionConfig(flags.space, flags.dim, flags.store))
          .status());
  TargetFlags target_flags;
  target_flags.address = server->address();
  TQDB_ASSIGN_OR_RETURN(const auto target, Target::Start(target_flags));
  LoadOptions options;
  options.collection = kRecoverCollection;
  options.clients = kRecoverLoadClients;
  TQDB_ASSIGN_OR_RETURN(const LoadResult load, Load(*target, batches, options));
  if (kill) {
    server->Kill();
  } else {
    TQDB_RETURN_IF_ERROR(StopServer(*server));
  }
  return Ended{kill ? "killed" : "clean", directory, load.points};
}

// Returns DataLoss if a directory does not have all acknowledged points.
absl::Status CheckPoints(const Ended& ended, uint64_t points) {
  if (points == ended.points) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("after a ", ended.state, " end ", points,
                                          " points were there, but ", ended.points,
                                          " had been acknowledged"));
}

// Returns the seconds that Database::Open takes in this process.
absl::StatusOr<double> TimeOpen(const Ended& ended, const std::string& directory) {
  storage::DatabaseOptions options;
  options.directory = directory;
  const Stopwatch watch;
  TQDB_ASSIGN_OR_RETURN(const std::unique_ptr<Database> database, Database::Open(options));
  const double seconds = watch.seconds();
  TQDB_ASSIGN_OR_RETURN(const storage::CollectionInfo info, database->GetInfo(kRecoverCollection));
  TQDB_RETURN_IF_ERROR(CheckPoints(ended, info.points));
  TQDB_RETURN_IF_ERROR(database->Close());
  return seconds;
}

// Returns the seconds from the fork of a server until it answers a call.
absl::StatusOr<double> TimeServer(const RecoverFlags& flags, const Ended& ended,
                                  const std::string& directory) {
  TQDB_ASSIGN_OR_RETURN(const auto server, StartServer(flags.server, directory));
  client::ConnectOptions connect;
  connect.address = server->address();
  TQDB_ASSIGN_OR_RETURN(const auto client, client::Client::Connect(connect));
  TQDB_ASSIGN_OR_RETURN(const uint64_t points, client->Count(kRecoverCollection));
  TQDB_RETURN_IF_ERROR(CheckPoints(ended, points));
  const double seconds = absl::ToDoubleSeconds(server->start_time());
  TQDB_RETURN_IF_ERROR(StopServer(*server));
  return seconds;
}

// Measures several times and returns the sorted times. Recovery changes the directory, so every
// measurement gets a copy of its own.
absl::StatusOr<std::vector<double>> Repeat(const RecoverFlags& flags, const Ended& ended,
                                           bool by_server) {
  std::vector<double> seconds;
  for (size_t i = 0; i < flags.repeats; ++i) {
    const std::string copy = absl::StrCat(ended.directory, ".copy");
    std::error_code error;
    std::filesystem::copy(ended.directory, copy, std::filesystem::copy_options::recursive, error);
    if (error) return absl::UnavailableError(absl::StrCat("copy to ", copy, ": ", error.message()));
    const absl::StatusOr<double> once =
        by_server ? TimeServer(flags, ended, copy) : TimeOpen(ended, copy);
    std::filesystem::remove_all(copy, error);
    if (!once.ok()) return once.status();
    seconds.push_back(*once);
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds;
}

absl::Status RunRecover(const RecoverFlags& flags) {
  TQDB_ASSIGN_OR_RETURN(ClusterTreeShape shape, FindShape(flags.generator, flags.dim));
  ClusterTree::Options tree_options;
  tree_options.rows = flags.rows;
  tree_options.seed = flags.common.seed;
  const ClusterTree tree(std::move(shape), tree_options);
  TQDB_ASSIGN_OR_RETURN(const auto scratch, ScratchDirectory::Create(flags.directory));
  std::vector<Ended> ends;
  {
    const PointBatches batches =
        GenerateBatches(tree, flags.rows, kRecoverBatchRows, flags.common.ThreadCount());
    for (const bool kill : {false, true}) {
      const std::string directory = absl::StrCat(scratch->path(), kill ? "/killed" : "/clean");
      TQDB_ASSIGN_OR_RETURN(Ended ended, FillAndEnd(flags, batches, directory, kill));
      ends.push_back(std::move(ended));
    }
  }
  const std::unique_ptr<Report> report = flags.common.StartReport("recover");
  for (const Ended& ended : ends) {
    for (const bool by_server : {false, true}) {
      TQDB_ASSIGN_OR_RETURN(const std::vector<double> seconds, Repeat(flags, ended, by_server));
      const double median = seconds[seconds.size() / 2];
      report->Add(Record()
                      .Set("set", absl::StrCat("generated ", tree.shape().name))
                      .Set("rows", ended.points)
                      .Set("dim", uint64_t{flags.dim})
                      .Set("metric", NameOf(flags.space.metric))
                      .Set("code_bits", flags.space.code_bits)
                      .Set("residual", NameOf(flags.space.residual))
                      .Set("centering", NameOf(flags.space.centering))
                      .Set("store_vectors", NameOf(flags.store))
                      .Set("ended", ended.state)
                      .Set("until", by_server ? "server answers" : "database open")
                      .Set("repeats", uint64_t{flags.repeats})
                      .Set("best_s", seconds.front())
                      .Set("median_s", median)
                      .Set("worst_s", seconds.back())
                      .Set("vectors_per_s", static_cast<double>(ended.points) / median));
    }
  }
  return absl::OkStatus();
}

}  // namespace

Command AddRecoverCommand(FlagSet app) {
  auto flags = std::make_shared<RecoverFlags>();
  FlagSet command = app.AddCommand(
      "recover",
      "Time to open a collection of generated rows, after a clean stop and after SIGKILL");
  command.Add("--generator,--data", flags->generator,
              "Directory of generator.NAME.{spectrum,mean}.f32.npy; default: a power law");
  command.Add("--rows", flags->rows, "Generated rows").InRange(1, 1 << 30).ShowDefault();
  command.Add("--dim", flags->dim, "Of the rows").InRange(kMinDim, kMaxDim).ShowDefault();
  command.AddChoice("--store-vectors", flags->store, StoreVectorsNames(),
                    "Originals kept beside the codes; default none");
  command.Add("--repeats", flags->repeats, "Of each measurement, on a fresh copy")
      .InRange(1, 100)
      .ShowDefault();
  command.Add("--server", flags->server, "Program to start; default: tqdb-server of this build")
      .ExistingFile();
  command.Add("--dir", flags->directory,
              "Where scratch databases are made; default TMPDIR, else /tmp");
  AddSpaceFlags(command, &flags->space);
  AddCommonFlags(command, &flags->common);
  command.Footer(
      "A server is filled over gRPC with durable upserts, then stopped or killed; the files are in "
      "the page\n"
      "cache when they are opened again. Every acknowledged point must be there, or the run "
      "fails.\n"
      "Example: tqdb-bench recover --rows 200000 --dim 1536 --json");
  return {command, [flags] { return RunRecover(*flags); }};
}

}  // namespace tqdb::bench
