// The command export: copies the points of a collection to files that `import` reads.
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "base/text_format.h"
#include "client/cli/commands/commands.h"
#include "client/cli/flags/filter_flag.h"
#include "client/cli/interrupt.h"
#include "client/cli/output/point_sink.h"

namespace tqdb::client {
namespace {

// Bytes of one page of the walk. A message takes 64 MiB by default, so payloads have much room.
constexpr size_t kPageBytes = size_t{8} << 20;
constexpr uint32_t kLargestPage = 1000;

// Options of export.
struct ExportOptions {
  std::string collection;
  std::string path;
  std::string vector_name;
  FilterFlag filter;
  bool no_vectors = false;
  bool no_progress = false;
};

// Returns the number of points that fit into kPageBytes, if each has all vectors and a payload of
// 1 KiB.
uint32_t PageSize(const CollectionInfo& info) {
  size_t point_bytes = 1024;
  for (const VectorSpaceConfig& space : info.config.vector_spaces) {
    point_bytes += size_t{space.dim} * sizeof(float);
  }
  return static_cast<uint32_t>(std::clamp<size_t>(kPageBytes / point_bytes, 1, kLargestPage));
}

// Copies all points to the sink and counts them in `rows`. Cancelled if the user interrupts.
// `total` is for the progress; it is not known with a filter.
absl::Status CopyAll(Scroll& scroll, uint32_t page_size, PointSink& sink, ProgressBar& progress,
                     std::optional<uint64_t> total, uint64_t& rows) {
  while (true) {
    if (InterruptGuard::interrupted()) return absl::CancelledError("interrupted");
    absl::StatusOr<std::vector<Point>> page = scroll.NextPage();
    // Payloads may be larger than PageSize assumed. A smaller page may fit into a message.
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
    const double fraction =
        total.has_value() ? static_cast<double>(rows) / static_cast<double>(std::max(*total, rows))
                          : 0;
    progress.Update(rows, fraction);
  }
}

// Writes all points that match to a file. After an error or Ctrl-C no file appears, because half an
// export looks like a whole one.
int RunExport(const ExportOptions& options, CommandContext& context) {
  const bool npy = absl::EndsWithIgnoreCase(options.path, ".npy");
  if (!npy && options.path != "-" && !absl::EndsWithIgnoreCase(options.path, ".jsonl") &&
      !absl::EndsWithIgnoreCase(options.path, ".ndjson") &&
      !absl::EndsWithIgnoreCase(options.path, ".jsonl.gz")) {
    return context.FailUsage(absl::StrCat(
        "export: ", options.path, ": the name must end in .jsonl, .jsonl.gz, .ndjson or .npy"));
  }
  if (npy && options.no_vectors) return context.FailUsage("--no-vectors goes with JSON lines");
  if (!npy && !options.vector_name.empty()) {
    return context.FailUsage("--vector-name goes with .npy; JSON lines hold all spaces");
  }
  absl::StatusOr<std::optional<Filter>> filter = ReadFilterFlag(options.filter);
  if (!filter.ok()) return context.FailInput(filter.status());
  absl::StatusOr<std::unique_ptr<Client>> client = context.Connect();
  if (!client.ok()) return context.Fail(client.status());
  absl::StatusOr<CollectionInfo> info = (*client)->GetCollection(options.collection);
  if (!info.ok()) return context.Fail(info.status());
  absl::StatusOr<std::unique_ptr<PointSink>> sink =
      PointSink::Open(options.path, options.vector_name, *info);
  if (!sink.ok()) return context.Fail(sink.status());

  InterruptGuard guard;
  const uint32_t page_size = PageSize(*info);
  Scroll scroll = (*client)->ScrollPoints(
      options.collection, {.page_size = page_size,
                           .select = {.payload = true, .vectors = !options.no_vectors},
                           .filter = *filter});
  std::optional<uint64_t> total;
  if (!filter->has_value()) total = info->points;
  uint64_t rows = 0;
  const absl::Time start = absl::Now();
  absl::Status status;
  {
    ProgressBar progress = context.StartProgress("export", total, !options.no_progress);
    status = CopyAll(scroll, page_size, **sink, progress, total, rows);
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

void AddExportCommand(FlagSet app, CommandContext& context) {
  FlagSet sub = app.AddCommand("export", "Save points to files that import reads");
  auto options = std::make_shared<ExportOptions>();
  sub.Add("collection", options->collection, "Name of the collection").Required();
  sub.Add("file", options->path,
          ".jsonl or .jsonl.gz with everything, or .npy with vectors and, beside it, "
          ".ids.txt and .payloads.jsonl; - writes JSON lines to the standard output")
      .Required();
  AddFilterOption(sub, options->filter, "Only points that match");
  sub.Add("--vector-name", options->vector_name, "Vector space for .npy; default: the unnamed one");
  sub.AddSwitch("--no-vectors", options->no_vectors, "Only ids and payloads (JSON lines)");
  sub.AddSwitch("--no-progress", options->no_progress, "Do not report progress");
  sub.Footer(absl::StrCat(
      "Examples:\n"
      "  tqdb export books books.jsonl\n"
      "  tqdb export books english.jsonl.gz --filter '{\"must\": [{\"key\": \"lang\", \"match\": "
      "{\"value\": \"en\"}}]}'\n"
      "  tqdb export books books.npy\n"
      "  tqdb import copy books.npy --create --ids books.ids.txt --payloads books.payloads.jsonl\n"
      "  tqdb export books - --no-vectors | jq .payload.title\n"
      "A JSON line is {\"id\": 7, \"vector\": [0.1, ...], \"payload\": {...}}, with \"vectors\": "
      "{\"name\": [...]}\n"
      "for named spaces and \"sparse_vectors\": {\"name\": {\"indices\": [...], \"values\": "
      "[...]}} for "
      "sparse ones,\n"
      "which .npy leaves out. Where a collection keeps no originals, vectors are decoded from "
      "their "
      "codes.\n\n",
      kFilterForms));
  sub.OnChosen([options, &context] {
    context.command() = [options, &context] { return RunExport(*options, context); };
  });
}

}  // namespace tqdb::client
