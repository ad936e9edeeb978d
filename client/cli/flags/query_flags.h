// Options that say what a search looks for, and how.
//
// Three things can be looked for: what is like a vector (given, of a file, of a point, of
// examples), words, and a sparse vector. Several of them at once are a hybrid search.
#ifndef TQDB_CLIENT_CLI_FLAGS_QUERY_FLAGS_H_
#define TQDB_CLIENT_CLI_FLAGS_QUERY_FLAGS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/flags.h"
#include "client/cli/flags/filter_flag.h"
#include "client/cpp/query.h"

namespace tqdb::client {

struct QueryFlags {
  std::string vector;
  std::string vector_file;
  std::optional<uint64_t> row;
  std::string id;
  std::vector<std::string> like;
  std::vector<std::string> unlike;
  std::string vector_name;
  TextQuery text;
  std::string sparse;
  std::string sparse_name;
  std::string fusion = "rrf";
  std::vector<float> weights;
  uint32_t candidates = 0;
  uint32_t limit = 10;
  uint32_t offset = 0;
  bool exact = false;
  bool rerank = false;
  double oversampling = 0;
  float error_bound = 0;
  std::optional<float> score_threshold;
  std::optional<float> mmr;
  uint32_t mmr_candidates = 0;
  GroupOptions group;
  FilterFlag filter;
  bool with_payload = false;
  bool with_vectors = false;
};

// `flags` must outlive `app`.
void AddQueryFlags(FlagSet app, QueryFlags& flags);

// What the flags ask for, but for a vector that is elsewhere: in a file, or that of a stored point.
struct QueryPlan {
  Query query;                        // of a plain search
  std::optional<HybridQuery> hybrid;  // in place of it, when there are several parts
  std::optional<PointId> point;       // whose vector is that of vector_query()

  // The one that finds by a vector, if there is one: it is the first part of a hybrid search.
  Query& vector_query() { return hybrid.has_value() ? hybrid->parts[0].query : query; }
};

// InvalidArgument names the option; NotFound, PermissionDenied of a file.
absl::StatusOr<QueryPlan> ReadQueryFlags(const QueryFlags& flags);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_FLAGS_QUERY_FLAGS_H_
