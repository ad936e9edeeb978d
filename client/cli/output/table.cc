#include "client/cli/output/table.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/text_format.h"

namespace tqdb::client {
namespace {

constexpr size_t kGap = 2;                   // spaces between columns
constexpr size_t kNarrowestLastColumn = 10;  // the last column is never cut below this

}  // namespace

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

void Table::AddRow(std::vector<std::string> cells) {
  assert(cells.size() == columns_.size());
  rows_.push_back(std::move(cells));
}

void Table::Print(std::ostream& out, size_t width) const {
  std::vector<size_t> widths;
  for (size_t c = 0; c < columns_.size(); ++c) {
    size_t widest = DisplayWidth(columns_[c].title);
    for (const auto& row : rows_) widest = std::max(widest, DisplayWidth(row[c]));
    widths.push_back(widest);
  }
  if (width > 0) {
    size_t before = 0;
    for (size_t c = 0; c + 1 < widths.size(); ++c) before += widths[c] + kGap;
    const size_t left = width > before ? width - before : 0;
    widths.back() = std::min(widths.back(), std::max(left, kNarrowestLastColumn));
  }
  const auto print = [&](const std::vector<std::string>& cells) {
    std::string line;
    for (size_t c = 0; c < cells.size(); ++c) {
      const std::string cell = Truncate(cells[c], widths[c]);
      const std::string padding(widths[c] - DisplayWidth(cell), ' ');
      if (c > 0) line.append(kGap, ' ');
      line += columns_[c].align == Align::kRight ? padding + cell : cell + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << '\n';
  };
  std::vector<std::string> titles;
  for (const Column& column : columns_) titles.push_back(column.title);
  print(titles);
  for (const auto& row : rows_) print(row);
}

}  // namespace tqdb::client
