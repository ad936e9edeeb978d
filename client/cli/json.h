// Between JSON and the plain types: one spelling for input files, arguments and output.
#ifndef TQDB_CLIENT_CLI_JSON_H_
#define TQDB_CLIENT_CLI_JSON_H_

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cpp/query.h"
#include "client/cpp/types.h"

namespace tqdb::client {

using Json = nlohmann::ordered_json;  // keys stay in the order in which they were written

// InvalidArgument names the byte at which the text stops being JSON.
absl::StatusOr<Json> ParseJson(absl::string_view text);
// One line, never fails: invalid UTF-8 is replaced.
std::string ToLine(const Json& json);

// InvalidArgument names `field`. Every value must be a number within the range of float32.
absl::StatusOr<std::vector<float>> VectorFromJson(const Json& json, absl::string_view field);
// A number in 0..2^64-1 or a string with a UUID.
absl::StatusOr<PointId> PointIdFromJson(const Json& json);
// One line of an import file: {"id": .., "vector": [..] or "vectors": {"name": [..]}, "payload": {..}}.
// `has_id` tells whether "id" was there. InvalidArgument names the key.
struct PointLine {
  Point point;
  bool has_id = false;
};
absl::StatusOr<PointLine> PointFromLine(absl::string_view line);

Json ToJson(const PointId& id);
Json ToJson(const CollectionInfo& info);
Json ToJson(const PayloadIndexInfo& index);
Json ToJson(const PayloadValue& value);
Json ToJson(const FacetCount& count);
Json ToJson(const PointGroup& group);
Json ToJson(const ScoredPoint& point);
Json ToJson(const ServerInfo& info);
Json ToJson(const Point& point);
// For people: strings without quotes.
std::string ToText(const PayloadValue& value);
Json ErrorToJson(const absl::Status& status);
// A point as PointFromLine reads it, written without building a tree. The payload is copied as it is.
void AppendPointLine(const Point& point, std::string& out);

// The number whose shortest decimal form is that of `value`, so that 0.9f prints as 0.9.
double ShortestDouble(float value);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_JSON_H_
