// The commands payload set, payload overwrite, payload delete-keys and payload clear.
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "base/text_format.h"
#include "client/cli/commands/commands.h"
#include "client/cli/flags/id_list.h"
#include "client/cli/flags/match_flags.h"

namespace tqdb::client {
namespace {

// Ids of one call. Each call is atomic by itself.
constexpr size_t kIdBatch = 1000;
constexpr MatchWords kWords = {"edit the payloads of", "would_update"};

// Options of the four commands.
struct PayloadOptions {
  std::string collection;
  std::vector<std::string> ids;
  std::string ids_path;
  MatchFlags match;
  std::string json;               // of set and overwrite
  std::string at;                 // of set
  std::vector<std::string> keys;  // of delete-keys
};

// Adds the options that select points.
void AddTarget(FlagSet sub, PayloadOptions& options) {
  // --id takes one value each time, because the payload may follow as a positional.
  sub.Add("--id", options.ids, "Edit this point; may repeat").Placeholder("ID").OneValueEachTime();
  sub.Add("--ids", options.ids_path, "File with one id a line; - is the standard input")
      .Placeholder("FILE");
  AddMatchFlags(sub, options.match,
                "Edit the points that match or, with ids, those of them that do");
}

// Prints the number of edited points and returns the exit code.
int Report(uint64_t updated, CommandContext& context) {
  if (context.json()) {
    Json out;
    out["updated"] = updated;
    context.Print(out);
  } else {
    context.out() << "Edited the payload" << (updated == 1 ? " of " : "s of ")
                  << WithThousands(updated) << (updated == 1 ? " point.\n" : " points.\n");
  }
  return kExitOk;
}

// Edits points by id, in several calls if there are many. An error tells how many were edited
// before it.
int EditByIds(Client& client, const PayloadOptions& options, const std::vector<PointId>& ids,
              const std::optional<Filter>& filter, const PayloadEdit& edit,
              CommandContext& context) {
  uint64_t updated = 0;
  for (size_t begin = 0; begin < ids.size(); begin += kIdBatch) {
    const auto batch = absl::MakeConstSpan(ids).subspan(begin, kIdBatch);
    absl::StatusOr<uint64_t> count = client.UpdatePayload(
        options.collection, {.ids = {batch.begin(), batch.end()}, .filter = filter}, edit);
    if (!count.ok()) {
      return context.Fail(absl::Status(
          count.status().code(),
          absl::StrCat(count.status().message(), begin == 0 ? "" : "; ",
                       begin == 0 ? "" : absl::StrCat(updated, " were edited before"))));
    }
    updated += *count;
  }
  return Report(updated, context);
}

// Edits the points that match, after a count or a question (match_flags.h).
int EditByFilter(Client& client, const PayloadOptions& options, const Filter& filter,
                 const PayloadEdit& edit, CommandContext& context) {
  if (const auto code =
          CountAndAsk(client, options.collection, filter, options.match, kWords, context)) {
    return *code;
  }
  absl::StatusOr<uint64_t> updated =
      client.UpdatePayload(options.collection, {.ids = {}, .filter = filter}, edit);
  if (!updated.ok() && WasTurnedAway(updated.status())) return context.Fail(updated.status());
  if (!updated.ok()) {
    return context.Fail(absl::Status(
        updated.status().code(),
        absl::StrCat(updated.status().message(), "; some points may have been edited")));
  }
  return Report(*updated, context);
}

// Reads the points to edit from the options and makes the edit. Errors of the command line are
// found before a connection is made.
int RunEdit(const PayloadOptions& options, const PayloadEdit& edit, CommandContext& context) {
  absl::StatusOr<std::vector<PointId>> ids = ParseIds(options.ids);
  if (!ids.ok()) return context.FailUsage(std::string(ids.status().message()));
  if (!options.ids_path.empty()) {
    if (absl::Status s = AppendIdsFromFile(options.ids_path, *ids); !s.ok()) return context.Fail(s);
  }
  absl::StatusOr<std::optional<Filter>> filter = ReadFilterFlag(options.match.filter);
  if (!filter.ok()) return context.FailInput(filter.status());
  const bool by_ids = !options.ids.empty() || !options.ids_path.empty();
  if (!by_ids && !filter->has_value()) {
    return context.FailUsage("payload: which points? Give --id, --ids FILE or --filter");
  }
  if (options.match.dry_run && by_ids)
    return context.FailUsage("--dry-run goes with --filter alone");
  if (!by_ids) {
    if (const auto code = RefuseUnasked(options.match, kWords, context)) return *code;
  }
  absl::StatusOr<std::unique_ptr<Client>> client = context.Connect();
  if (!client.ok()) return context.Fail(client.status());
  if (!by_ids) return EditByFilter(**client, options, **filter, edit, context);
  // The server refuses a batch with an id twice. A user may well name a point twice, so repetitions
  // are dropped here.
  const std::set<PointId> distinct(ids->begin(), ids->end());
  return EditByIds(**client, options, {distinct.begin(), distinct.end()}, *filter, edit, context);
}

// Returns the JSON object of set and overwrite, with the spelling that the user gave it.
absl::StatusOr<std::string> ReadObject(const std::string& value) {
  absl::StatusOr<std::string> text = ReadValueOrFile(value, "payload");
  if (!text.ok()) return text;
  absl::StatusOr<Json> json = ParseJson(*text);
  if (!json.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("payload: ", json.status().message()));
  }
  if (!json->is_object()) return absl::InvalidArgumentError("payload: it is not a JSON object");
  return text;
}

// Runs set or overwrite.
int RunWrite(const PayloadOptions& options, bool overwrite, CommandContext& context) {
  absl::StatusOr<std::string> object = ReadObject(options.json);
  if (!object.ok()) return context.FailInput(object.status());
  if (overwrite) return RunEdit(options, OverwritePayload{*std::move(object)}, context);
  return RunEdit(options, SetPayload{*std::move(object), options.at}, context);
}

constexpr char kTargets[] =
    "Points are named by --id, by --ids, or by --filter; with ids and a filter, those of the ids "
    "that\n"
    "match are edited, all or none: the filter is a condition (`--id 7 --filter '{\"must\": "
    "[{\"key\":\n"
    "\"version\", \"match\": {\"value\": 3}}]}'`). Ids that do not exist are ignored. A filter "
    "alone edits\n"
    "in batches: after an error some points may have been edited.\n\n";

void AddSet(FlagSet parent, CommandContext& context) {
  FlagSet sub = parent.AddCommand("set", "Set some keys; others stay");
  auto options = std::make_shared<PayloadOptions>();
  sub.Add("collection", options->collection, "Name of the collection").Required();
  sub.Add("payload", options->json, "The keys and their values: a JSON object, or @FILE with it")
      .Required()
      .Placeholder("JSON");
  sub.Add("--at", options->at, "Path of the object to set keys of; default: the payload itself")
      .Placeholder("KEY");
  AddTarget(sub, *options);
  sub.Footer(absl::StrCat(
      "Examples:\n"
      "  tqdb payload set books '{\"read\": true, \"stars\": 5}' --id 7 --id 8\n"
      "  tqdb payload set books '{\"born\": 1903}' --at author --id 7\n"
      "  tqdb payload set books @patch.json --ids changed.txt\n"
      "  tqdb payload set books '{\"shelf\": \"A\"}' --filter '{\"must\": [{\"key\": \"lang\", "
      "\"match\": {\"value\": \"en\"}}]}' --dry-run\n",
      kTargets, kFilterForms));
  sub.OnChosen([options, &context] {
    context.command() = [options, &context] {
      return RunWrite(*options, /*overwrite=*/false, context);
    };
  });
}

void AddOverwrite(FlagSet parent, CommandContext& context) {
  FlagSet sub = parent.AddCommand("overwrite", "Replace whole payloads");
  auto options = std::make_shared<PayloadOptions>();
  sub.Add("collection", options->collection, "Name of the collection").Required();
  sub.Add("payload", options->json, "The new payload: a JSON object, or @FILE with it")
      .Required()
      .Placeholder("JSON");
  AddTarget(sub, *options);
  sub.Footer(
      absl::StrCat("Examples:\n"
                   "  tqdb payload overwrite books '{\"title\": \"Emma\"}' --id 7\n"
                   "  tqdb payload overwrite books @seven.json --id 7\n",
                   kTargets, kFilterForms));
  sub.OnChosen([options, &context] {
    context.command() = [options, &context] {
      return RunWrite(*options, /*overwrite=*/true, context);
    };
  });
}

void AddDeleteKeys(FlagSet parent, CommandContext& context) {
  FlagSet sub = parent.AddCommand("delete-keys", "Delete some keys");
  auto options = std::make_shared<PayloadOptions>();
  sub.Add("collection", options->collection, "Name of the collection").Required();
  sub.Add("key", options->keys, "Keys, paths as in filters: lang, author.born").Required();
  AddTarget(sub, *options);
  sub.Footer(absl::StrCat(
      "Examples:\n"
      "  tqdb payload delete-keys books draft author.born --id 7\n"
      "  tqdb payload delete-keys books draft --filter '{\"must\": [{\"exists\": {\"key\": "
      "\"draft\"}}]}' --yes\n",
      kTargets, kFilterForms));
  sub.OnChosen([options, &context] {
    context.command() = [options, &context] {
      return RunEdit(*options, DeletePayloadKeys{options->keys}, context);
    };
  });
}

void AddClear(FlagSet parent, CommandContext& context) {
  FlagSet sub = parent.AddCommand("clear", "Delete whole payloads; the points stay");
  auto options = std::make_shared<PayloadOptions>();
  sub.Add("collection", options->collection, "Name of the collection").Required();
  AddTarget(sub, *options);
  sub.Footer(
      absl::StrCat("Examples:\n"
                   "  tqdb payload clear books --id 7\n"
                   "  tqdb payload clear books --ids forget.txt\n",
                   kTargets, kFilterForms));
  sub.OnChosen([options, &context] {
    context.command() = [options, &context] { return RunEdit(*options, ClearPayload(), context); };
  });
}

}  // namespace

void AddPayloadCommand(FlagSet app, CommandContext& context) {
  FlagSet sub = app.AddCommand("payload", "Edit payloads and leave vectors alone");
  sub.RequireCommand();
  AddSet(sub, context);
  AddOverwrite(sub, context);
  AddDeleteKeys(sub, context);
  AddClear(sub, context);
  sub.Footer(
      "Examples:\n"
      "  tqdb payload set books '{\"read\": true}' --id 7\n"
      "  tqdb payload overwrite books @seven.json --id 7\n"
      "  tqdb payload delete-keys books draft --ids done.txt\n"
      "  tqdb payload clear books --id 7");
}

}  // namespace tqdb::client
