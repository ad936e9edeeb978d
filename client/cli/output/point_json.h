// Conversions between JSON and points. Input files, arguments and output use the same form, so that
// an exported file can be imported. input/point_line.h reads the lines of files.
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

// Returns the vector of an array of numbers within the range of float32. InvalidArgument names
// `field`.
absl::StatusOr<std::vector<float>> VectorFromJson(const Json& json, absl::string_view field);
// Returns the sparse vector of {"indices": [7, ..], "values": [0.5, ..]}, with one value for each
// index. InvalidArgument names `field`.
absl::StatusOr<SparseVector> SparseVectorFromJson(const Json& json, absl::string_view field);

Json ToJson(const PointId& id);
// Each returns the JSON of a value as one line. Payloads keep their numbers as they were written,
// which a tree of JSON does not: 10^30 and 1.10.
std::string ToLine(const Point& point);
std::string ToLine(const ScoredPoint& point);
std::string ToLine(const std::vector<ScoredPoint>& points);
std::string ToLine(const PointGroup& group);
// Appends a line that PointFromLine reads. To save time it is written without a JSON tree. The
// payload is copied as it is.
void AppendPointLine(const Point& point, std::string& out);

// Returns the double with the shortest decimal form that is still the float `value`. So 0.9f prints
// as 0.9 and not as 0.8999999761581421.
double ShortestDouble(float value);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_OUTPUT_POINT_JSON_H_
