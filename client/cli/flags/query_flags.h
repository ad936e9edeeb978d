// Options that say what a search looks for, and how.
//
// A search has up to three parts: a vector, words, and a sparse vector. The vector is given as
// JSON, by a row of a file, by a point, or by examples. One part is a plain search, and several
// parts are a hybrid search. Example: --id 7 --text whale --text-key title has two.
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

// Values of the options. Empty strings and unset optionals were not given.
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
  std::vector<std::string> payload_keys;  // parts of the payload; they imply with_payload
  bool with_vectors = false;
};

// Adds the options to a command. Requires: `flags` outlives `app`.
void AddQueryFlags(FlagSet app, QueryFlags& flags);

// The search that the flags ask for. A vector that must be fetched first, from a file or from a
// stored point, is not filled in.
struct QueryPlan {
  Query query;                        // the plain search; unused if `hybrid` is set
  std::optional<HybridQuery> hybrid;  // set if there are several parts
  std::optional<PointId> point;       // point whose vector vector_query() needs

  // Returns the part that finds by a vector. In a hybrid search it is the first one.
  Query& vector_query() { return hybrid.has_value() ? hybrid->parts[0].query : query; }
};

// Returns the search. InvalidArgument names the option; NotFound and PermissionDenied come from a
// file.
absl::StatusOr<QueryPlan> ReadQueryFlags(const QueryFlags& flags);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_FLAGS_QUERY_FLAGS_H_
