#include "client/cli/output/point_json.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/json_text.h"

namespace tqdb::client {
namespace {

void AppendFloat(float value, std::string& out) {
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), value);
  out.append(buffer, end);
}

void AppendVector(const std::vector<float>& values, std::string& out) {
  out.push_back('[');
  for (size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out.push_back(',');
    AppendFloat(values[i], out);
  }
  out.push_back(']');
}

Json VectorToJson(const std::vector<float>& values) {
  Json out = Json::array();
  for (float value : values) out.push_back(ShortestDouble(value));
  return out;
}

// Appends a payload on one line, with its numbers as they were written. In JSON a line break can
// only stand between tokens, where a space means the same.
void AppendPayload(const std::string& payload, std::string& out) {
  const size_t begin = out.size();
  out.append(payload);
  for (size_t i = begin; i < out.size(); ++i) {
    if (out[i] == '\n' || out[i] == '\r') out[i] = ' ';
  }
}

// Returns the line of a point whose other members are `rest`, an object that is not empty. The
// server stores only JSON; if a payload is not JSON all the same, it is shown as a string.
std::string LineWithPayload(const Json& rest, const std::string& payload) {
  std::string line = ToLine(rest);
  if (payload.empty()) return line;
  line.pop_back();  // the brace
  line.append(",\"payload\":");
  if (Json::accept(payload)) {
    AppendPayload(payload, line);
  } else {
    line.append(ToLine(Json(payload)));
  }
  line.push_back('}');
  return line;
}

// Adds the vectors of a Point or a ScoredPoint.
template <typename AnyPoint>
void AddVectors(const AnyPoint& point, Json& out) {
  const std::vector<NamedVector>& vectors = point.vectors;
  if (vectors.size() == 1 && vectors[0].name.empty()) {
    out["vector"] = VectorToJson(vectors[0].values);
  } else if (!vectors.empty()) {
    for (const NamedVector& vector : vectors) {
      out["vectors"][vector.name] = VectorToJson(vector.values);
    }
  }
  for (const NamedSparseVector& named : point.sparse_vectors) {
    Json& sparse = out["sparse_vectors"][named.name];
    sparse["indices"] = named.vector.indices;
    sparse["values"] = VectorToJson(named.vector.values);
  }
}

}  // namespace

absl::StatusOr<std::vector<float>> VectorFromJson(const Json& json, absl::string_view field) {
  if (!json.is_array() || json.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ": ", Excerpt(json), " is not an array of numbers"));
  }
  std::vector<float> values;
  values.reserve(json.size());
  for (const Json& item : json) {
    const double value =
        item.is_number() ? item.get<double>() : std::numeric_limits<double>::quiet_NaN();
    if (!(std::abs(value) <= std::numeric_limits<float>::max())) {
      return absl::InvalidArgumentError(absl::StrCat(
          field, "[", values.size(), "]: ", Excerpt(item), " is not a number that fits float32"));
    }
    values.push_back(static_cast<float>(value));
  }
  return values;
}

absl::StatusOr<SparseVector> SparseVectorFromJson(const Json& json, absl::string_view field) {
  if (!json.is_object() || json.size() != 2 || !json.contains("indices") ||
      !json.contains("values")) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ": ", Excerpt(json),
                     " is not of the form {\"indices\": [7, ...], \"values\": [0.5, ...]}"));
  }
  SparseVector out;
  const Json& indices = json["indices"];
  if (!indices.is_array()) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ".indices: ", Excerpt(indices), " is not an array of numbers"));
  }
  for (const Json& index : indices) {
    if (!index.is_number_unsigned() ||
        index.get<uint64_t>() > std::numeric_limits<uint32_t>::max()) {
      return absl::InvalidArgumentError(absl::StrCat(field, ".indices[", out.indices.size(), "]: ",
                                                     Excerpt(index), " is not in 0..4294967295"));
    }
    out.indices.push_back(index.get<uint32_t>());
  }
  absl::StatusOr<std::vector<float>> values =
      VectorFromJson(json["values"], absl::StrCat(field, ".values"));
  if (!values.ok()) return values.status();
  out.values = *std::move(values);
  if (out.indices.size() != out.values.size()) {
    return absl::InvalidArgumentError(absl::StrCat(field, ": ", out.indices.size(), " indices and ",
                                                   out.values.size(), " values"));
  }
  return out;
}

Json ToJson(const PointId& id) { return id.is_uuid() ? Json(id.uuid()) : Json(id.number()); }

std::string ToLine(const Point& point) {
  Json out;
  out["id"] = ToJson(point.id);
  AddVectors(point, out);
  return LineWithPayload(out, point.payload);
}

std::string ToLine(const ScoredPoint& point) {
  Json out;
  out["id"] = ToJson(point.id);
  out["score"] = ShortestDouble(point.score);
  AddVectors(point, out);
  return LineWithPayload(out, point.payload);
}

std::string ToLine(const std::vector<ScoredPoint>& points) {
  return absl::StrCat(
      "[",
      absl::StrJoin(points, ",",
                    [](std::string* out, const auto& point) { out->append(ToLine(point)); }),
      "]");
}

std::string ToLine(const PointGroup& group) {
  return absl::StrCat("{\"value\":", ToLine(ToJson(group.value)),
                      ",\"points\":", ToLine(group.points), "}");
}

void AppendPointLine(const Point& point, std::string& out) {
  out.append("{\"id\":");
  out.append(ToLine(ToJson(point.id)));
  if (point.vectors.size() == 1 && point.vectors[0].name.empty()) {
    out.append(",\"vector\":");
    AppendVector(point.vectors[0].values, out);
  } else if (!point.vectors.empty()) {
    out.append(",\"vectors\":{");
    for (size_t i = 0; i < point.vectors.size(); ++i) {
      if (i > 0) out.push_back(',');
      out.append(ToLine(Json(point.vectors[i].name)));
      out.push_back(':');
      AppendVector(point.vectors[i].values, out);
    }
    out.push_back('}');
  }
  for (size_t i = 0; i < point.sparse_vectors.size(); ++i) {
    const NamedSparseVector& sparse = point.sparse_vectors[i];
    out.append(i == 0 ? ",\"sparse_vectors\":{" : ",");
    out.append(ToLine(Json(sparse.name)));
    out.append(":{\"indices\":[");
    out.append(absl::StrJoin(sparse.vector.indices, ","));
    out.append("],\"values\":");
    AppendVector(sparse.vector.values, out);
    out.push_back('}');
  }
  if (!point.sparse_vectors.empty()) out.push_back('}');
  if (!point.payload.empty()) {
    out.append(",\"payload\":");
    AppendPayload(point.payload, out);
  }
  out.append("}\n");
}

double ShortestDouble(float value) {
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), value);
  double shortest = value;
  std::from_chars(buffer, end, shortest);
  return shortest;
}

}  // namespace tqdb::client
