// A table of text. Each column is as wide as its widest cell.
#ifndef TQDB_CLIENT_CLI_OUTPUT_TABLE_H_
#define TQDB_CLIENT_CLI_OUTPUT_TABLE_H_

#include <cstddef>
#include <ostream>
#include <string>
#include <vector>

namespace tqdb::client {

enum class Align { kLeft, kRight };

// A table that is filled row by row and printed at the end. Not thread-safe.
class Table {
 public:
  struct Column {
    std::string title;
    Align align = Align::kLeft;
  };

  explicit Table(std::vector<Column> columns);
  // Adds a row. Requires: one cell for each column.
  void AddRow(std::vector<std::string> cells);
  // Prints titles and rows. The last column, which has the longest texts (payloads), is cut so that
  // lines fit into `width`. 0 means no limit.
  void Print(std::ostream& out, size_t width = 0) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_OUTPUT_TABLE_H_
