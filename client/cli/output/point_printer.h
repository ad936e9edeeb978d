// Prints points: as a table for people, or as JSON lines for programs.
#ifndef TQDB_CLIENT_CLI_OUTPUT_POINT_PRINTER_H_
#define TQDB_CLIENT_CLI_OUTPUT_POINT_PRINTER_H_

#include "client/cli/commands/command_context.h"
#include "client/cli/output/table.h"
#include "client/cpp/types.h"

namespace tqdb::client {

// Not thread-safe.
class PointPrinter {
 public:
  // Requires: `context` outlives the printer.
  PointPrinter(CommandContext& context, bool with_vectors);

  // Prints a point. Under --json it is written at once. A table is kept until Finish, because the
  // widths of its columns depend on all rows.
  void Print(const Point& point);
  void Finish();

 private:
  CommandContext& context_;
  const bool with_vectors_;
  Table table_;
  bool empty_ = true;
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_OUTPUT_POINT_PRINTER_H_
