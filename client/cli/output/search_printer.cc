#include "client/cli/output/search_printer.h"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/text_format.h"
#include "client/cli/output/point_json.h"
#include "client/cli/output/table.h"

namespace tqdb::client {
namespace {

constexpr size_t kGroupWidth = 40;

// Returns the cells of one hit: number, id, score and perhaps payload.
std::vector<std::string> Cells(size_t number, const ScoredPoint& point, bool payload) {
  std::vector<std::string> cells = {absl::StrCat(number), point.id.ToString(),
                                    absl::StrFormat("%.5f", point.score)};
  if (payload) cells.push_back(point.payload);
  return cells;
}

std::vector<Table::Column> HitColumns(bool payload) {
  std::vector<Table::Column> columns = {
      {"", Align::kRight}, {"id", Align::kRight}, {"score", Align::kRight}};
  if (payload) columns.push_back({"payload"});
  return columns;
}

// Returns the line of one result: `name` is the member with its points or groups, and `list` the
// JSON of these.
std::string ResultLine(uint64_t number, double took_ms, absl::string_view name,
                       absl::string_view list) {
  return absl::StrCat("{\"query\":", number, ",\"took_ms\":", ToLine(Json(took_ms)), ",\"", name,
                      "\":", list, "}\n");
}

}  // namespace

bool SearchPrinter::PrintHeading(uint64_t number, bool empty) const {
  if (options_.numbered) {
    context_.out() << (number > 0 ? "\n" : "") << "query " << number << '\n';
  }
  if (empty) context_.out() << "No hits.\n";
  return !empty;
}

void SearchPrinter::PrintPoints(uint64_t number, const std::vector<ScoredPoint>& points,
                                double took_ms) const {
  if (context_.json()) {
    context_.out() << ResultLine(number, took_ms, "points", ToLine(points));
    return;
  }
  if (!PrintHeading(number, points.empty())) return;
  Table table(HitColumns(options_.payload));
  for (size_t i = 0; i < points.size(); ++i) {
    table.AddRow(Cells(i + 1, points[i], options_.payload));
  }
  table.Print(context_.out(), context_.table_width());
}

void SearchPrinter::PrintGroups(uint64_t number, const std::vector<PointGroup>& groups,
                                double took_ms) const {
  if (context_.json()) {
    const std::string list = absl::StrJoin(
        groups, ",", [](std::string* out, const PointGroup& group) { out->append(ToLine(group)); });
    context_.out() << ResultLine(number, took_ms, "groups", absl::StrCat("[", list, "]"));
    return;
  }
  if (!PrintHeading(number, groups.empty())) {
    context_.out() << "A hit needs a string, an integer or a boolean at the key of --group-by; the "
                      "parts of a path are joined by dots, as in author.name.\n";
    return;
  }
  std::vector<Table::Column> columns = HitColumns(options_.payload);
  columns.insert(columns.begin(), {"group"});
  Table table(std::move(columns));
  for (const PointGroup& group : groups) {
    std::string name = Truncate(ToText(group.value), kGroupWidth);
    for (size_t i = 0; i < group.points.size(); ++i) {
      std::vector<std::string> cells = Cells(i + 1, group.points[i], options_.payload);
      cells.insert(cells.begin(), i == 0 ? std::move(name) : "");
      table.AddRow(std::move(cells));
    }
  }
  table.Print(context_.out(), context_.table_width());
}

}  // namespace tqdb::client
