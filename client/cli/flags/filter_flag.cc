#include "client/cli/flags/filter_flag.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/read_file.h"

namespace tqdb::client {

const char kFilterForms[] =
    "A filter is {\"must\": [C, ...], \"should\": [...], \"must_not\": [...],\n"
    "\"min_should\": {\"conditions\": [...], \"min_count\": 2}}, each part optional, where a\n"
    "condition C is one of\n"
    "  {\"key\": \"lang\", \"match\": {\"value\": \"en\"}}     or a number, true, false\n"
    "  {\"key\": \"lang\", \"match\": {\"any\": [\"en\", \"de\"]}}     or \"except\"\n"
    "  {\"key\": \"text\", \"match\": {\"text\": \"all these words\"}}\n"
    "  {\"key\": \"year\", \"range\": {\"gte\": 1990, \"lt\": 2000}}     or times: "
    "\"2024-05-01T12:00:00Z\"\n"
    "  {\"key\": \"tags\", \"values_count\": {\"gte\": 2}}\n"
    "  {\"exists\": {\"key\": \"a.b\"}}     or \"is_empty\", \"is_null\"\n"
    "  {\"has_id\": [1, 2, 3]}\n"
    "  {\"nested\": {\"key\": \"parts\", \"filter\": {...}}}\n"
    "  a filter\n"
    "A key is a path a.b; a name with dots, brackets or quotes is in quotes, its own quotes "
    "twice.\n"
    "Integers of 64 bits, signed or not, are compared exactly.";

void AddFilterOption(FlagSet app, FilterFlag& flag, const std::string& description) {
  app.Add("--filter", flag, description + ": JSON, or @FILE with it").Placeholder("JSON");
}

absl::StatusOr<std::string> ReadValueOrFile(const std::string& value, const std::string& name) {
  if (!absl::StartsWith(value, "@")) return value;
  absl::StatusOr<std::string> contents = ReadFile(value.substr(1));
  if (contents.ok()) return contents;
  return absl::Status(contents.status().code(),
                      absl::StrCat(name, ": ", contents.status().message()));
}

absl::StatusOr<std::optional<Filter>> ReadFilterFlag(const FilterFlag& flag) {
  if (!flag.has_value()) return std::optional<Filter>();
  absl::StatusOr<std::string> text = ReadValueOrFile(*flag, "--filter");
  if (!text.ok()) return text.status();
  absl::StatusOr<Filter> filter = FilterFromJson(*text, "--filter");
  if (!filter.ok()) return filter.status();
  return std::optional<Filter>(*std::move(filter));
}

}  // namespace tqdb::client
