// A table of text: columns as wide as their widest cell, numbers to the right.
#ifndef TQDB_CLIENT_CLI_OUTPUT_TABLE_H_
#define TQDB_CLIENT_CLI_OUTPUT_TABLE_H_

#include <cstddef>
#include <ostream>
#include <string>
#include <vector>

namespace tqdb::client {

enum class Align { kLeft, kRight };

class Table {
 public:
  struct Column {
    std::string title;
    Align align = Align::kLeft;
  };

  explicit Table(std::vector<Column> columns);
  // Requires one cell a column.
  void AddRow(std::vector<std::string> cells);
  // Cuts the last column so that lines fit in `width` columns; 0: no limit.
  void Print(std::ostream& out, size_t width = 0) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_OUTPUT_TABLE_H_
