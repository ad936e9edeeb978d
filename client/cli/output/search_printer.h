// Results of searches: tables for people, a JSON object a query for programs.
#ifndef TQDB_CLIENT_CLI_OUTPUT_SEARCH_PRINTER_H_
#define TQDB_CLIENT_CLI_OUTPUT_SEARCH_PRINTER_H_

#include <cstdint>
#include <vector>

#include "client/cli/commands/command_context.h"
#include "client/cpp/query.h"

namespace tqdb::client {

class SearchPrinter {
 public:
  struct Options {
    bool payload = false;   // a column of them; JSON has what points carry
    bool numbered = false;  // tables tell queries apart
  };
  // `context` must outlive the printer.
  SearchPrinter(CommandContext& context, const Options& options)
      : context_(context), options_(options) {}

  // `number` is that of the query.
  void PrintPoints(uint64_t number, const std::vector<ScoredPoint>& points, double took_ms) const;
  void PrintGroups(uint64_t number, const std::vector<PointGroup>& groups, double took_ms) const;

 private:
  // False when there are no hits, which it says then.
  bool PrintHeading(uint64_t number, bool empty) const;

  CommandContext& context_;
  const Options options_;
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_OUTPUT_SEARCH_PRINTER_H_
