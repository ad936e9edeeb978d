// The command facet: counts points by the values of a payload key.
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/text_format.h"
#include "client/cli/commands/commands.h"
#include "client/cli/flags/filter_flag.h"
#include "client/cli/output/table.h"

namespace tqdb::client {
namespace {

// Options of facet.
struct FacetFlags {
  std::string collection;
  std::string key;
  uint32_t limit = 10;
  FilterFlag filter;
};

// Prints the most frequent values and how many points have each.
int RunFacet(const FacetFlags& flags, CommandContext& context) {
  absl::StatusOr<std::optional<Filter>> filter = ReadFilterFlag(flags.filter);
  if (!filter.ok()) return context.FailInput(filter.status());
  absl::StatusOr<std::unique_ptr<Client>> client = context.Connect();
  if (!client.ok()) return context.Fail(client.status());
  absl::StatusOr<std::vector<FacetCount>> counts = (*client)->Facet(
      flags.collection, flags.key, {.limit = flags.limit, .filter = *std::move(filter)});
  if (!counts.ok()) return context.Fail(counts.status());
  if (context.json()) {
    for (const FacetCount& count : *counts) context.Print(ToJson(count));
    return kExitOk;
  }
  if (counts->empty()) {
    context.out() << "No values.\n";
    return kExitOk;
  }
  Table table({{"points", Align::kRight}, {flags.key}});
  for (const FacetCount& count : *counts) {
    table.AddRow({WithThousands(count.points), ToText(count.value)});
  }
  table.Print(context.out(), context.table_width());
  return kExitOk;
}

}  // namespace

void AddFacetCommand(FlagSet app, CommandContext& context) {
  FlagSet sub = app.AddCommand("facet", "Count the most frequent values of a payload key");
  auto flags = std::make_shared<FacetFlags>();
  sub.Add("collection", flags->collection, "Name of the collection").Required();
  sub.Add("key", flags->key, "The key, a path as in filters").Required();
  sub.Add("-n,--limit", flags->limit, "Values to print at most").Positive().ShowDefault();
  AddFilterOption(sub, flags->filter, "Only points that match");
  sub.Footer(absl::StrCat(
      "Examples:\n"
      "  tqdb facet books lang\n"
      "  tqdb facet books author.name --limit 100 --json\n"
      "  tqdb facet books tags --filter '{\"must\": [{\"key\": \"year\", \"range\": {\"gte\": "
      "1990}}]}'\n"
      "Strings, integers and booleans are counted; a point counts once for each of its values. An\n"
      "index of the key (`tqdb index create`) makes it fast; without one, payloads are read.\n\n",
      kFilterForms));
  sub.OnChosen([flags, &context] {
    context.command() = [flags, &context] { return RunFacet(*flags, context); };
  });
}

}  // namespace tqdb::client
