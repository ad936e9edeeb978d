// The command import: loads points from a file through a stream of upserts.
//
// An import of hours must be able to stop and go on. It may end by a bad line, a refused batch, a
// broken connection or Ctrl-C. In every case it waits for the batches in flight, and then prints
// the row before which everything is stored. `--skip ROW` continues there. Rows that are sent twice
// do no harm, because upserts are idempotent.
#include <algorithm>
#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "base/text_format.h"
#include "client/cli/commands/commands.h"
#include "client/cli/flags/collection_flags.h"
#include "client/cli/input/vector_source.h"
#include "client/cli/interrupt.h"

namespace tqdb::client {
namespace {

// Bad lines that --keep-going reports one by one; the others are only counted.
constexpr size_t kBadLinesShown = 20;

// Options of import.
struct ImportOptions {
  std::string collection;
  SourceOptions source;
  bool create = false;
  CollectionFlags flags;
  uint32_t batch_size = 256;
  uint32_t window = 8;
  bool async = false;
  bool keep_going = false;
  uint64_t skip = 0;
  uint64_t rows = 0;  // number of rows to load; 0: all
  bool no_progress = false;
};

// Rows [begin, end) of the input that are in one batch. They are named if the server refuses it.
struct RowRange {
  uint64_t begin = 0;
  uint64_t end = 0;
};

// Result of an import, complete or not.
struct Outcome {
  UpsertStreamSummary summary;
  std::vector<RowRange> batches;  // rows of each batch, by its sequence
  uint64_t rows_sent = 0;
  uint64_t bad_lines = 0;               // number of bad lines that were skipped
  std::vector<absl::Status> bad_shown;  // errors of the first kBadLinesShown of them
  bool interrupted = false;
  absl::Status status;  // error of the source or of the stream
  double seconds = 0;
};

// Checks that the collection exists. With --create, makes it if it does not. Spaces and dims are
// taken from the first point of the file.
absl::Status EnsureCollection(Client& client, const ImportOptions& options,
                              const VectorSource& source) {
  absl::StatusOr<CollectionInfo> existing = client.GetCollection(options.collection);
  if (existing.ok()) return absl::OkStatus();
  if (!absl::IsNotFound(existing.status())) return existing.status();
  if (!options.create) {
    return absl::NotFoundError(
        absl::StrCat(existing.status().message(), "; --create makes it from the file"));
  }
  CollectionConfig config;
  for (const SourceSpace& space : source.spaces()) {
    config.vector_spaces.push_back(MakeSpace(options.flags, space.name, space.dim));
  }
  if (config.vector_spaces.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        options.source.path,
        source.sparse_spaces().empty() ? ": is empty" : ": the first point has no dense vector",
        ", so the dim of a new collection cannot be known"));
  }
  auto sparse = ParseSparseSpaces(options.flags.sparse);
  if (!sparse.ok()) return sparse.status();
  config.sparse_spaces = *std::move(sparse);
  for (const std::string& name : source.sparse_spaces()) {
    const bool known =
        std::any_of(config.sparse_spaces.begin(), config.sparse_spaces.end(),
                    [&name](const SparseSpaceConfig& space) { return space.name == name; });
    if (!known) config.sparse_spaces.push_back({.name = name});
  }
  auto metadata = ParseMetadata(options.flags.metadata);
  if (!metadata.ok()) return metadata.status();
  config.metadata = *std::move(metadata);
  return client.CreateCollection(options.collection, config).status();
}

// Returns the limits of batches. They come from the options, and are lowered to the limits of the
// server.
absl::StatusOr<BatchLimits> FitLimits(Client& client, const ImportOptions& options) {
  absl::StatusOr<ServerInfo> info = client.GetServerInfo();
  if (!info.ok()) return info.status();
  BatchLimits limits;
  limits.points = options.batch_size;
  if (info->max_batch_points > 0) {
    limits.points = std::min<size_t>(limits.points, info->max_batch_points);
  }
  // A batch may exceed its limit of bytes by one point. Half a message leaves room for that.
  if (info->max_message_bytes > 0) {
    limits.bytes = std::min<size_t>(limits.bytes, info->max_message_bytes / 2);
  }
  return limits;
}

// Sends batches until the source ends, the stream breaks, a batch is refused (unless keep_going) or
// the user interrupts. `refused` is set by another thread, when the answer to a batch is an error.
void SendAll(VectorSource& source, UpsertStream& stream, const ImportOptions& options,
             BatchLimits limits, const std::atomic<bool>& refused, ProgressBar& progress,
             Outcome& outcome) {
  uint64_t row = options.skip;
  while (true) {
    if (InterruptGuard::interrupted()) {
      outcome.interrupted = true;
      return;
    }
    if (refused.load(std::memory_order_relaxed) && !options.keep_going) return;
    if (options.rows > 0) {
      limits.points = std::min<uint64_t>(limits.points, options.rows - outcome.rows_sent);
      if (limits.points == 0) return;
    }
    absl::StatusOr<std::vector<Point>> batch = ReadBatch(source, limits);
    if (!batch.ok()) {
      outcome.status = batch.status();
      return;
    }
    if (batch->empty()) return;
    absl::Status status = stream.Send(*batch);
    if (absl::IsCancelled(status) && InterruptGuard::interrupted()) {
      outcome.interrupted = true;
      return;
    }
    if (!status.ok()) {
      outcome.status = status;
      return;
    }
    outcome.batches.push_back({row, row + batch->size()});
    row += batch->size();
    outcome.rows_sent += batch->size();
    double fraction = source.fraction_read();
    if (options.rows > 0) {
      const double of_rows =
          static_cast<double>(outcome.rows_sent) / static_cast<double>(options.rows);
      fraction = std::max(fraction, of_rows);
    }
    progress.Update(stream.summary().points_acked, fraction);
  }
}

// Returns the row before which every row is stored: a second run can start there. Batches are
// answered in order. So it is the end of the last batch before the first refused or unanswered one.
uint64_t AcknowledgedPrefix(const Outcome& outcome, uint64_t skip) {
  const UpsertStreamSummary& summary = outcome.summary;
  uint64_t answered = summary.batches_acked + summary.batches_failed;
  if (!summary.failed.empty()) answered = std::min(answered, summary.failed.front().sequence);
  return answered == 0 ? skip : outcome.batches[answered - 1].end;
}

// Returns the outcome for --json. `resume_at_row` is the value for --skip of a second run.
Json OutcomeToJson(const Outcome& outcome, const ImportOptions& options) {
  const UpsertStreamSummary& summary = outcome.summary;
  Json out;
  out["collection"] = options.collection;
  out["rows_sent"] = outcome.rows_sent;
  out["acknowledged"] = summary.points_acked;
  out["inserted"] = summary.inserted;
  out["replaced"] = summary.replaced;
  out["failed_batches"] = summary.batches_failed;
  out["unknown_batches"] = summary.batches_unknown();
  out["bad_lines"] = outcome.bad_lines;
  out["resume_at_row"] = AcknowledgedPrefix(outcome, options.skip);
  out["interrupted"] = outcome.interrupted;
  out["seconds"] = outcome.seconds;
  out["rows_per_s"] =
      outcome.seconds > 0 ? static_cast<double>(summary.points_acked) / outcome.seconds : 0.0;
  return out;
}

// Prints the outcome, and every error of it, and returns the exit code.
int Report(const Outcome& outcome, const ImportOptions& options, CommandContext& context) {
  const UpsertStreamSummary& summary = outcome.summary;
  if (context.json()) {
    context.Print(OutcomeToJson(outcome, options));
  } else {
    context.out() << absl::StrFormat(
        "%s%s rows acknowledged in \"%s\" (%s inserted, %s replaced) in %.1f s\n",
        outcome.interrupted ? "Interrupted: " : "", WithThousands(summary.points_acked),
        options.collection, WithThousands(summary.inserted), WithThousands(summary.replaced),
        outcome.seconds);
  }
  const std::string resume =
      absl::StrCat("; everything before row ", AcknowledgedPrefix(outcome, options.skip),
                   " is stored, continue with --skip ", AcknowledgedPrefix(outcome, options.skip));
  for (const BatchAck& ack : summary.failed) {
    const RowRange& range = outcome.batches[ack.sequence];
    context.Fail(
        absl::Status(ack.status.code(), absl::StrCat("rows ", range.begin, "..", range.end - 1,
                                                     " were refused: ", ack.status.message())));
  }
  for (const absl::Status& bad : outcome.bad_shown) context.Fail(bad);
  if (outcome.bad_lines > 0) {
    context.Fail(absl::InvalidArgumentError(
        absl::StrCat(outcome.bad_lines, " lines were no points and were passed over",
                     outcome.bad_lines > outcome.bad_shown.size() ? "; the first are above" : "")));
  }
  if (!outcome.status.ok()) {
    return context.Fail(
        absl::Status(outcome.status.code(), absl::StrCat(outcome.status.message(), resume)));
  }
  if (outcome.interrupted) {
    if (!context.json()) context.err() << "tqdb: interrupted" << resume << std::endl;
    return kExitInterrupted;
  }
  return summary.batches_failed > 0 || outcome.bad_lines > 0 ? kExitError : kExitOk;
}

// Opens the source before it connects, so that errors in files are found without a server. The
// collection is made only after both have succeeded.
int RunImport(ImportOptions& options, CommandContext& context) {
  if (auto metadata = ParseMetadata(options.flags.metadata); !metadata.ok()) {
    return context.FailUsage(std::string(metadata.status().message()));
  }
  if (auto sparse = ParseSparseSpaces(options.flags.sparse); !sparse.ok()) {
    return context.FailUsage(std::string(sparse.status().message()));
  }
  if (absl::Status s = Validate(options.source); !s.ok()) {
    return context.FailUsage(std::string(s.message()));
  }
  Outcome outcome;
  if (options.keep_going) {
    options.source.on_bad_line = [&outcome](const absl::Status& status) {
      if (outcome.bad_lines++ < kBadLinesShown) outcome.bad_shown.push_back(status);
    };
  }
  absl::StatusOr<std::unique_ptr<VectorSource>> source = VectorSource::Open(options.source);
  if (!source.ok()) return context.Fail(source.status());
  absl::StatusOr<std::unique_ptr<Client>> client = context.Connect();
  if (!client.ok()) return context.Fail(client.status());
  absl::StatusOr<BatchLimits> limits = FitLimits(**client, options);
  if (!limits.ok()) return context.Fail(limits.status());
  if (absl::Status s = EnsureCollection(**client, options, **source); !s.ok()) {
    return context.Fail(s);
  }
  if (absl::Status s = (*source)->Skip(options.skip); !s.ok()) return context.Fail(s);

  InterruptGuard guard;
  std::atomic<bool> refused{false};
  UpsertStreamOptions stream_options;
  stream_options.durability = options.async ? Durability::kAsync : Durability::kSync;
  stream_options.window = options.window;
  stream_options.stall_timeout = context.ParseTimeout().value_or(absl::Seconds(30));
  stream_options.interrupted = InterruptGuard::interrupted;
  stream_options.on_ack = [&refused](const BatchAck& ack) {
    if (!ack.status.ok()) refused.store(true, std::memory_order_relaxed);
  };
  std::optional<uint64_t> total = (*source)->total_rows();
  if (total.has_value()) *total -= std::min(*total, options.skip);
  if (total.has_value() && options.rows > 0) *total = std::min(*total, options.rows);

  const absl::Time start = absl::Now();
  {
    std::unique_ptr<UpsertStream> stream =
        (*client)->OpenUpsertStream(options.collection, std::move(stream_options));
    ProgressBar progress = context.StartProgress("import", total, !options.no_progress);
    SendAll(**source, *stream, options, *limits, refused, progress, outcome);
    // Finish waits for the batches in flight, after an error too: only then the counts are right.
    absl::Status finished = stream->Finish();
    if (outcome.status.ok()) outcome.status = finished;
    outcome.summary = stream->summary();
    const bool complete =
        outcome.status.ok() && !outcome.interrupted && outcome.summary.batches_failed == 0;
    if (complete) progress.Finish(outcome.summary.points_acked);
  }
  outcome.seconds = absl::ToDoubleSeconds(absl::Now() - start);
  return Report(outcome, options, context);
}

}  // namespace

void AddImportCommand(FlagSet app, CommandContext& context) {
  FlagSet sub = app.AddCommand("import", "Load points from a file");
  auto options = std::make_shared<ImportOptions>();
  sub.Add("collection", options->collection, "Name of the collection").Required();
  sub.Add("file", options->source.path,
          ".npy (float16, 32 or 64), .fvecs, .jsonl or .jsonl.gz; - reads JSON lines")
      .Required();
  sub.Add("--format", options->source.format, "npy, fvecs or jsonl; default: by the name")
      .OneOf({"npy", "fvecs", "jsonl"});
  sub.Add("--payloads", options->source.payloads_path,
          "JSON lines, plain or gzip: line i is the payload of row i of .npy or .fvecs");
  sub.Add("--ids", options->source.ids_path, "Text file: line i is the id of row i");
  sub.Add("--id-field", options->source.id_field,
          "Take the id from this field of the payload lines");
  sub.Add("--id-start", options->source.id_start, "Rows without an id count from here")
      .ShowDefault();
  sub.Add("--vector-name", options->source.vector_name,
          "Vector space of the rows; default: the unnamed one");
  sub.AddSwitch("--create", options->create,
                "Create the collection when it does not exist, with the options below");
  AddCollectionFlags(sub, options->flags);
  sub.Add("--batch-size", options->batch_size, "Points in one atomic batch")
      .Positive()
      .ShowDefault();
  sub.Add("--window", options->window, "Batches in flight").Positive().ShowDefault();
  sub.AddSwitch("--async", options->async,
                "Acknowledge before the disk has it: faster, may lose the end at power loss");
  sub.AddSwitch("--keep-going", options->keep_going,
                "Go on after a batch that the server refuses and after a line that is no point;\n"
                "both are reported at the end, and the exit code is 1");
  sub.Add("--skip", options->skip, "Pass over this many rows first").ShowDefault();
  sub.Add("--rows", options->rows, "Load at most this many rows; 0: all").ShowDefault();
  sub.AddSwitch("--no-progress", options->no_progress, "Do not report progress");
  sub.Footer(
      "Examples:\n"
      "  tqdb import books vectors.npy --create\n"
      "  tqdb import books vectors.npy --create --payloads texts.jsonl.gz --id-field id\n"
      "  tqdb import books more.fvecs --id-start 100000\n"
      "  tqdb import books points.jsonl.gz --create --metric dot\n"
      "  zcat points.jsonl.gz | tqdb import books -\n"
      "A JSON line is {\"id\": 7, \"vector\": [0.1, ...], \"payload\": {...}}, or has\n"
      "\"vectors\": {\"name\": [...]} for named spaces, and for sparse ones, beside these or "
      "alone,\n"
      "\"sparse_vectors\": {\"name\": {\"indices\": [...], \"values\": [...]}}.\n"
      "Without ids, points are numbered. Unknown\n"
      "keys are errors. A bad line stops the import with its number: what came before is stored,\n"
      "and the message says how to continue. With --keep-going it is passed over.\n"
      "Ctrl-C stops after the batches in flight and says where to continue.");
  sub.OnChosen([options, &context] {
    context.command() = [options, &context] { return RunImport(*options, context); };
  });
}

}  // namespace tqdb::client
