// search.
#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/types/span.h"
#include "client/cli/commands.h"
#include "client/cli/filter_flag.h"
#include "client/cli/id_list.h"
#include "client/cli/json.h"
#include "client/cli/matrix_reader.h"
#include "client/cli/search_printer.h"

namespace tqdb::client {
namespace {

struct SearchOptions {
  std::string collection;
  std::string vector;
  std::string vector_file;
  std::optional<uint64_t> row;
  std::string id;
  std::string vector_name;
  uint32_t limit = 10;
  uint32_t batch_size = 64;  // enough for the server to score them together
  bool exact = false;
  bool rerank = false;
  double oversampling = 0;
  float error_bound = 0;
  std::optional<float> score_threshold;
  bool with_payload = false;
  bool with_vectors = false;
  uint32_t offset = 0;
  std::optional<float> mmr;
  uint32_t mmr_candidates = 0;
  std::vector<std::string> like;
  std::vector<std::string> unlike;
  TextQuery text;
  GroupOptions group;
  FilterFlag filter_flag;
  // Read from the flags.
  std::optional<Filter> filter;
  std::optional<Recommend> recommend;
};

Query MakeQuery(const SearchOptions& options, std::vector<float> vector) {
  Query query;
  query.vector = std::move(vector);
  query.vector_name = options.vector_name;
  query.limit = options.limit;
  query.score_threshold = options.score_threshold;
  query.select = {.payload = options.with_payload, .vectors = options.with_vectors};
  query.exact = options.exact;
  query.rerank = options.rerank;
  query.oversampling = options.oversampling;
  query.error_bound = options.error_bound;
  query.filter = options.filter;
  query.offset = options.offset;
  query.recommend = options.recommend;
  if (!options.text.text.empty()) query.text = options.text;
  if (options.mmr.has_value()) query.mmr = Mmr{*options.mmr, options.mmr_candidates};
  return query;
}

// One call a query.
int GroupAndPrint(Client& client, const SearchOptions& options, absl::Span<const Query> queries,
                  uint64_t first, const SearchPrinter& printer, CommandContext& context) {
  for (size_t i = 0; i < queries.size(); ++i) {
    const absl::Time start = absl::Now();
    absl::StatusOr<std::vector<PointGroup>> groups =
        client.SearchGroups(options.collection, queries[i], options.group);
    if (!groups.ok()) return context.Fail(groups.status());
    printer.PrintGroups(first + i, *groups, absl::ToDoubleMilliseconds(absl::Now() - start));
  }
  return kExitOk;
}

// Runs the queries, in one call unless they group, and prints their results; `first` is the number
// of the first.
int SearchAndPrint(Client& client, const SearchOptions& options, absl::Span<const Query> queries,
                   uint64_t first, bool many, CommandContext& context) {
  const SearchPrinter printer(context, {.payload = options.with_payload, .numbered = many});
  if (!options.group.by.empty()) {
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

// The stored vector of a point.
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
    if (vector.name == options.vector_name) return std::move(vector.values);
  }
  return absl::NotFoundError(absl::StrCat("--id: point ", id.ToString(), " has no vector named \"",
                                          options.vector_name, "\""));
}

int SearchFile(Client& client, const SearchOptions& options, CommandContext& context) {
  absl::StatusOr<std::unique_ptr<MatrixReader>> matrix = OpenMatrix(options.vector_file);
  if (!matrix.ok()) return context.Fail(matrix.status());
  uint64_t begin = 0;
  uint64_t end = (*matrix)->rows();
  if (options.row.has_value()) {
    if (*options.row >= end) {
      return context.FailUsage(absl::StrCat("--row: ", *options.row, " is not in 0..", end,
                                            " (exclusive), the rows of ", options.vector_file));
    }
    begin = *options.row;
    end = begin + 1;
  }
  (*matrix)->Seek(begin);
  std::vector<Query> queries;
  for (uint64_t row = begin; row < end; ++row) {
    std::vector<float> values;
    if (absl::Status s = (*matrix)->ReadRow(values); !s.ok()) return context.Fail(s);
    queries.push_back(MakeQuery(options, std::move(values)));
    if (queries.size() < options.batch_size && row + 1 < end) continue;
    const uint64_t first = row + 1 - queries.size();
    const int code =
        SearchAndPrint(client, options, queries, first, /*many=*/end - begin > 1, context);
    if (code != kExitOk) return code;
    queries.clear();
  }
  return kExitOk;
}

// What is wrong with the options together; empty when nothing is.
std::string FindContradiction(const SearchOptions& options) {
  const int sources = !options.vector.empty() + !options.vector_file.empty() + !options.id.empty() +
                      !options.like.empty() + !options.text.text.empty();
  if (options.like.empty() && !options.unlike.empty()) return "--unlike goes with --like";
  if (sources != 1) return "search: give one of --vector, --vector-file, --id, --like and --text";
  if (options.row.has_value() && options.vector_file.empty()) {
    return "--row goes with --vector-file";
  }
  if (options.exact && options.rerank) return "--exact and --rerank: give one of them";
  if (!options.group.by.empty() && options.offset > 0)
    return "--offset does not go with --group-by";
  return "";
}

absl::StatusOr<std::vector<PointId>> ReadExamples(const std::vector<std::string>& texts,
                                                  const char* option) {
  absl::StatusOr<std::vector<PointId>> ids = ParseIds(texts);
  if (ids.ok()) return ids;
  return absl::InvalidArgumentError(absl::StrCat(option, ": ", ids.status().message()));
}

absl::Status ReadRecommend(SearchOptions& options) {
  if (options.like.empty()) return absl::OkStatus();
  absl::StatusOr<std::vector<PointId>> like = ReadExamples(options.like, "--like");
  if (!like.ok()) return like.status();
  absl::StatusOr<std::vector<PointId>> unlike = ReadExamples(options.unlike, "--unlike");
  if (!unlike.ok()) return unlike.status();
  options.recommend = Recommend{*std::move(like), *std::move(unlike)};
  return absl::OkStatus();
}

int RunSearch(SearchOptions& options, CommandContext& context) {
  if (std::string fault = FindContradiction(options); !fault.empty()) {
    return context.FailUsage(fault);
  }
  if (absl::Status s = ReadRecommend(options); !s.ok()) return context.FailInput(s);
  std::vector<float> vector;
  if (!options.vector.empty()) {
    absl::StatusOr<Json> json = ParseJson(options.vector);
    if (!json.ok()) {
      return context.FailUsage(absl::StrCat("--vector: ", json.status().message()));
    }
    absl::StatusOr<std::vector<float>> values = VectorFromJson(*json, "--vector");
    if (!values.ok()) return context.FailUsage(std::string(values.status().message()));
    vector = *std::move(values);
  }
  PointId id;
  if (!options.id.empty()) {
    absl::StatusOr<PointId> parsed = PointId::Parse(options.id);
    if (!parsed.ok()) {
      return context.FailUsage(absl::StrCat("--id: ", parsed.status().message()));
    }
    id = *std::move(parsed);
  }
  absl::StatusOr<std::optional<Filter>> filter = ReadFilterFlag(options.filter_flag);
  if (!filter.ok()) return context.FailInput(filter.status());
  options.filter = *std::move(filter);
  absl::StatusOr<std::unique_ptr<Client>> client = context.Connect();
  if (!client.ok()) return context.Fail(client.status());
  if (!options.vector_file.empty()) return SearchFile(**client, options, context);
  if (!options.id.empty()) {
    absl::StatusOr<std::vector<float>> values = VectorOfPoint(**client, options, id);
    if (!values.ok()) return context.Fail(values.status());
    vector = *std::move(values);
  }
  const Query query = MakeQuery(options, std::move(vector));
  return SearchAndPrint(**client, options, absl::MakeConstSpan(&query, 1), 0, /*many=*/false,
                        context);
}

}  // namespace

void AddSearchCommand(CLI::App& app, CommandContext& context) {
  CLI::App* sub = app.add_subcommand("search", "Find the points most similar to a vector");
  auto options = std::make_shared<SearchOptions>();
  sub->add_option("collection", options->collection, "Name of the collection")->required();
  sub->add_option("--vector", options->vector, "The query as a JSON array: '[0.1, 0.2, ...]'");
  sub->add_option("--vector-file", options->vector_file,
                  "Queries from a .npy or .fvecs file: all rows, or one with --row");
  sub->add_option("--row", options->row, "Row of --vector-file, from 0");
  sub->add_option("--id", options->id, "Search by the vector of this point");
  sub->add_option("--like", options->like,
                  "Search for what is like this point, without it; may repeat")
      ->type_name("ID")
      ->allow_extra_args(false);
  sub->add_option("--unlike", options->unlike, "And unlike this one; may repeat")
      ->type_name("ID")
      ->allow_extra_args(false);
  CLI::Option* text =
      sub->add_option("--text", options->text.text,
                      "Search for words, ranked by BM25, in the payload key --text-key");
  CLI::Option* text_key = sub->add_option("--text-key", options->text.key,
                                          "Payload key with an index of kind text, for --text");
  text->type_name("WORDS")->needs(text_key);
  text_key->type_name("KEY")->needs(text);
  sub->add_option("--vector-name", options->vector_name, "Vector space; default: the unnamed one");
  sub->add_option("-k,--limit", options->limit, "Hits, or groups, to return")
      ->capture_default_str();
  sub->add_option("--offset", options->offset, "Leave out so many of the best hits");
  sub->add_option("--batch-size", options->batch_size,
                  "Queries of --vector-file in one call; 1 makes took_ms the time of a single search")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  sub->add_flag("--exact", options->exact, "Compare with every stored original: slow, exact");
  sub->add_flag("--rerank", options->rerank, "Rescore the best hits from stored originals");
  sub->add_option("--oversampling", options->oversampling,
                  "Candidates to rerank, as a multiple of the limit; 0: the server's default");
  sub->add_option("--error-bound", options->error_bound,
                  "Width of the scan's error bound in standard deviations; 0: the server's default");
  sub->add_option("--score-threshold", options->score_threshold, "Leave out hits that score less");
  CLI::Option* mmr = sub->add_option(
      "--mmr", options->mmr,
      "Hits that are unlike each other: 0, the order of scores, to 1, diversity alone");
  mmr->type_name("DIVERSITY")->check(CLI::Range(0.0, 1.0));
  sub->add_option("--mmr-candidates", options->mmr_candidates,
                  "Best hits that --mmr picks from; 0: the server's default, four times the limit")
      ->needs(mmr);
  CLI::Option* group_by = sub->add_option(
      "--group-by", options->group.by,
      "The best hits of each of the best values of this payload key; --limit is that of groups");
  group_by->type_name("KEY");
  sub->add_option("--group-size", options->group.size, "Hits of a group; default: 3")
      ->check(CLI::PositiveNumber)
      ->needs(group_by);
  AddFilterOption(*sub, options->filter_flag, "Only points that match");
  sub->add_flag("--with-payload", options->with_payload, "Print payloads");
  sub->add_flag("--with-vectors", options->with_vectors, "Print vectors (with --json)");
  sub->footer(absl::StrCat(
      "Examples:\n"
      "  tqdb search books --id 7 --limit 5 --with-payload\n"
      "  tqdb search books --vector '[0.12, -0.5, ...]' --rerank\n"
      "  tqdb search books --id 7 --filter '{\"must\": [{\"key\": \"lang\", \"match\": {\"value\": "
      "\"en\"}}]}'\n"
      "  tqdb search books --like 7 --like 8 --unlike 9\n"
      "  tqdb search books --text 'white whale' --text-key title\n"
      "  tqdb search books --id 7 --limit 20 --offset 20\n"
      "  tqdb search books --id 7 --mmr 0.5\n"
      "  tqdb search books --id 7 --group-by author --group-size 2 --limit 5\n"
      "  tqdb search books --vector-file queries.npy --row 3\n"
      "  tqdb search books --vector-file queries.npy --json > hits.jsonl\n"
      "Scores are higher for better hits under every metric; for l2 they are minus the squared "
      "distance.\n\n",
      kFilterForms));
  sub->callback([options, &context] {
    context.command() = [options, &context] { return RunSearch(*options, context); };
  });
}

}  // namespace tqdb::client
