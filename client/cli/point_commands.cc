// get, delete, count.
#include <CLI/CLI.hpp>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"
#include "client/cli/commands.h"
#include "client/cli/line_reader.h"
#include "client/cli/table.h"
#include "client/cli/text_format.h"

namespace tqdb::client {
namespace {

// Ids of one call: below the server's limit of a batch, and small enough for one answer.
constexpr size_t kGetBatch = 100;
constexpr size_t kDeleteBatch = 1000;

struct IdOptions {
  std::string collection;
  std::vector<std::string> ids;
  std::string ids_path;
  bool with_vectors = false;
};

void AddIdOptions(CLI::App& sub, IdOptions& options) {
  sub.add_option("collection", options.collection, "Name of the collection")->required();
  // Not "ids": CLI11 of Debian 13 takes the name of a positional for that of a flag.
  sub.add_option("id", options.ids, "Ids: numbers or UUIDs");
  sub.add_option("--ids", options.ids_path, "File with one id a line; - is the standard input");
}

// Errors are of usage when they come from the command line.
absl::StatusOr<std::vector<PointId>> ParseIds(const std::vector<std::string>& texts) {
  std::vector<PointId> ids;
  for (const std::string& text : texts) {
    absl::StatusOr<PointId> id = PointId::Parse(text);
    if (!id.ok()) return id.status();
    ids.push_back(*std::move(id));
  }
  return ids;
}

absl::Status AppendIdsFromFile(const std::string& path, std::vector<PointId>& ids) {
  absl::StatusOr<std::unique_ptr<LineReader>> lines = LineReader::Open(path);
  if (!lines.ok()) return lines.status();
  std::string line;
  while (true) {
    absl::StatusOr<bool> more = (*lines)->Next(line);
    if (!more.ok()) return more.status();
    if (!*more) return absl::OkStatus();
    const std::string text(absl::StripAsciiWhitespace(line));
    if (text.empty()) continue;
    absl::StatusOr<PointId> id = PointId::Parse(text);
    if (!id.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(
          (*lines)->path(), ":", (*lines)->line_number(), ": ", id.status().message()));
    }
    ids.push_back(*std::move(id));
  }
}

std::string DescribeVectors(const std::vector<NamedVector>& vectors) {
  std::string out;
  for (const NamedVector& vector : vectors) {
    constexpr size_t kShown = 4;
    std::vector<std::string> values;
    for (size_t i = 0; i < vector.values.size() && i < kShown; ++i) {
      values.push_back(absl::StrCat(vector.values[i]));
    }
    absl::StrAppend(&out, out.empty() ? "" : " ", vector.name, "[", absl::StrJoin(values, ", "),
                    vector.values.size() > kShown ? ", ..." : "", "]");
  }
  return out;
}

int RunGet(const IdOptions& options, CommandContext& context) {
  absl::StatusOr<std::vector<PointId>> ids = ParseIds(options.ids);
  if (!ids.ok()) return context.FailUsage(std::string(ids.status().message()));
  if (!options.ids_path.empty()) {
    if (absl::Status s = AppendIdsFromFile(options.ids_path, *ids); !s.ok()) return context.Fail(s);
  }
  if (ids->empty()) return context.FailUsage("get: no ids; name them or give --ids FILE");
  absl::StatusOr<std::unique_ptr<Client>> client = context.Connect();
  if (!client.ok()) return context.Fail(client.status());
  std::set<PointId> missing(ids->begin(), ids->end());
  Table table(options.with_vectors
                  ? std::vector<Table::Column>{{"id", Align::kRight}, {"vectors"}, {"payload"}}
                  : std::vector<Table::Column>{{"id", Align::kRight}, {"payload"}});
  const Select select{.payload = true, .vectors = options.with_vectors};
  for (size_t begin = 0; begin < ids->size(); begin += kGetBatch) {
    absl::StatusOr<std::vector<Point>> points = (*client)->Get(
        options.collection, absl::MakeConstSpan(*ids).subspan(begin, kGetBatch), select);
    if (!points.ok()) return context.Fail(points.status());
    for (const Point& point : *points) {
      missing.erase(point.id);
      if (context.json()) {
        context.Print(ToJson(point));
      } else if (options.with_vectors) {
        table.AddRow({point.id.ToString(), DescribeVectors(point.vectors), point.payload});
      } else {
        table.AddRow({point.id.ToString(), point.payload});
      }
    }
  }
  if (!context.json() && missing.size() < ids->size()) {
    table.Print(context.out(), context.table_width());
  }
  if (missing.empty()) return kExitOk;
  constexpr size_t kShown = 10;
  std::vector<std::string> shown;
  for (const PointId& id : missing) {
    if (shown.size() == kShown) break;
    shown.push_back(id.ToString());
  }
  return context.Fail(absl::NotFoundError(absl::StrCat(
      missing.size(), missing.size() == 1 ? " id does" : " ids do", " not exist in \"",
      options.collection, "\": ", absl::StrJoin(shown, ", "),
      missing.size() > kShown ? ", ..." : "")));
}

int RunDelete(const IdOptions& options, CommandContext& context) {
  absl::StatusOr<std::vector<PointId>> ids = ParseIds(options.ids);
  if (!ids.ok()) return context.FailUsage(std::string(ids.status().message()));
  if (!options.ids_path.empty()) {
    if (absl::Status s = AppendIdsFromFile(options.ids_path, *ids); !s.ok()) return context.Fail(s);
  }
  if (ids->empty()) {
    return context.FailUsage(
        "delete: no ids; name them or give --ids FILE (`tqdb drop` removes a whole collection)");
  }
  // A batch with an id twice is refused; asking twice for a deletion is no mistake.
  const std::set<PointId> distinct(ids->begin(), ids->end());
  ids->assign(distinct.begin(), distinct.end());
  absl::StatusOr<std::unique_ptr<Client>> client = context.Connect();
  if (!client.ok()) return context.Fail(client.status());
  uint64_t deleted = 0;
  for (size_t begin = 0; begin < ids->size(); begin += kDeleteBatch) {
    absl::StatusOr<uint64_t> count = (*client)->Delete(
        options.collection, absl::MakeConstSpan(*ids).subspan(begin, kDeleteBatch));
    if (!count.ok()) {
      return context.Fail(absl::Status(
          count.status().code(),
          absl::StrCat(count.status().message(), "; ", deleted, " were deleted before")));
    }
    deleted += *count;
  }
  if (context.json()) {
    Json out;
    out["deleted"] = deleted;
    out["asked"] = ids->size();
    context.Print(out);
  } else {
    context.out() << "Deleted " << WithThousands(deleted) << " of " << WithThousands(ids->size())
                  << " points.\n";
  }
  return kExitOk;
}

int RunCount(const std::string& collection, CommandContext& context) {
  absl::StatusOr<std::unique_ptr<Client>> client = context.Connect();
  if (!client.ok()) return context.Fail(client.status());
  absl::StatusOr<uint64_t> count = (*client)->Count(collection);
  if (!count.ok()) return context.Fail(count.status());
  if (context.json()) {
    Json out;
    out["count"] = *count;
    context.Print(out);
  } else {
    context.out() << *count << '\n';
  }
  return kExitOk;
}

}  // namespace

void AddGetCommand(CLI::App& app, CommandContext& context) {
  CLI::App* sub = app.add_subcommand("get", "Print points by id");
  auto options = std::make_shared<IdOptions>();
  AddIdOptions(*sub, *options);
  sub->add_flag("--with-vectors", options->with_vectors, "Print the vectors too");
  sub->footer(
      "Examples:\n"
      "  tqdb get books 7 8 9\n"
      "  tqdb get books 6ba7b810-9dad-11d1-80b4-00c04fd430c8 --with-vectors --json\n"
      "Ids that do not exist are reported, and the exit code is 1.");
  sub->callback([options, &context] {
    context.command() = [options, &context] { return RunGet(*options, context); };
  });
}

void AddDeleteCommand(CLI::App& app, CommandContext& context) {
  CLI::App* sub = app.add_subcommand("delete", "Delete points by id");
  auto options = std::make_shared<IdOptions>();
  AddIdOptions(*sub, *options);
  sub->footer(
      "Examples:\n"
      "  tqdb delete books 7 8 9\n"
      "  tqdb delete books --ids old-ids.txt\n"
      "Ids that do not exist are ignored. `tqdb drop` removes a whole collection.");
  sub->callback([options, &context] {
    context.command() = [options, &context] { return RunDelete(*options, context); };
  });
}

void AddCountCommand(CLI::App& app, CommandContext& context) {
  CLI::App* sub = app.add_subcommand("count", "Count the points of a collection");
  auto collection = std::make_shared<std::string>();
  sub->add_option("collection", *collection, "Name of the collection")->required();
  sub->footer("Examples:\n  tqdb count books");
  sub->callback([collection, &context] {
    context.command() = [collection, &context] { return RunCount(*collection, context); };
  });
}

}  // namespace tqdb::client
