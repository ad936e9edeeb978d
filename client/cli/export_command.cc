// export.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "client/cli/commands.h"
#include "client/cli/interrupt.h"
#include "client/cli/npy_writer.h"
#include "client/cli/output_file.h"
#include "client/cli/text_format.h"

namespace tqdb::client {
namespace {

// Of one page of the walk, so that it fits in a message with room for payloads.
constexpr size_t kPageBytes = size_t{8} << 20;
constexpr uint32_t kLargestPage = 1000;

struct ExportOptions {
  std::string collection;
  std::string path;
  std::string vector_name;
  bool no_vectors = false;
  bool no_progress = false;
};

// Where points go.
class PointSink {
 public:
  virtual ~PointSink() = default;
  virtual absl::Status Append(const Point& point) = 0;
  virtual absl::Status Finish() = 0;
  virtual std::vector<std::string> files() const = 0;
};

class JsonlSink : public PointSink {
 public:
  explicit JsonlSink(OutputFile file) : file_(std::move(file)) {}

  absl::Status Append(const Point& point) override {
    line_.clear();
    AppendPointLine(point, line_);
    return file_.Append(line_);
  }
  absl::Status Finish() override { return file_.Commit(); }
  std::vector<std::string> files() const override { return {file_.path()}; }

 private:
  OutputFile file_;
  std::string line_;
};

// X.npy with the vectors of one space, X.ids.txt and X.payloads.jsonl with a line a row: what
// `import` takes with --ids and --payloads.
class NpySink : public PointSink {
 public:
  NpySink(NpyWriter vectors, OutputFile ids, OutputFile payloads, std::string path,
          std::string vector_name)
      : vectors_(std::move(vectors)),
        ids_(std::move(ids)),
        payloads_(std::move(payloads)),
        path_(std::move(path)),
        vector_name_(std::move(vector_name)) {}

  absl::Status Append(const Point& point) override {
    for (const NamedVector& vector : point.vectors) {
      if (vector.name != vector_name_) continue;
      if (absl::Status s = vectors_.Append(vector.values); !s.ok()) return s;
      if (absl::Status s = ids_.Append(point.id.ToString() + "\n"); !s.ok()) return s;
      std::string payload = point.payload;
      std::replace(payload.begin(), payload.end(), '\n', ' ');
      return payloads_.Append(payload + "\n");
    }
    return absl::OkStatus();  // takes no part in this space
  }
  absl::Status Finish() override {
    if (absl::Status s = ids_.Commit(); !s.ok()) return s;
    if (absl::Status s = payloads_.Commit(); !s.ok()) return s;
    return vectors_.Finish();
  }
  std::vector<std::string> files() const override { return {path_, ids_.path(), payloads_.path()}; }

 private:
  NpyWriter vectors_;
  OutputFile ids_;
  OutputFile payloads_;
  std::string path_;
  std::string vector_name_;
};

absl::StatusOr<std::unique_ptr<PointSink>> OpenSink(const ExportOptions& options,
                                                    const CollectionInfo& info) {
  if (!absl::EndsWithIgnoreCase(options.path, ".npy")) {
    absl::StatusOr<OutputFile> file = OutputFile::Create(options.path);
    if (!file.ok()) return file.status();
    return std::make_unique<JsonlSink>(*std::move(file));
  }
  std::optional<uint32_t> dim;
  for (const VectorSpaceConfig& space : info.config.vector_spaces) {
    if (space.name == options.vector_name) dim = space.dim;
  }
  if (!dim.has_value()) {
    return absl::NotFoundError(absl::StrCat("--vector-name: collection \"", info.name,
                                            "\" has no vector space named \"",
                                            options.vector_name, "\""));
  }
  const std::string stem = options.path.substr(0, options.path.size() - 4);
  absl::StatusOr<NpyWriter> vectors = NpyWriter::Open(options.path, *dim);
  if (!vectors.ok()) return vectors.status();
  absl::StatusOr<OutputFile> ids = OutputFile::Create(stem + ".ids.txt");
  if (!ids.ok()) return ids.status();
  absl::StatusOr<OutputFile> payloads = OutputFile::Create(stem + ".payloads.jsonl");
  if (!payloads.ok()) return payloads.status();
  return std::make_unique<NpySink>(*std::move(vectors), *std::move(ids), *std::move(payloads),
                                   options.path, options.vector_name);
}

uint32_t PageSize(const CollectionInfo& info) {
  size_t point_bytes = 1024;
  for (const VectorSpaceConfig& space : info.config.vector_spaces) {
    point_bytes += size_t{space.dim} * sizeof(float);
  }
  return static_cast<uint32_t>(std::clamp<size_t>(kPageBytes / point_bytes, 1, kLargestPage));
}

// Copies all points; Cancelled when the user interrupts.
absl::Status CopyAll(Scroll& scroll, uint32_t page_size, PointSink& sink, ProgressBar& progress,
                     uint64_t total, uint64_t& rows) {
  while (true) {
    if (InterruptGuard::interrupted()) return absl::CancelledError("interrupted");
    absl::StatusOr<std::vector<Point>> page = scroll.NextPage();
    // Payloads can be larger than the page size allows for.
    if (absl::IsResourceExhausted(page.status()) && page_size > 1) {
      page_size /= 2;
      scroll.set_page_size(page_size);
      continue;
    }
    if (!page.ok()) return page.status();
    if (page->empty()) return absl::OkStatus();
    for (const Point& point : *page) {
      if (absl::Status s = sink.Append(point); !s.ok()) return s;
    }
    rows += page->size();
    progress.Update(rows, static_cast<double>(rows) /
                              static_cast<double>(std::max(total, rows)));
  }
}

int RunExport(const ExportOptions& options, CommandContext& context) {
  const bool npy = absl::EndsWithIgnoreCase(options.path, ".npy");
  if (!npy && options.path != "-" && !absl::EndsWithIgnoreCase(options.path, ".jsonl") &&
      !absl::EndsWithIgnoreCase(options.path, ".ndjson")) {
    return context.FailUsage(
        absl::StrCat("export: ", options.path, ": the name must end in .jsonl, .ndjson or .npy"));
  }
  if (npy && options.no_vectors) return context.FailUsage("--no-vectors goes with JSON lines");
  if (!npy && !options.vector_name.empty()) {
    return context.FailUsage("--vector-name goes with .npy; JSON lines hold all spaces");
  }
  absl::StatusOr<std::unique_ptr<Client>> client = context.Connect();
  if (!client.ok()) return context.Fail(client.status());
  absl::StatusOr<CollectionInfo> info = (*client)->GetCollection(options.collection);
  if (!info.ok()) return context.Fail(info.status());
  absl::StatusOr<std::unique_ptr<PointSink>> sink = OpenSink(options, *info);
  if (!sink.ok()) return context.Fail(sink.status());

  InterruptGuard guard;
  const uint32_t page_size = PageSize(*info);
  Scroll scroll = (*client)->ScrollPoints(
      options.collection,
      {.page_size = page_size, .select = {.payload = true, .vectors = !options.no_vectors}});
  uint64_t rows = 0;
  const absl::Time start = absl::Now();
  absl::Status status;
  {
    ProgressBar progress("export", info->points, context.ProgressMode(!options.no_progress),
                         context.terminal().width, context.err());
    status = CopyAll(scroll, page_size, **sink, progress, info->points, rows);
    if (status.ok()) status = (*sink)->Finish();
    if (status.ok()) progress.Finish(rows);
  }
  if (!status.ok()) {
    const bool interrupted = absl::IsCancelled(status) && InterruptGuard::interrupted();
    context.Fail(absl::Status(status.code(), absl::StrCat(status.message(), " after ", rows,
                                                          " rows; no file was written")));
    return interrupted ? kExitInterrupted : kExitError;
  }
  const double seconds = absl::ToDoubleSeconds(absl::Now() - start);
  if (context.json() && options.path != "-") {
    Json out;
    out["collection"] = options.collection;
    out["rows"] = rows;
    out["files"] = (*sink)->files();
    out["seconds"] = seconds;
    context.Print(out);
  } else if (options.path != "-") {
    context.out() << WithThousands(rows) << absl::StrFormat(" rows in %.1f s:", seconds);
    for (const std::string& file : (*sink)->files()) context.out() << ' ' << file;
    context.out() << '\n';
  }
  return kExitOk;
}

}  // namespace

void AddExportCommand(CLI::App& app, CommandContext& context) {
  CLI::App* sub = app.add_subcommand("export", "Save all points to files that import reads");
  auto options = std::make_shared<ExportOptions>();
  sub->add_option("collection", options->collection, "Name of the collection")->required();
  sub->add_option("file", options->path,
                  ".jsonl with everything, or .npy with vectors and, beside it, .ids.txt and "
                  ".payloads.jsonl; - writes JSON lines to the standard output")
      ->required();
  sub->add_option("--vector-name", options->vector_name,
                  "Vector space for .npy; default: the unnamed one");
  sub->add_flag("--no-vectors", options->no_vectors, "Only ids and payloads (JSON lines)");
  sub->add_flag("--no-progress", options->no_progress, "Do not report progress");
  sub->footer(
      "Examples:\n"
      "  tqdb export books books.jsonl\n"
      "  tqdb export books books.npy\n"
      "  tqdb import copy books.npy --create --ids books.ids.txt --payloads books.payloads.jsonl\n"
      "  tqdb export books - --no-vectors | jq .payload.title\n"
      "Where a collection keeps no originals, vectors are decoded from their codes.");
  sub->callback([options, &context] {
    context.command() = [options, &context] { return RunExport(*options, context); };
  });
}

}  // namespace tqdb::client
