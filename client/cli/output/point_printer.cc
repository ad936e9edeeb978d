#include "client/cli/output/point_printer.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/output/point_json.h"

namespace tqdb::client {
namespace {

constexpr size_t kShown = 4;  // number of values of a vector that are shown

// Returns the vectors of a point in one cell of a table: the first values of each.
std::string DescribeVectors(const Point& point) {
  std::string out;
  for (const NamedVector& vector : point.vectors) {
    std::vector<std::string> values;
    for (size_t i = 0; i < vector.values.size() && i < kShown; ++i) {
      values.push_back(absl::StrCat(vector.values[i]));
    }
    absl::StrAppend(&out, out.empty() ? "" : " ", vector.name, "[", absl::StrJoin(values, ", "),
                    vector.values.size() > kShown ? ", ..." : "", "]");
  }
  for (const auto& [name, vector] : point.sparse_vectors) {
    std::vector<std::string> entries;
    for (size_t i = 0; i < vector.values.size() && i < kShown; ++i) {
      entries.push_back(absl::StrCat(vector.indices[i], ": ", vector.values[i]));
    }
    absl::StrAppend(&out, out.empty() ? "" : " ", name, "{", absl::StrJoin(entries, ", "),
                    vector.values.size() > kShown ? ", ..." : "", "}");
  }
  return out;
}

std::vector<Table::Column> PointColumns(bool with_vectors) {
  if (with_vectors) return {{"id", Align::kRight}, {"vectors"}, {"payload"}};
  return {{"id", Align::kRight}, {"payload"}};
}

}  // namespace

PointPrinter::PointPrinter(CommandContext& context, bool with_vectors)
    : context_(context), with_vectors_(with_vectors), table_(PointColumns(with_vectors)) {}

void PointPrinter::Print(const Point& point) {
  empty_ = false;
  if (context_.json()) {
    context_.out() << ToLine(point) << '\n';
  } else if (with_vectors_) {
    table_.AddRow({point.id.ToString(), DescribeVectors(point), point.payload});
  } else {
    table_.AddRow({point.id.ToString(), point.payload});
  }
}

void PointPrinter::Finish() {
  if (!context_.json() && !empty_) table_.Print(context_.out(), context_.table_width());
}

}  // namespace tqdb::client
