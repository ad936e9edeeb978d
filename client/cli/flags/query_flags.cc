#include "client/cli/flags/query_flags.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/flags/id_list.h"
#include "client/cli/output/point_json.h"

namespace tqdb::client {
namespace {

// Default number of candidates of each part of a hybrid search, as a multiple of limit + offset. A
// point just behind the end of one list would get no share of it.
constexpr uint64_t kCandidates = 10;
constexpr uint64_t kMaxCandidates = 10'000;  // the server's largest limit

// The parts of a search that the flags name.
struct Parts {
  explicit Parts(const QueryFlags& flags)
      : vectors(!flags.vector.empty() + !flags.vector_file.empty() + !flags.id.empty() +
                !(flags.like.empty() && flags.unlike.empty())),
        text(!flags.text.text.empty()),
        sparse(!flags.sparse.empty()) {}
  size_t count() const { return static_cast<size_t>((vectors > 0) + text + sparse); }

  int vectors;  // number of ways in which a vector is given; more than one is an error
  bool text;
  bool sparse;
};

// Returns what is wrong with the options together, or "" if they fit. The parser checks only each
// option by itself.
std::string FindContradiction(const QueryFlags& flags) {
  const Parts parts(flags);
  if (parts.vectors > 1)
    return "search: give one of --vector, --vector-file, --id, and --like or --unlike";
  if (parts.count() == 0) {
    return "search: give one of --vector, --vector-file, --id and --like, or --text, or --sparse, "
           "or several of the three";
  }
  if (flags.row.has_value() && flags.vector_file.empty()) return "--row goes with --vector-file";
  if (flags.exact && flags.rerank) return "--exact and --rerank: give one of them";
  const bool of_vectors = !flags.vector_name.empty() || flags.exact || flags.rerank ||
                          flags.oversampling != 0 || flags.error_bound != 0;
  if (parts.vectors == 0 && of_vectors) {
    return "--vector-name, --exact, --rerank, --oversampling and --error-bound go with a search by "
           "a vector";
  }
  if (parts.count() == 1) {
    if (flags.fusion != "rrf") return "--fusion goes with several parts of a hybrid search";
    if (!flags.weights.empty()) return "--weights goes with several parts of a hybrid search";
    if (flags.candidates > 0) return "--candidates goes with several parts of a hybrid search";
    return "";
  }
  if (!flags.vector_file.empty()) return "--vector-file does not go with --text or --sparse";
  if (flags.mmr.has_value()) return "--mmr does not go with a hybrid search";
  if (!flags.group.by.empty()) return "--group-by does not go with a hybrid search";
  if (flags.score_threshold.has_value()) {
    return "--score-threshold does not go with a hybrid search";
  }
  if (!flags.weights.empty() && flags.weights.size() != parts.count()) {
    return absl::StrCat("--weights: ", flags.weights.size(), " weights for ", parts.count(),
                        " parts");
  }
  return "";
}

// Returns the status with the name of the option in front.
absl::Status InOption(const char* option, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(option, ": ", status.message()));
}

absl::StatusOr<std::vector<PointId>> ReadExamples(const std::vector<std::string>& texts,
                                                  const char* option) {
  absl::StatusOr<std::vector<PointId>> ids = ParseIds(texts);
  if (ids.ok()) return ids;
  return InOption(option, ids.status());
}

Select SelectOf(const QueryFlags& flags) {
  return {.payload = flags.with_payload || !flags.payload_keys.empty(),
          .vectors = flags.with_vectors,
          .payload_include = flags.payload_keys};
}

// Returns a query with the settings that all parts share; it has nothing to find so far.
Query CommonOf(const QueryFlags& flags) {
  Query query;
  query.limit = flags.limit;
  query.offset = flags.offset;
  query.score_threshold = flags.score_threshold;
  query.select = SelectOf(flags);
  if (flags.mmr.has_value()) query.mmr = Mmr{*flags.mmr, flags.mmr_candidates};
  return query;
}

// Sets the part by a vector. The vector itself is set only if it is in an option. `point` is set if
// it is the vector of a point.
absl::Status FindByVector(const QueryFlags& flags, Query& query, std::optional<PointId>& point) {
  query.vector_name = flags.vector_name;
  query.exact = flags.exact;
  query.rerank = flags.rerank;
  query.oversampling = flags.oversampling;
  query.error_bound = flags.error_bound;
  if (!flags.vector.empty()) {
    absl::StatusOr<Json> json = ParseJson(flags.vector);
    if (!json.ok()) return InOption("--vector", json.status());
    absl::StatusOr<std::vector<float>> values = VectorFromJson(*json, "--vector");
    if (!values.ok()) return values.status();
    query.vector = *std::move(values);
  }
  if (!flags.id.empty()) {
    absl::StatusOr<PointId> parsed = PointId::Parse(flags.id);
    if (!parsed.ok()) return InOption("--id", parsed.status());
    point = *std::move(parsed);
  }
  if (!flags.like.empty() || !flags.unlike.empty()) {
    absl::StatusOr<std::vector<PointId>> like = ReadExamples(flags.like, "--like");
    if (!like.ok()) return like.status();
    absl::StatusOr<std::vector<PointId>> unlike = ReadExamples(flags.unlike, "--unlike");
    if (!unlike.ok()) return unlike.status();
    query.recommend = Recommend{*std::move(like), *std::move(unlike)};
  }
  return absl::OkStatus();
}

// Sets the part by a sparse vector.
absl::Status FindBySparse(const QueryFlags& flags, Query& query) {
  absl::StatusOr<std::string> text = ReadValueOrFile(flags.sparse, "--sparse");
  if (!text.ok()) return text.status();
  absl::StatusOr<Json> json = ParseJson(*text);
  if (!json.ok()) return InOption("--sparse", json.status());
  absl::StatusOr<SparseVector> sparse = SparseVectorFromJson(*json, "--sparse");
  if (!sparse.ok()) return sparse.status();
  query.sparse = *std::move(sparse);
  query.vector_name = flags.sparse_name;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<QueryPlan> ReadQueryFlags(const QueryFlags& flags) {
  if (std::string fault = FindContradiction(flags); !fault.empty()) {
    return absl::InvalidArgumentError(fault);
  }
  absl::StatusOr<std::optional<Filter>> filter = ReadFilterFlag(flags.filter);
  if (!filter.ok()) return filter.status();
  const Parts parts(flags);
  QueryPlan plan;
  std::vector<Query> queries;
  const auto add = [&]() -> Query& {
    queries.push_back(CommonOf(flags));
    queries.back().filter = *filter;
    return queries.back();
  };
  if (parts.vectors > 0) {
    if (absl::Status s = FindByVector(flags, add(), plan.point); !s.ok()) return s;
  }
  if (parts.text) add().text = flags.text;
  if (parts.sparse) {
    if (absl::Status s = FindBySparse(flags, add()); !s.ok()) return s;
  }
  if (queries.size() == 1) {
    plan.query = std::move(queries[0]);
    return plan;
  }
  HybridQuery hybrid;
  hybrid.limit = flags.limit;
  hybrid.offset = flags.offset;
  hybrid.select = SelectOf(flags);
  if (flags.fusion == "weighted") hybrid.fusion = WeightedFusion();
  const uint64_t wanted = uint64_t{flags.limit} + flags.offset;
  for (size_t i = 0; i < queries.size(); ++i) {
    HybridPart& part = hybrid.parts.emplace_back();
    part.query = std::move(queries[i]);
    part.query.offset = 0;
    part.query.limit = flags.candidates > 0
                           ? flags.candidates
                           : static_cast<uint32_t>(std::min(kCandidates * wanted, kMaxCandidates));
    if (!flags.weights.empty()) part.weight = flags.weights[i];
  }
  plan.hybrid = std::move(hybrid);
  return plan;
}

void AddQueryFlags(FlagSet app, QueryFlags& flags) {
  app.Add("--vector", flags.vector, "The query as a JSON array: '[0.1, 0.2, ...]'");
  app.Add("--vector-file", flags.vector_file,
          "Queries from a .npy or .fvecs file: all rows, or one with --row");
  app.Add("--row", flags.row, "Row of --vector-file, from 0");
  app.Add("--id", flags.id, "Search by the vector of this point");
  app.Add("--like", flags.like, "Search for what is like this point, without it; may repeat")
      .Placeholder("ID")
      .OneValueEachTime();
  app.Add("--unlike", flags.unlike,
          "And unlike this one; may repeat. Alone: for what is least like it")
      .Placeholder("ID")
      .OneValueEachTime();
  app.Add("--vector-name", flags.vector_name, "Vector space; default: the unnamed one");
  Flag text = app.Add("--text", flags.text.text,
                      "Search for words, ranked by BM25, in the payload key --text-key");
  Flag text_key =
      app.Add("--text-key", flags.text.key, "Payload key with an index of kind text, for --text");
  text.Placeholder("WORDS").Needs(text_key);
  text_key.Placeholder("KEY").Needs(text);
  Flag sparse =
      app.Add("--sparse", flags.sparse,
              "Search by a sparse vector: '{\"indices\": [7, ...], \"values\": [0.5, ...]}', "
              "or @FILE with it");
  Flag sparse_name = app.Add("--sparse-name", flags.sparse_name, "Sparse space, for --sparse");
  sparse.Placeholder("JSON").Needs(sparse_name);
  sparse_name.Placeholder("NAME").Needs(sparse);
  app.Add("--fusion", flags.fusion,
          "How the parts of a hybrid search become one list: rrf, by their ranks, or "
          "weighted, by their scores")
      .OneOf({"rrf", "weighted"})
      .ShowDefault();
  app.Add("--weights", flags.weights,
          "Weights of the parts of a hybrid search, in the order vector, text, sparse; "
          "default: 1 each")
      .Placeholder("W,W[,W]")
      .Separator(',')
      .OneValueEachTime()
      .Positive();
  app.Add("--candidates", flags.candidates,
          "Best hits of each part of a hybrid search; default: ten times limit + offset")
      .Positive();
  app.Add("-k,--limit", flags.limit, "Hits, or groups, to return").ShowDefault();
  app.Add("--offset", flags.offset, "Leave out so many of the best hits");
  app.AddSwitch("--exact", flags.exact, "Compare with every stored original: slow, exact");
  app.AddSwitch("--rerank", flags.rerank, "Rescore the best hits from stored originals");
  app.Add("--oversampling", flags.oversampling,
          "Candidates to rerank, as a multiple of limit + offset; 0: the server's default");
  app.Add("--error-bound", flags.error_bound,
          "Width of the scan's error bound in standard deviations; 0: the server's default");
  app.Add("--score-threshold", flags.score_threshold, "Leave out hits that score less");
  Flag mmr =
      app.Add("--mmr", flags.mmr,
              "Hits that are unlike each other: 0, the order of scores, to 1, diversity alone");
  mmr.Placeholder("DIVERSITY").InRange(0.0, 1.0);
  app.Add("--mmr-candidates", flags.mmr_candidates,
          "Best hits that --mmr picks from; 0: the server's default, four times the limit")
      .Needs(mmr);
  Flag group_by = app.Add(
      "--group-by", flags.group.by,
      "The best hits of each of the best values of this payload key; --limit and --offset are "
      "those of groups");
  group_by.Placeholder("KEY");
  app.Add("--group-size", flags.group.size, "Hits of a group; default: 3")
      .Positive()
      .Needs(group_by);
  AddFilterOption(app, flags.filter, "Only points that match");
  app.AddSwitch("--with-payload", flags.with_payload, "Print payloads");
  app.Add("--payload-keys", flags.payload_keys,
          "Print this part of the payload, a path such as author.name; may repeat")
      .Placeholder("KEY")
      .OneValueEachTime();
  app.AddSwitch("--with-vectors", flags.with_vectors, "Print vectors (with --json)");
}

}  // namespace tqdb::client
