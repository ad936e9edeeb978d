// Between JSON and points: one spelling for input files, arguments and output.
#ifndef TQDB_CLIENT_CLI_OUTPUT_POINT_JSON_H_
#define TQDB_CLIENT_CLI_OUTPUT_POINT_JSON_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cli/output/json.h"
#include "client/cpp/query.h"
#include "client/cpp/types.h"

namespace tqdb::client {

// InvalidArgument names `field`. Every value must be a number within the range of float32.
absl::StatusOr<std::vector<float>> VectorFromJson(const Json& json, absl::string_view field);
// {"indices": [7, ..], "values": [0.5, ..]}, one value for each index. InvalidArgument names
// `field`.
absl::StatusOr<SparseVector> SparseVectorFromJson(const Json& json, absl::string_view field);
// A number in 0..2^64-1 or a string with a UUID.
absl::StatusOr<PointId> PointIdFromJson(const Json& json);
// One line of an import file: {"id": .., "vector": [..] or "vectors": {"name": [..]},
// "sparse_vectors": {"name": {"indices": [..], "values": [..]}}, "payload": {..}}.
// `has_id` tells whether "id" was there. InvalidArgument names the key.
struct PointLine {
  Point point;
  bool has_id = false;
};
absl::StatusOr<PointLine> PointFromLine(absl::string_view line);

Json ToJson(const PointId& id);
Json ToJson(const Point& point);
Json ToJson(const ScoredPoint& point);
Json ToJson(const PointGroup& group);
// A point as PointFromLine reads it, written without building a tree. The payload is copied as it
// is.
void AppendPointLine(const Point& point, std::string& out);

// The number whose shortest decimal form is that of `value`, so that 0.9f prints as 0.9.
double ShortestDouble(float value);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_OUTPUT_POINT_JSON_H_
