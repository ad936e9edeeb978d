#include "client/cli/json.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tqdb::client {
namespace {

constexpr auto kReplace = Json::error_handler_t::replace;

std::string Excerpt(const Json& json) {
  constexpr size_t kMaxShown = 60;
  std::string text = json.dump(-1, ' ', false, kReplace);
  if (text.size() > kMaxShown) text = text.substr(0, kMaxShown) + "...";
  return text;
}

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

// What the server stores is JSON; should it ever not be, it is shown as text.
Json PayloadToJson(const std::string& payload) {
  Json parsed = Json::parse(payload, nullptr, /*allow_exceptions=*/false);
  return parsed.is_discarded() ? Json(payload) : parsed;
}

void AddVectors(const std::vector<NamedVector>& vectors, Json& out) {
  if (vectors.size() == 1 && vectors[0].name.empty()) {
    out["vector"] = VectorToJson(vectors[0].values);
  } else if (!vectors.empty()) {
    for (const NamedVector& vector : vectors) {
      out["vectors"][vector.name] = VectorToJson(vector.values);
    }
  }
}

}  // namespace

absl::StatusOr<Json> ParseJson(absl::string_view text) {
  // The library reports a position only by exception.
  try {
    return Json::parse(text.begin(), text.end());
  } catch (const Json::parse_error& error) {
    return absl::InvalidArgumentError(absl::StrCat("not valid JSON at byte ", error.byte));
  } catch (const Json::exception&) {
    return absl::InvalidArgumentError("not valid JSON: a number is out of range");
  }
}

std::string ToLine(const Json& json) { return json.dump(-1, ' ', false, kReplace); }

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
      return absl::InvalidArgumentError(absl::StrCat(field, "[", values.size(), "]: ", Excerpt(item),
                                                     " is not a number that fits float32"));
    }
    values.push_back(static_cast<float>(value));
  }
  return values;
}

absl::StatusOr<PointId> PointIdFromJson(const Json& json) {
  if (json.is_number_unsigned()) return PointId::Number(json.get<uint64_t>());
  if (json.is_string()) return PointId::Uuid(json.get_ref<const std::string&>());
  return absl::InvalidArgumentError(
      absl::StrCat("id: ", Excerpt(json),
                   " is neither a number in 0..18446744073709551615 nor a string with a UUID"));
}

absl::StatusOr<PointLine> PointFromLine(absl::string_view line) {
  absl::StatusOr<Json> parsed = ParseJson(line);
  if (!parsed.ok()) return parsed.status();
  if (!parsed->is_object()) {
    return absl::InvalidArgumentError(absl::StrCat(Excerpt(*parsed), " is not a JSON object"));
  }
  PointLine out;
  for (const auto& [key, value] : parsed->items()) {
    if (key == "id") {
      absl::StatusOr<PointId> id = PointIdFromJson(value);
      if (!id.ok()) return id.status();
      out.point.id = *std::move(id);
      out.has_id = true;
    } else if (key == "vector") {
      absl::StatusOr<std::vector<float>> values = VectorFromJson(value, "vector");
      if (!values.ok()) return values.status();
      out.point.vectors.push_back({"", *std::move(values)});
    } else if (key == "vectors") {
      if (!value.is_object()) {
        return absl::InvalidArgumentError(
            absl::StrCat("vectors: ", Excerpt(value), " is not an object of name: [numbers]"));
      }
      for (const auto& [name, vector] : value.items()) {
        absl::StatusOr<std::vector<float>> values =
            VectorFromJson(vector, absl::StrCat("vectors.", name));
        if (!values.ok()) return values.status();
        out.point.vectors.push_back({name, *std::move(values)});
      }
    } else if (key == "payload") {
      if (value.is_null()) continue;
      if (!value.is_object()) {
        return absl::InvalidArgumentError(
            absl::StrCat("payload: ", Excerpt(value), " is not an object"));
      }
      out.point.payload = ToLine(value);
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("unknown key \"", key,
                       "\"; allowed are id, vector, vectors, payload (own fields go into payload)"));
    }
  }
  if (out.point.vectors.empty()) {
    return absl::InvalidArgumentError("neither \"vector\" nor \"vectors\" is given");
  }
  return out;
}

Json ToJson(const PointId& id) { return id.is_uuid() ? Json(id.uuid()) : Json(id.number()); }

Json ToJson(const CollectionInfo& info) {
  Json out;
  out["name"] = info.name;
  out["status"] = std::string(CollectionStatusName(info.status));
  out["error"] = info.error;
  out["points"] = info.points;
  out["disk_bytes"] = info.disk_bytes;
  out["write_buffer_bytes"] = info.write_buffer_bytes;
  out["memory_bytes"] = info.memory_bytes;
  out["disk_bytes_per_point"] = info.disk_bytes_per_point;
  out["memory_bytes_per_point"] = info.memory_bytes_per_point;
  out["metadata"] = Json::object();
  for (const auto& [key, value] : info.config.metadata) out["metadata"][key] = value;
  out["vector_spaces"] = Json::array();
  for (size_t i = 0; i < info.config.vector_spaces.size(); ++i) {
    const VectorSpaceConfig& config = info.config.vector_spaces[i];
    Json space;
    space["name"] = config.name;
    space["dim"] = config.dim;
    space["metric"] = std::string(MetricName(config.metric));
    space["code_bits"] = config.code_bits;
    space["residual"] = std::string(ResidualName(config.residual));
    space["centering"] = std::string(CenteringName(config.centering));
    space["store_vectors"] = std::string(StoreVectorsName(config.store_vectors));
    space["seed"] = config.seed;
    for (const VectorSpaceInfo& held : info.vector_spaces) {
      if (held.name != config.name) continue;
      space["rows"] = held.rows;
      space["memory_bytes"] = held.memory_bytes;
      space["code_bytes"] = held.code_bytes;
      space["bits_per_dim"] = held.bits_per_dim;
      space["ratio_to_f32"] = held.ratio_to_f32;
      space["mean_versions"] = held.mean_versions;
      space["current_mean_version"] = held.current_mean_version;
      space["rows_under_current_mean"] = held.rows_under_current_mean;
    }
    out["vector_spaces"].push_back(std::move(space));
  }
  out["payload_indexes"] = Json::array();
  for (const PayloadIndexInfo& index : info.payload_indexes) {
    out["payload_indexes"].push_back(ToJson(index));
  }
  return out;
}

Json ToJson(const PayloadIndexInfo& index) {
  Json out;
  out["key"] = index.key;
  out["kind"] = std::string(PayloadIndexKindName(index.kind));
  out["points"] = index.points;
  out["memory_bytes"] = index.memory_bytes;
  out["ready"] = index.ready;
  return out;
}

Json ToJson(const PayloadValue& value) {
  return std::visit([](const auto& held) { return Json(held); }, value);
}

Json ToJson(const FacetCount& count) {
  Json out;
  out["value"] = ToJson(count.value);
  out["points"] = count.points;
  return out;
}

Json ToJson(const PointGroup& group) {
  Json out;
  out["value"] = ToJson(group.value);
  out["points"] = Json::array();
  for (const ScoredPoint& point : group.points) out["points"].push_back(ToJson(point));
  return out;
}

std::string ToText(const PayloadValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return ToLine(ToJson(value));
}

Json ToJson(const Point& point) {
  Json out;
  out["id"] = ToJson(point.id);
  AddVectors(point.vectors, out);
  if (!point.payload.empty()) out["payload"] = PayloadToJson(point.payload);
  return out;
}

Json ToJson(const ScoredPoint& point) {
  Json out;
  out["id"] = ToJson(point.id);
  out["score"] = ShortestDouble(point.score);
  AddVectors(point.vectors, out);
  if (!point.payload.empty()) out["payload"] = PayloadToJson(point.payload);
  return out;
}

Json ToJson(const ServerInfo& info) {
  Json out;
  out["version"] = info.version;
  out["commit"] = info.commit;
  out["kernels"] = info.kernels;
  out["data_directory"] = info.data_directory;
  out["uptime_s"] = info.uptime_s;
  out["memory_bytes"] = info.memory_bytes;
  out["max_batch_points"] = info.max_batch_points;
  out["max_limit"] = info.max_limit;
  out["max_message_bytes"] = info.max_message_bytes;
  return out;
}

Json ErrorToJson(const absl::Status& status) {
  Json out;
  out["error"]["code"] = absl::StatusCodeToString(status.code());
  out["error"]["message"] = std::string(status.message());
  return out;
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
  if (!point.payload.empty()) {
    out.append(",\"payload\":");
    const size_t begin = out.size();
    out.append(point.payload);
    // A line break in JSON can only stand between tokens, where a space does as well.
    for (size_t i = begin; i < out.size(); ++i) {
      if (out[i] == '\n' || out[i] == '\r') out[i] = ' ';
    }
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
