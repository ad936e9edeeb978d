#include "client/cli/output/json.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/json_number.h"

namespace tqdb::client {
namespace {

constexpr auto kReplace = Json::error_handler_t::replace;

}  // namespace

std::string Excerpt(const Json& json) {
  constexpr size_t kMaxShown = 60;
  std::string text = json.dump(-1, ' ', false, kReplace);
  if (text.size() > kMaxShown) text = text.substr(0, kMaxShown) + "...";
  return text;
}

absl::StatusOr<Json> ParseJson(absl::string_view text) {
  // The library tells the position of an error only by an exception.
  try {
    return Json::parse(text.begin(), text.end());
  } catch (const Json::parse_error& error) {
    return absl::InvalidArgumentError(absl::StrCat("not valid JSON at byte ", error.byte));
  } catch (const Json::exception&) {
    return absl::InvalidArgumentError("not valid JSON: a number is out of range");
  }
}

std::string ToLine(const Json& json) { return json.dump(-1, ' ', false, kReplace); }

Json ToJson(const CollectionInfo& info) {
  Json out;
  out["name"] = info.name;
  out["status"] = std::string(CollectionStatusName(info.status));
  out["error"] = info.error;
  out["points"] = info.points;
  out["sequence"] = info.sequence;
  out["digest"] = info.digest;
  out["disk_bytes"] = info.disk_bytes;
  out["write_buffer_bytes"] = info.write_buffer_bytes;
  out["memory_bytes"] = info.memory_bytes;
  out["kept_rows"] = info.kept_rows;
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
  out["sparse_spaces"] = Json::array();
  for (const SparseSpaceConfig& config : info.config.sparse_spaces) {
    Json space;
    space["name"] = config.name;
    space["modifier"] = std::string(SparseModifierName(config.modifier));
    for (const SparseSpaceInfo& held : info.sparse_spaces) {
      if (held.name != config.name) continue;
      space["rows"] = held.rows;
      space["memory_bytes"] = held.memory_bytes;
    }
    out["sparse_spaces"].push_back(std::move(space));
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
  out["unheld_points"] = index.unheld_points;
  return out;
}

Json ToJson(const PayloadValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* integer = std::get_if<Integer>(&value)) {
    return storage::NumberToJson<Json>(*integer);
  }
  return std::get<bool>(value);
}

Json ToJson(const FacetCount& count) {
  Json out;
  out["value"] = ToJson(count.value);
  out["points"] = count.points;
  return out;
}

std::string ToText(const PayloadValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return ToLine(ToJson(value));
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

}  // namespace tqdb::client
