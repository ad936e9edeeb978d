// The command search: by a vector, by words, by a sparse vector, or by several of these.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/types/span.h"
#include "client/cli/commands/commands.h"
#include "client/cli/flags/query_flags.h"
#include "client/cli/input/matrix_reader.h"
#include "client/cli/output/search_printer.h"

namespace tqdb::client {
namespace {

// Options of search.
struct SearchOptions {
  std::string collection;
  QueryFlags query;
  // Queries of --vector-file in one call. The server scores 64 queries in one pass over the codes.
  uint32_t batch_size = 64;
};

// Searches by groups and prints the results. There is no batch call for groups, so each query is a
// call of its own.
int GroupAndPrint(Client& client, const SearchOptions& options, absl::Span<const Query> queries,
                  uint64_t first, const SearchPrinter& printer, CommandContext& context) {
  for (size_t i = 0; i < queries.size(); ++i) {
    const absl::Time start = absl::Now();
    absl::StatusOr<std::vector<PointGroup>> groups =
        client.SearchGroups(options.collection, queries[i], options.query.group);
    if (!groups.ok()) return context.Fail(groups.status());
    printer.PrintGroups(first + i, *groups, absl::ToDoubleMilliseconds(absl::Now() - start));
  }
  return kExitOk;
}

// Runs the queries, in one call unless they group, and prints the results. `first` is the number of
// the first query, and `many` tells whether results are numbered.
int SearchAndPrint(Client& client, const SearchOptions& options, absl::Span<const Query> queries,
                   uint64_t first, bool many, CommandContext& context) {
  const SearchPrinter printer(
      context, {.payload = options.query.with_payload || !options.query.payload_keys.empty(),
                .numbered = many});
  if (!options.query.group.by.empty()) {
    return GroupAndPrint(client, options, queries, first, printer, context);
  }
  const absl::Time start = absl::Now();
  absl::StatusOr<std::vector<std::vector<ScoredPoint>>> results =
      client.SearchBatch(options.collection, queries);
  if (!results.ok()) return context.Fail(results.status());
  const double took_ms =
      absl::ToDoubleMilliseconds(absl::Now() - start) / static_cast<double>(queries.size());
  for (size_t i = 0; i < results->size(); ++i) {
    printer.PrintPoints(first + i, (*results)[i], took_ms);
  }
  return kExitOk;
}

// Runs a hybrid search and prints the result.
int SearchHybridAndPrint(Client& client, const SearchOptions& options, const HybridQuery& query,
                         CommandContext& context) {
  const SearchPrinter printer(
      context, {.payload = options.query.with_payload || !options.query.payload_keys.empty(),
                .numbered = false});
  const absl::Time start = absl::Now();
  absl::StatusOr<std::vector<ScoredPoint>> points = client.SearchHybrid(options.collection, query);
  if (!points.ok()) return context.Fail(points.status());
  printer.PrintPoints(0, *points, absl::ToDoubleMilliseconds(absl::Now() - start));
  return kExitOk;
}

// Returns the stored vector of a point, for --id.
absl::StatusOr<std::vector<float>> VectorOfPoint(Client& client, const SearchOptions& options,
                                                 const PointId& id) {
  absl::StatusOr<std::vector<Point>> points =
      client.Get(options.collection, {id}, {.payload = false, .vectors = true});
  if (!points.ok()) return points.status();
  if (points->empty()) {
    return absl::NotFoundError(
        absl::StrCat("--id: no point ", id.ToString(), " in \"", options.collection, "\""));
  }
  for (NamedVector& vector : (*points)[0].vectors) {
    if (vector.name == options.query.vector_name) return std::move(vector.values);
  }
  return absl::NotFoundError(absl::StrCat("--id: point ", id.ToString(), " has no vector named \"",
                                          options.query.vector_name, "\""));
}

// Searches with each row of --vector-file, or with one, as the vector of `query`.
int SearchFile(Client& client, const SearchOptions& options, const Query& query,
               CommandContext& context) {
  const QueryFlags& flags = options.query;
  absl::StatusOr<std::unique_ptr<MatrixReader>> matrix = OpenMatrix({.path = flags.vector_file});
  if (!matrix.ok()) return context.Fail(matrix.status());
  uint64_t begin = 0;
  uint64_t end = (*matrix)->rows();
  if (flags.row.has_value()) {
    if (*flags.row >= end) {
      return context.FailUsage(absl::StrCat("--row: ", *flags.row, " is not in 0..", end,
                                            " (exclusive), the rows of ", flags.vector_file));
    }
    begin = *flags.row;
    end = begin + 1;
  }
  (*matrix)->Seek(begin);
  std::vector<Query> queries;
  for (uint64_t row = begin; row < end; ++row) {
    queries.push_back(query);
    if (absl::Status s = (*matrix)->ReadRow(queries.back().vector); !s.ok()) {
      return context.Fail(s);
    }
    if (queries.size() < options.batch_size && row + 1 < end) continue;
    const uint64_t first = row + 1 - queries.size();
    const int code =
        SearchAndPrint(client, options, queries, first, /*many=*/end - begin > 1, context);
    if (code != kExitOk) return code;
    queries.clear();
  }
  return kExitOk;
}

// Reads the flags into a plan, fetches the vector if it is elsewhere, and runs the search.
int RunSearch(const SearchOptions& options, CommandContext& context) {
  absl::StatusOr<QueryPlan> plan = ReadQueryFlags(options.query);
  if (!plan.ok()) return context.FailInput(plan.status());
  absl::StatusOr<std::unique_ptr<Client>> client = context.Connect();
  if (!client.ok()) return context.Fail(client.status());
  if (!options.query.vector_file.empty()) {
    return SearchFile(**client, options, plan->query, context);
  }
  if (plan->point.has_value()) {
    absl::StatusOr<std::vector<float>> values = VectorOfPoint(**client, options, *plan->point);
    if (!values.ok()) return context.Fail(values.status());
    plan->vector_query().vector = *std::move(values);
  }
  if (plan->hybrid.has_value()) {
    return SearchHybridAndPrint(**client, options, *plan->hybrid, context);
  }
  return SearchAndPrint(**client, options, absl::MakeConstSpan(&plan->query, 1), 0, /*many=*/false,
                        context);
}

}  // namespace

void AddSearchCommand(FlagSet app, CommandContext& context) {
  FlagSet sub = app.AddCommand(
      "search", "Find points by a vector, by words, by a sparse vector, or by several of these");
  auto options = std::make_shared<SearchOptions>();
  sub.Add("collection", options->collection, "Name of the collection").Required();
  AddQueryFlags(sub, options->query);
  sub.Add("--batch-size", options->batch_size,
          "Queries of --vector-file in one call; 1 makes took_ms the time of a single search")
      .InRange(1, 1000)
      .ShowDefault();
  sub.Footer(absl::StrCat(
      "Examples:\n"
      "  tqdb search books --id 7 --limit 5 --with-payload\n"
      "  tqdb search books --vector '[0.12, -0.5, ...]' --rerank\n"
      "  tqdb search books --id 7 --filter '{\"must\": [{\"key\": \"lang\", \"match\": {\"value\": "
      "\"en\"}}]}'\n"
      "  tqdb search books --like 7 --like 8 --unlike 9\n"
      "  tqdb search books --text 'white whale' --text-key title\n"
      "  tqdb search books --sparse '{\"indices\": [17, 512], \"values\": [1.5, 0.2]}' "
      "--sparse-name terms\n"
      "  tqdb search books --id 7 --limit 20 --offset 20\n"
      "  tqdb search books --id 7 --mmr 0.5\n"
      "  tqdb search books --id 7 --group-by author.name --group-size 2 --limit 5\n"
      "  tqdb search books --vector-file queries.npy --row 3\n"
      "  tqdb search books --vector-file queries.npy --json > hits.jsonl\n"
      "Several of a vector, words and a sparse vector make a hybrid search, a part each:\n"
      "  tqdb search books --vector '[...]' --text 'white whale' --text-key title\n"
      "  tqdb search books --id 7 --text whale --text-key title --fusion weighted --weights "
      "0.7,0.3\n"
      "Scores are higher for better hits under every metric; for l2 they are minus the squared "
      "distance.\n\n",
      kFilterForms));
  sub.OnChosen([options, &context] {
    context.command() = [options, &context] { return RunSearch(*options, context); };
  });
}

}  // namespace tqdb::client
