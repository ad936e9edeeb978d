#include "client/cli/input/point_line.h"

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/json_members.h"
#include "base/uuid.h"
#include "client/cli/output/point_json.h"

namespace tqdb::client {
namespace {

// Namespace of ids that are made from texts. Frozen: another one would give other ids.
constexpr Uuid kIdNamespace = {0xb1f0a1f46f0c5a83, 0x9c0e2d1c8f6c7b1e};

constexpr char kId[] = "id";
constexpr char kVector[] = "vector";

bool IsSparse(const Json& json) {
  return json.is_object() && json.contains("indices") && json.contains("values");
}

absl::Status AddVector(const std::string& name, const Json& json, const std::string& field,
                       Point& point) {
  absl::StatusOr<std::vector<float>> values = VectorFromJson(json, field);
  if (!values.ok()) return values.status();
  point.vectors.push_back({name, *std::move(values)});
  return absl::OkStatus();
}

absl::Status AddSparseVector(const std::string& name, const Json& json, const std::string& field,
                             Point& point) {
  absl::StatusOr<SparseVector> sparse = SparseVectorFromJson(json, field);
  if (!sparse.ok()) return sparse.status();
  point.sparse_vectors.push_back({name, *std::move(sparse)});
  return absl::OkStatus();
}

// Adds the vectors of {"name": [..]}, and of {"name": {"indices": [..], "values": [..]}}.
absl::Status AddNamedVectors(const std::string& key, const Json& json, Point& point) {
  if (!json.is_object()) {
    return absl::InvalidArgumentError(
        absl::StrCat(key, ": ", Excerpt(json), " is not an object of name: [numbers]"));
  }
  for (const auto& [name, vector] : json.items()) {
    const std::string field = absl::StrCat(key, ".", name);
    absl::Status status = IsSparse(vector) ? AddSparseVector(name, vector, field, point)
                                           : AddVector(name, vector, field, point);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status AddSparseVectors(const std::string& key, const Json& json, Point& point) {
  if (!json.is_object()) {
    return absl::InvalidArgumentError(
        absl::StrCat(key, ": ", Excerpt(json),
                     " is not an object of name: {\"indices\": [...], \"values\": [...]}"));
  }
  for (const auto& [name, vector] : json.items()) {
    absl::Status status = AddSparseVector(name, vector, absl::StrCat(key, ".", name), point);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// Builds the point of one line, key by key.
class LineParser {
 public:
  LineParser(const LineFields& fields, const Json& json) : fields_(fields), json_(json) {}

  absl::StatusOr<PointLine> Parse(absl::string_view line) {
    for (const JsonMember& member : JsonMembers(line)) {
      if (absl::Status status = Take(member); !status.ok()) return status;
    }
    Point& point = out_.point;
    if (point.vectors.empty() && point.sparse_vectors.empty()) {
      return absl::InvalidArgumentError(
          fields_.vector.empty()
              ? std::string("none of \"vector\", \"vectors\" and \"sparse_vectors\" is given")
              : absl::StrCat("has no key \"", fields_.vector, "\" with the vector"));
    }
    if (fields_.payload_rest && !rest_.empty()) point.payload = absl::StrCat("{", rest_, "}");
    KeepHashedText();
    return std::move(out_);
  }

 private:
  // Handles one key of the line. A key that is given twice is an error, because readers of JSON do
  // not agree which of the two counts.
  absl::Status Take(const JsonMember& member) {
    const std::string key = ParseJson(member.key)->get<std::string>();
    const Json& value = json_[key];
    if (seen_.contains(key)) {
      return absl::InvalidArgumentError(absl::StrCat("has the key \"", key, "\" twice"));
    }
    seen_[key] = true;
    if (key == (fields_.id.empty() ? kId : fields_.id)) return TakeId(member, value);
    if (!fields_.vector.empty()) {
      if (key == fields_.vector) return TakeVector(key, value);
    } else {
      if (key == kVector) return TakeVector(key, value);
      if (key == "vectors") return AddNamedVectors(key, value, out_.point);
      if (key == "sparse_vectors") return AddSparseVectors(key, value, out_.point);
    }
    if (fields_.payload_rest) {
      AddToRest(member);
      return absl::OkStatus();
    }
    if (key == "payload") return TakePayload(member, value);
    return absl::InvalidArgumentError(absl::StrCat(
        "unknown key \"", key, "\"; allowed are ", fields_.id.empty() ? kId : fields_.id, ", ",
        fields_.vector.empty() ? "vector, vectors, sparse_vectors" : fields_.vector,
        ", payload (--payload-rest makes the other keys the payload, --id-field and "
        "--vector-field name keys)"));
  }

  absl::Status TakeId(const JsonMember& member, const Json& value) {
    absl::StatusOr<PointId> id = PointIdFromJson(value, fields_.hash_ids);
    if (!id.ok()) return id.status();
    out_.point.id = *std::move(id);
    out_.has_id = true;
    if (value.is_string() && !ParseUuid(value.get_ref<const std::string&>()).has_value()) {
      hashed_ = member;
    }
    return absl::OkStatus();
  }

  absl::Status TakeVector(const std::string& key, const Json& value) {
    if (value.is_object()) return AddNamedVectors(key, value, out_.point);
    return AddVector("", value, key, out_.point);
  }

  absl::Status TakePayload(const JsonMember& member, const Json& value) {
    if (value.is_null()) return absl::OkStatus();
    if (!value.is_object()) {
      return absl::InvalidArgumentError(
          absl::StrCat("payload: ", Excerpt(value), " is not an object"));
    }
    out_.point.payload = std::string(member.value);
    return absl::OkStatus();
  }

  void AddToRest(const JsonMember& member) {
    absl::StrAppend(&rest_, rest_.empty() ? "" : ",", member.key, ":", member.value);
  }

  // Puts the text of a hashed id into the payload, unless the payload has that key.
  void KeepHashedText() {
    if (hashed_.key.empty()) return;
    std::string& payload = out_.point.payload;
    const std::string text = absl::StrCat(hashed_.key, ":", hashed_.value);
    if (payload.empty()) {
      payload = absl::StrCat("{", text, "}");
      return;
    }
    const std::vector<JsonMember> members = JsonMembers(payload);
    for (const JsonMember& member : members) {
      if (*ParseJson(member.key) == *ParseJson(hashed_.key)) return;
    }
    payload = absl::StrCat("{", text, members.empty() ? "" : ",",
                           absl::string_view(payload).substr(payload.find('{') + 1));
  }

  const LineFields& fields_;
  const Json& json_;
  PointLine out_;
  Json seen_ = Json::object();  // keys that were there
  JsonMember hashed_;           // the id, if its text was hashed; else its key is empty
  std::string rest_;            // members of the payload under payload_rest
};

}  // namespace

absl::StatusOr<PointLine> PointFromLine(absl::string_view line, const LineFields& fields) {
  absl::StatusOr<Json> parsed = ParseJson(line);
  if (!parsed.ok()) return parsed.status();
  if (!parsed->is_object()) {
    return absl::InvalidArgumentError(absl::StrCat(Excerpt(*parsed), " is not a JSON object"));
  }
  return LineParser(fields, *parsed).Parse(line);
}

PointId HashedId(absl::string_view text) {
  const Uuid uuid = NameUuid(kIdNamespace, text);
  return PointId::Uuid(uuid.high, uuid.low);
}

absl::StatusOr<PointId> PointIdFromJson(const Json& json, bool hash_ids) {
  if (json.is_number_unsigned()) return PointId::Number(json.get<uint64_t>());
  if (json.is_string()) {
    const std::string& text = json.get_ref<const std::string&>();
    absl::StatusOr<PointId> id = PointId::Uuid(text);
    if (id.ok()) return id;
    if (hash_ids && !text.empty()) return HashedId(text);
    return absl::InvalidArgumentError(
        absl::StrCat(id.status().message(), "; --hash-ids makes a UUID of any text"));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("id: ", Excerpt(json),
                   " is neither a number in 0..18446744073709551615 nor a string with a UUID"));
}

absl::StatusOr<PointId> PointIdFromText(absl::string_view text, bool hash_ids) {
  absl::StatusOr<PointId> id = PointId::Parse(text);
  if (id.ok() || !hash_ids || text.empty()) return id;
  return HashedId(text);
}

}  // namespace tqdb::client
