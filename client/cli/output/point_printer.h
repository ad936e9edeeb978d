// Points for people, as a table, or for programs, as JSON lines.
#ifndef TQDB_CLIENT_CLI_OUTPUT_POINT_PRINTER_H_
#define TQDB_CLIENT_CLI_OUTPUT_POINT_PRINTER_H_

#include "client/cli/commands/command_context.h"
#include "client/cli/output/table.h"
#include "client/cpp/types.h"

namespace tqdb::client {

// Not thread-safe.
class PointPrinter {
 public:
  // `context` must outlive the printer.
  PointPrinter(CommandContext& context, bool with_vectors);

  // Writes a line under --json; a table is held until Finish, for its columns to be as wide as
  // needed.
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
