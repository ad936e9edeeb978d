// The commands get, delete and count.
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"
#include "base/text_format.h"
#include "client/cli/commands/commands.h"
#include "client/cli/flags/filter_flag.h"
#include "client/cli/flags/id_list.h"
#include "client/cli/flags/match_flags.h"
#include "client/cli/output/point_printer.h"

namespace tqdb::client {
namespace {

// Ids of one call. Both are below the server's limit of 10,000. An answer to get has payloads of up
// to 1 MiB each, so fewer ids go into one.
constexpr size_t kGetBatch = 100;
constexpr size_t kDeleteBatch = 1000;

// Options that name points by id.
struct IdOptions {
  std::string collection;
  std::vector<std::string> ids;
  std::string ids_path;
  bool with_vectors = false;
  std::vector<std::string> payload_keys;  // parts of the payload to print; empty: all
};

void AddIdOptions(FlagSet sub, IdOptions& options) {
  sub.Add("collection", options.collection, "Name of the collection").Required();
  // The name is not "ids": the CLI11 of Debian 13 would confuse it with the flag --ids.
  sub.Add("id", options.ids, "Ids: numbers or UUIDs");
  sub.Add("--ids", options.ids_path, "File with one id a line; - is the standard input");
}

// Prints points by id. Ids that do not exist are reported at the end, as an error.
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
  PointPrinter printer(context, options.with_vectors);
  const Select select{
      .payload = true, .vectors = options.with_vectors, .payload_include = options.payload_keys};
  for (size_t begin = 0; begin < ids->size(); begin += kGetBatch) {
    absl::StatusOr<std::vector<Point>> points = (*client)->Get(
        options.collection, absl::MakeConstSpan(*ids).subspan(begin, kGetBatch), select);
    if (!points.ok()) return context.Fail(points.status());
    for (const Point& point : *points) {
      missing.erase(point.id);
      printer.Print(point);
    }
  }
  printer.Finish();
  if (missing.empty()) return kExitOk;
  constexpr size_t kShown = 10;
  std::vector<std::string> shown;
  for (const PointId& id : missing) {
    if (shown.size() == kShown) break;
    shown.push_back(id.ToString());
  }
  return context.Fail(absl::NotFoundError(
      absl::StrCat(missing.size(), missing.size() == 1 ? " id does" : " ids do", " not exist in \"",
                   options.collection, "\": ", absl::StrJoin(shown, ", "),
                   missing.size() > kShown ? ", ..." : "")));
}

// Options of delete: ids, or a filter.
struct DeleteOptions {
  IdOptions ids;
  MatchFlags match;
};

constexpr MatchWords kDeleteWords = {"delete", "would_delete"};

// Deletes the points that match, after a count or a question (match_flags.h).
int DeleteByFilter(const DeleteOptions& options, const Filter& filter, CommandContext& context) {
  const std::string& collection = options.ids.collection;
  if (const auto code = RefuseUnasked(options.match, kDeleteWords, context)) return *code;
  absl::StatusOr<std::unique_ptr<Client>> client = context.Connect();
  if (!client.ok()) return context.Fail(client.status());
  if (const auto code =
          CountAndAsk(**client, collection, filter, options.match, kDeleteWords, context)) {
    return *code;
  }
  absl::StatusOr<uint64_t> deleted = (*client)->DeleteMatching(collection, filter);
  if (!deleted.ok() && WasTurnedAway(deleted.status())) return context.Fail(deleted.status());
  if (!deleted.ok()) {
    return context.Fail(absl::Status(
        deleted.status().code(),
        absl::StrCat(deleted.status().message(),
                     "; some points may be gone, the same command goes on with the others")));
  }
  if (context.json()) {
    Json out;
    out["deleted"] = *deleted;
    context.Print(out);
  } else {
    context.out() << "Deleted " << WithThousands(*deleted) << " points.\n";
  }
  return kExitOk;
}

// Deletes points by id, in several calls if there are many.
int DeleteByIds(const IdOptions& options, CommandContext& context) {
  absl::StatusOr<std::vector<PointId>> ids = ParseIds(options.ids);
  if (!ids.ok()) return context.FailUsage(std::string(ids.status().message()));
  if (!options.ids_path.empty()) {
    if (absl::Status s = AppendIdsFromFile(options.ids_path, *ids); !s.ok()) return context.Fail(s);
  }
  if (ids->empty()) {
    return context.FailUsage(
        "delete: no ids; name them, or give --ids FILE or --filter (`tqdb drop` removes a whole "
        "collection)");
  }
  // The server refuses a batch with an id twice. A user may well name a point twice, so repetitions
  // are dropped here.
  const std::set<PointId> distinct(ids->begin(), ids->end());
  ids->assign(distinct.begin(), distinct.end());
  absl::StatusOr<std::unique_ptr<Client>> client = context.Connect();
  if (!client.ok()) return context.Fail(client.status());
  uint64_t deleted = 0;
  for (size_t begin = 0; begin < ids->size(); begin += kDeleteBatch) {
    absl::StatusOr<uint64_t> count = (*client)->Delete(
        options.collection, absl::MakeConstSpan(*ids).subspan(begin, kDeleteBatch));
    if (!count.ok() && begin == 0) return context.Fail(count.status());
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

int RunDelete(const DeleteOptions& options, CommandContext& context) {
  if (!options.match.filter.has_value()) {
    if (options.match.dry_run) return context.FailUsage("--dry-run goes with --filter");
    return DeleteByIds(options.ids, context);
  }
  if (!options.ids.ids.empty() || !options.ids.ids_path.empty()) {
    return context.FailUsage("delete: give ids or --filter, not both");
  }
  absl::StatusOr<std::optional<Filter>> filter = ReadFilterFlag(options.match.filter);
  if (!filter.ok()) return context.FailInput(filter.status());
  return DeleteByFilter(options, **filter, context);
}

// Options of count.
struct CountOptions {
  std::string collection;
  FilterFlag filter;
};

int RunCount(const CountOptions& options, CommandContext& context) {
  absl::StatusOr<std::optional<Filter>> filter = ReadFilterFlag(options.filter);
  if (!filter.ok()) return context.FailInput(filter.status());
  absl::StatusOr<std::unique_ptr<Client>> client = context.Connect();
  if (!client.ok()) return context.Fail(client.status());
  absl::StatusOr<uint64_t> count = (*client)->Count(options.collection, *filter);
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

void AddGetCommand(FlagSet app, CommandContext& context) {
  FlagSet sub = app.AddCommand("get", "Print points by id");
  auto options = std::make_shared<IdOptions>();
  AddIdOptions(sub, *options);
  sub.AddSwitch("--with-vectors", options->with_vectors, "Print the vectors too");
  sub.Add("--payload-keys", options->payload_keys,
          "Print only this part of the payload, a path such as author.name; may repeat")
      .Placeholder("KEY")
      .OneValueEachTime();
  sub.Footer(
      "Examples:\n"
      "  tqdb get books 7 8 9\n"
      "  tqdb get books 6ba7b810-9dad-11d1-80b4-00c04fd430c8 --with-vectors --json\n"
      "Ids that do not exist are reported, and the exit code is 1.");
  sub.OnChosen([options, &context] {
    context.command() = [options, &context] { return RunGet(*options, context); };
  });
}

void AddDeleteCommand(FlagSet app, CommandContext& context) {
  FlagSet sub = app.AddCommand("delete", "Delete points by id or by filter");
  auto options = std::make_shared<DeleteOptions>();
  AddIdOptions(sub, options->ids);
  AddMatchFlags(sub, options->match, "Delete what matches, in place of ids");
  sub.Footer(absl::StrCat(
      "Examples:\n"
      "  tqdb delete books 7 8 9\n"
      "  tqdb delete books --ids old-ids.txt\n"
      "  tqdb delete books --filter '{\"must\": [{\"key\": \"year\", \"range\": {\"lt\": 1900}}]}' "
      "--dry-run\n"
      "Ids that do not exist are ignored. Deletion by filter is done in batches: after an error\n"
      "some points may be gone, and the same command goes on. `tqdb drop` removes a whole "
      "collection.\n\n",
      kFilterForms));
  sub.OnChosen([options, &context] {
    context.command() = [options, &context] { return RunDelete(*options, context); };
  });
}

void AddCountCommand(FlagSet app, CommandContext& context) {
  FlagSet sub = app.AddCommand("count", "Count the points of a collection");
  auto options = std::make_shared<CountOptions>();
  sub.Add("collection", options->collection, "Name of the collection").Required();
  AddFilterOption(sub, options->filter, "Only points that match");
  sub.Footer(
      absl::StrCat("Examples:\n"
                   "  tqdb count books\n"
                   "  tqdb count books --filter '{\"must\": [{\"key\": \"lang\", \"match\": "
                   "{\"value\": \"en\"}}]}'"
                   "\n\n",
                   kFilterForms));
  sub.OnChosen([options, &context] {
    context.command() = [options, &context] { return RunCount(*options, context); };
  });
}

}  // namespace tqdb::client
