// Prints results of searches: tables for people, or one JSON object for each query for programs.
#ifndef TQDB_CLIENT_CLI_OUTPUT_SEARCH_PRINTER_H_
#define TQDB_CLIENT_CLI_OUTPUT_SEARCH_PRINTER_H_

#include <cstdint>
#include <vector>

#include "client/cli/commands/command_context.h"
#include "client/cpp/query.h"

namespace tqdb::client {

// Prints results as they come. Not thread-safe.
class SearchPrinter {
 public:
  struct Options {
    bool payload = false;   // whether tables have a column of payloads
    bool numbered = false;  // whether tables have the number of their query in front
  };
  // Requires: `context` outlives the printer.
  SearchPrinter(CommandContext& context, const Options& options)
      : context_(context), options_(options) {}

  // Print the result of query `number`. `took_ms` is the time of the call for one query.
  void PrintPoints(uint64_t number, const std::vector<ScoredPoint>& points, double took_ms) const;
  void PrintGroups(uint64_t number, const std::vector<PointGroup>& groups, double took_ms) const;

 private:
  // Prints the heading of a table. Returns false, after a remark, if there are no hits.
  bool PrintHeading(uint64_t number, bool empty) const;

  CommandContext& context_;
  const Options options_;
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_OUTPUT_SEARCH_PRINTER_H_
