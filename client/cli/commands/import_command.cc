// The command import: loads points from a file through a stream of upserts.
//
// An import of hours must be able to stop and go on. It goes on by itself after a broken connection
// and, with --keep-going, after bad rows (load/uploader.h). It may end by a bad row, a server that
// stays away, or Ctrl-C. In every case it waits for the batches in flight, and then prints the row
// before which everything is stored. `--skip ROW` continues there. Rows that are sent twice do no
// harm, because upserts are idempotent.
#include <algorithm>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "base/text_format.h"
#include "client/cli/commands/commands.h"
#include "client/cli/flags/collection_flags.h"
#include "client/cli/input/vector_source.h"
#include "client/cli/interrupt.h"
#include "client/cli/load/batcher.h"
#include "client/cli/load/row_check.h"
#include "client/cli/load/uploader.h"

namespace tqdb::client {
namespace {

// Bad rows that are reported one by one; --bad-rows has all of them.
constexpr size_t kBadRowsShown = 1000;

// Options of import.
struct ImportOptions {
  std::string collection;
  SourceOptions source;
  bool create = false;
  CollectionFlags flags;
  uint32_t batch_size = 256;
  uint32_t window = 8;
  bool async = false;
  UpsertMode mode = UpsertMode::kUpsert;
  bool keep_going = false;
  std::string bad_rows_path;
  std::string retry_for = "60s";
  bool no_progress = false;
};

// A row that is no point, or that the server has refused.
struct BadRow {
  RowPlace place;
  absl::Status error;  // begins with the file, and the line or row
};

// Result of an import, complete or not.
struct Outcome {
  UploadCounts counts;
  uint64_t rows_sent = 0;
  uint64_t rows_in_doubt = 0;     // number of rows sent without an answer
  uint64_t resume_row = 0;        // value for --skip of a second run
  uint64_t bad_rows = 0;          // number of rows that were passed over
  std::vector<BadRow> bad_shown;  // the first kBadRowsShown of them
  bool stopped_at_bad_row = false;
  bool interrupted = false;
  absl::Status status;  // error that ended the import
  double seconds = 0;
};

Json ToJson(const BadRow& bad) {
  Json out = ErrorToJson(bad.error);
  out["error"]["row"] = bad.place.row;
  if (bad.place.line > 0) out["error"]["line"] = bad.place.line;
  return out;
}

// Returns the collection. With --create, makes it if it does not. Spaces and dims are
// taken from the first point of the file.
absl::StatusOr<CollectionInfo> EnsureCollection(Client& client, const ImportOptions& options,
                                                const VectorSource& source) {
  absl::StatusOr<CollectionInfo> existing = client.GetCollection(options.collection);
  if (existing.ok() || !absl::IsNotFound(existing.status())) return existing;
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
  return client.CreateCollection(options.collection, config);
}

// Returns the limits of batches. They come from the options, and are lowered to the limits of the
// server.
BatchLimits FitLimits(const ServerInfo& info, const ImportOptions& options) {
  BatchLimits limits;
  limits.points = options.batch_size;
  if (info.max_batch_points > 0) {
    limits.points = std::min<size_t>(limits.points, info.max_batch_points);
  }
  if (info.max_message_bytes > 0) {
    limits.bytes = std::min<size_t>(limits.bytes, info.max_message_bytes / 2);
  }
  return limits;
}

// Sends batches until the source ends, the upload ends, or the user interrupts.
void SendAll(VectorSource& source, Batcher& batcher, Uploader& uploader, ProgressBar& progress,
             Outcome& outcome) {
  while (outcome.status.ok() && !InterruptGuard::interrupted()) {
    absl::StatusOr<Batch> batch = batcher.Next();
    if (!batch.ok()) {
      outcome.status = batch.status();
    } else if (!batch->points.empty()) {
      outcome.rows_sent += batch->points.size();
      outcome.status = uploader.Send(*std::move(batch));
    } else if (batcher.ended()) {
      return;
    } else {
      outcome.status = uploader.Tend();
    }
    const UploadCounts counts = uploader.counts();
    progress.Update(counts.acknowledged + counts.repeated + outcome.bad_rows,
                    source.fraction_read());
  }
}

// Returns the outcome for --json.
Json OutcomeToJson(const Outcome& outcome, const ImportOptions& options) {
  const UploadCounts& counts = outcome.counts;
  Json out;
  out["collection"] = options.collection;
  out["rows_sent"] = outcome.rows_sent;
  out["acknowledged"] = counts.acknowledged;
  out["inserted"] = counts.inserted;
  out["replaced"] = counts.replaced;
  out["skipped"] = counts.skipped;
  out["repeated_ids"] = counts.repeated;
  out["bad_rows"] = outcome.bad_rows;
  out["rows_in_doubt"] = outcome.rows_in_doubt;
  out["reconnects"] = counts.reconnects;
  out["resume_at_row"] = outcome.resume_row;
  out["interrupted"] = outcome.interrupted;
  out["seconds"] = outcome.seconds;
  out["rows_per_s"] =
      outcome.seconds > 0 ? static_cast<double>(counts.acknowledged) / outcome.seconds : 0.0;
  return out;
}

// Prints the counts in words.
void PrintCounts(const Outcome& outcome, const ImportOptions& options, std::ostream& out) {
  const UploadCounts& counts = outcome.counts;
  out << absl::StrFormat("%s%s rows acknowledged in \"%s\" (%s inserted, %s replaced) in %.1f s",
                         outcome.interrupted ? "Interrupted: " : "",
                         WithThousands(counts.acknowledged), options.collection,
                         WithThousands(counts.inserted), WithThousands(counts.replaced),
                         outcome.seconds);
  if (counts.skipped > 0) {
    out << "; " << WithThousands(counts.skipped) << " rows were skipped because of --mode";
  }
  if (counts.repeated > 0) {
    out << "; " << WithThousands(counts.repeated)
        << " rows had the id of a later row, which counts";
  }
  if (counts.reconnects > 0) out << "; cut off and continued " << counts.reconnects << " times";
  out << '\n';
}

// Prints each bad row, and how many there were.
void ReportBadRows(const Outcome& outcome, const ImportOptions& options, CommandContext& context) {
  for (const BadRow& bad : outcome.bad_shown) {
    if (context.json()) {
      context.err() << ToLine(ToJson(bad)) << '\n';
    } else {
      context.err() << "tqdb: " << bad.error.message() << '\n';
    }
  }
  if (outcome.bad_rows == 0 || outcome.stopped_at_bad_row) return;
  std::string text = absl::StrCat(outcome.bad_rows, " bad rows were passed over");
  if (!options.bad_rows_path.empty()) {
    absl::StrAppend(&text, "; ", options.bad_rows_path, " lists them");
  } else if (outcome.bad_rows > outcome.bad_shown.size()) {
    absl::StrAppend(&text, "; the first ", outcome.bad_shown.size(),
                    " are above, --bad-rows FILE lists all");
  }
  context.Fail(absl::InvalidArgumentError(text));
}

// Prints the outcome, and every error of it, and returns the exit code.
int Report(const Outcome& outcome, const ImportOptions& options, CommandContext& context) {
  if (context.json()) {
    context.Print(OutcomeToJson(outcome, options));
  } else {
    PrintCounts(outcome, options, context.out());
  }
  ReportBadRows(outcome, options, context);
  const uint64_t row = outcome.resume_row;
  std::string resume =
      absl::StrCat("; everything before row ", row, " is stored, continue with --skip ", row);
  if (outcome.stopped_at_bad_row) {
    absl::StrAppend(&resume, " once the row is mended, or pass over it with --skip ", row + 1,
                    " or --keep-going");
  }
  if (!outcome.status.ok()) {
    return context.Fail(
        absl::Status(outcome.status.code(), absl::StrCat(outcome.status.message(), resume)));
  }
  if (outcome.interrupted) {
    if (!context.json()) context.err() << "tqdb: interrupted" << resume << std::endl;
    return kExitInterrupted;
  }
  return outcome.bad_rows > 0 ? kExitError : kExitOk;
}

// Notes bad rows in the outcome and in the file of --bad-rows.
class BadRowLog {
 public:
  BadRowLog(const ImportOptions& options, Outcome& outcome)
      : options_(options), outcome_(outcome) {}

  // Opens the file, if one is asked for.
  absl::Status Open() {
    if (options_.bad_rows_path.empty()) return absl::OkStatus();
    file_.open(options_.bad_rows_path, std::ios::trunc);
    return Check();
  }
  void Add(const RowPlace& place, const absl::Status& error) {
    const BadRow bad{place, error};
    ++outcome_.bad_rows;
    if (file_.is_open()) file_ << ToLine(ToJson(bad)) << '\n';
    // The error that ends an import is reported with its end.
    if (!options_.keep_going) return;
    if (outcome_.bad_shown.size() < kBadRowsShown) outcome_.bad_shown.push_back(bad);
  }
  absl::Status Close() {
    if (!file_.is_open()) return absl::OkStatus();
    file_.close();
    return Check();
  }

 private:
  absl::Status Check() const {
    if (file_.good()) return absl::OkStatus();
    return absl::UnavailableError(
        absl::StrCat("--bad-rows: ", options_.bad_rows_path, " cannot be written"));
  }

  const ImportOptions& options_;
  Outcome& outcome_;
  std::ofstream file_;
};

UploadOptions UploadOptionsOf(const ImportOptions& options, const CommandContext& context,
                              const ServerInfo& info) {
  UploadOptions upload;
  upload.collection = options.collection;
  upload.durability = options.async ? Durability::kAsync : Durability::kSync;
  upload.mode = options.mode;
  upload.window = options.window;
  upload.stall_timeout = context.ParseTimeout().value_or(absl::Seconds(30));
  upload.retry_for = ParseDurationText("--retry-for", options.retry_for, /*zero=*/true)
                         .value_or(absl::Seconds(60));
  upload.keep_going = options.keep_going;
  if (info.max_message_bytes > 0) upload.max_message_bytes = info.max_message_bytes;
  upload.first_row = options.source.skip;
  upload.interrupted = InterruptGuard::interrupted;
  return upload;
}

// Imports the rows of a source into a collection that exists.
void Import(VectorSource& source, Client& client, const ServerInfo& info,
            const CollectionConfig& config, const ImportOptions& options, BadRowLog& bad_rows,
            CommandContext& context, Outcome& outcome) {
  const absl::Time start = absl::Now();
  ProgressBar progress = context.StartProgress("import", source.total_rows(), !options.no_progress);
  UploadOptions upload = UploadOptionsOf(options, context, info);
  upload.describe = [&source](const RowPlace& place) { return source.Describe(place); };
  upload.say = [&progress](const std::string& text) { progress.Say(text); };
  upload.on_refused = [&bad_rows, &options, &outcome](const RowPlace& place,
                                                      const absl::Status& error) {
    bad_rows.Add(place, error);
    outcome.stopped_at_bad_row = !options.keep_going;
  };
  Batcher batcher(source, FitLimits(info, options),
                  [&config](const Point& point) { return LooksBad(point, config); });
  Uploader uploader(client, std::move(upload));
  SendAll(source, batcher, uploader, progress, outcome);
  // Finish waits for the batches in flight, after an error too: only then the counts are right.
  const absl::Status finished = uploader.Finish();
  if (outcome.status.ok()) outcome.status = finished;
  outcome.counts = uploader.counts();
  outcome.rows_in_doubt = uploader.rows_in_doubt();
  outcome.resume_row = uploader.resume_row();
  if (outcome.status.ok() && !InterruptGuard::interrupted()) {
    progress.Finish(outcome.counts.acknowledged + outcome.counts.repeated + outcome.bad_rows);
  }
  outcome.seconds = absl::ToDoubleSeconds(absl::Now() - start);
}

// Opens the source before it connects, so that errors in files are found without a server. The
// collection is made only after both have succeeded.
absl::Status OpenAndImport(ImportOptions& options, BadRowLog& bad_rows, CommandContext& context,
                           Outcome& outcome) {
  TQDB_ASSIGN_OR_RETURN(const std::unique_ptr<VectorSource> source,
                        VectorSource::Open(options.source));
  TQDB_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, context.Connect());
  TQDB_ASSIGN_OR_RETURN(const ServerInfo info, client->GetServerInfo());
  TQDB_ASSIGN_OR_RETURN(const CollectionInfo collection,
                        EnsureCollection(*client, options, *source));
  Import(*source, *client, info, collection.config, options, bad_rows, context, outcome);
  return absl::OkStatus();
}

int RunImport(ImportOptions& options, CommandContext& context) {
  for (const absl::Status& status :
       {ParseMetadata(options.flags.metadata).status(),
        ParseSparseSpaces(options.flags.sparse).status(), Validate(options.source),
        ParseDurationText("--retry-for", options.retry_for, /*zero=*/true).status()}) {
    if (!status.ok()) return context.FailUsage(std::string(status.message()));
  }
  Outcome outcome;
  outcome.resume_row = options.source.skip;
  BadRowLog bad_rows(options, outcome);
  if (absl::Status status = bad_rows.Open(); !status.ok()) return context.Fail(status);
  if (options.keep_going) {
    options.source.on_bad_row = [&bad_rows](const RowPlace& place, const absl::Status& error) {
      bad_rows.Add(place, error);
    };
  }
  options.source.interrupted = InterruptGuard::interrupted;
  InterruptGuard guard;
  const absl::Status begun = OpenAndImport(options, bad_rows, context, outcome);
  outcome.interrupted =
      InterruptGuard::interrupted() && (outcome.status.ok() || absl::IsCancelled(outcome.status));
  if (outcome.interrupted) outcome.status = absl::OkStatus();
  if (!begun.ok() && !outcome.interrupted) return context.Fail(begun);
  const int code = Report(outcome, options, context);
  if (absl::Status status = bad_rows.Close(); !status.ok()) return context.Fail(status);
  return code;
}

}  // namespace

void AddImportCommand(FlagSet app, CommandContext& context) {
  FlagSet sub = app.AddCommand("import", "Load points from a file");
  auto options = std::make_shared<ImportOptions>();
  SourceOptions& source = options->source;
  sub.Add("collection", options->collection, "Name of the collection").Required();
  sub.Add("file", source.path,
          ".npy, .npz, .fvecs, .bvecs, .ivecs, .jsonl or .jsonl.gz; - reads JSON lines, or what\n"
          "--format says, from the standard input")
      .Required();
  sub.Add("--format", source.format, "Format of the file; default: by the name")
      .OneOf({std::begin(kSourceFormats), std::end(kSourceFormats)});
  sub.Add("--array", source.array, "Array of a .npz that has several").Placeholder("NAME");
  sub.Add("--payloads", source.payloads_path,
          "JSON lines, plain or gzip: line i is the payload of row i of a file of vectors")
      .Placeholder("FILE");
  sub.Add("--ids", source.ids_path, "Text file: line i is the id of row i").Placeholder("FILE");
  sub.Add("--id-field", source.id_field,
          "Take the id from this key of the JSON lines (default: id), or of the payload lines")
      .Placeholder("KEY");
  sub.Add("--vector-field", source.vector_field,
          "Take the vector from this key of the JSON lines; default: vector")
      .Placeholder("KEY");
  sub.AddSwitch("--payload-rest", source.payload_rest,
                "Take all other keys of the JSON lines as the payload");
  sub.AddSwitch("--hash-ids", source.hash_ids,
                "Make a UUID of every id that is neither a number nor a UUID; JSON lines keep its\n"
                "text in the payload");
  sub.Add("--id-start", source.id_start, "Rows without an id count from here").ShowDefault();
  sub.Add("--vector-name", source.vector_name, "Vector space of the rows; default: the unnamed one")
      .Placeholder("NAME");
  sub.AddSwitch("--create", options->create,
                "Create the collection when it does not exist, with the options below");
  AddCollectionFlags(sub, options->flags);
  sub.Add("--batch-size", options->batch_size, "Points in one atomic batch")
      .Positive()
      .ShowDefault();
  sub.Add("--window", options->window, "Batches in flight").Positive().ShowDefault();
  sub.AddChoice("--mode", options->mode,
                {{"upsert", UpsertMode::kUpsert},
                 {"insert", UpsertMode::kInsert},
                 {"update", UpsertMode::kUpdate},
                 {"update-vectors", UpsertMode::kUpdateVectors}},
                "upsert replaces points that exist, insert skips them, update skips new ones, and\n"
                "update-vectors sets the vectors of existing points and keeps all else");
  sub.AddSwitch("--async", options->async,
                "Acknowledge before the disk has it: faster, may lose the end at power loss");
  sub.Add("--retry-for", options->retry_for,
          "After a broken connection, try again for this long, such as 90, 10m or 0")
      .Placeholder("TIME")
      .ShowDefault();
  sub.AddSwitch("--keep-going", options->keep_going,
                "Go on after a row that is no point or that the server refuses. Every such row is\n"
                "named at the end, and the exit code is 1");
  sub.Add("--bad-rows", options->bad_rows_path,
          "Write the row, line and error of every bad row to this file, as JSON lines")
      .Placeholder("FILE");
  sub.Add("--skip", source.skip, "Pass over this many rows first").ShowDefault();
  sub.Add("--rows", source.rows, "Load at most this many rows; 0: all").ShowDefault();
  sub.AddSwitch("--no-progress", options->no_progress, "Do not report progress");
  sub.Footer(
      "Examples:\n"
      "  tqdb import books vectors.npy --create\n"
      "  tqdb import books vectors.npy --create --payloads texts.jsonl.gz --id-field id\n"
      "  tqdb import books more.fvecs --id-start 100000\n"
      "  tqdb import books points.jsonl.gz --create --metric dot\n"
      "  tqdb import books dump.jsonl --id-field _id --vector-field embedding --payload-rest "
      "--hash-ids\n"
      "  zcat points.jsonl.gz | tqdb import books -\n"
      "A JSON line is {\"id\": 7, \"vector\": [0.1, ...], \"payload\": {...}}, or has\n"
      "\"vectors\": {\"name\": [...]} for named spaces, and for sparse ones, beside these or "
      "alone,\n"
      "\"sparse_vectors\": {\"name\": {\"indices\": [...], \"values\": [...]}}. Without ids, "
      "points "
      "are\n"
      "numbered. Unknown keys are errors without --payload-rest. If an id comes twice, the last\n"
      "row counts.\n"
      "A bad row stops the import with its line or number: what came before is stored, and the\n"
      "message says how to continue. With --keep-going it costs no other row.\n"
      "Rows of a pipe are sent after 0.2 s even if the batch is not full. Ctrl-C stops after the\n"
      "batches in flight and says where to continue; the exit code is 130.");
  sub.OnChosen([options, &context] {
    context.command() = [options, &context] { return RunImport(*options, context); };
  });
}

}  // namespace tqdb::client
