#include "storage/payload/payload_edit.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "base/quoted.h"
#include "base/status_macros.h"
#include "storage/payload/json_depth.h"

namespace tqdb::storage {

namespace {

using nlohmann::ordered_json;

// Bytes of a bad JSON text that an error message shows.
constexpr size_t kMaxQuotedBytes = 64;

// Returns the object of a text. InvalidArgument names `field` if the text is not an object or is
// nested too deeply. The depth is checked before the text is parsed.
absl::StatusOr<ordered_json> ParseObject(const std::string& text, absl::string_view field) {
  if (const size_t depth = JsonDepth(text); depth > kMaxPayloadDepth) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, " is nested ", depth, " deep; allowed: ", kMaxPayloadDepth));
  }
  ordered_json object = ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (object.is_object()) return object;
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is ", Quoted(text, kMaxQuotedBytes), "; need a JSON object"));
}

absl::StatusOr<KeyPath> ParseKey(const std::string& key, absl::string_view field) {
  absl::StatusOr<KeyPath> path = KeyPath::Parse(key);
  if (path.ok()) return path;
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", path.status().message()));
}

// Deletes the values at `path`. An array on the way stands for the objects among its elements.
void Erase(ordered_json& object, absl::Span<const std::string> path) {
  if (path.size() == 1) {
    object.erase(path[0]);
    return;
  }
  const auto it = object.find(path[0]);
  if (it == object.end()) return;
  if (it->is_object()) return Erase(*it, path.subspan(1));
  if (!it->is_array()) return;
  for (ordered_json& element : *it) {
    if (element.is_object()) Erase(element, path.subspan(1));
  }
}

}  // namespace

absl::StatusOr<PreparedEdit> PreparedEdit::Create(const PayloadEdit& edit) {
  PreparedEdit prepared;
  prepared.kind_ = edit.kind;
  switch (edit.kind) {
    case PayloadEdit::Kind::kSet: {
      TQDB_ASSIGN_OR_RETURN(prepared.members_, ParseObject(edit.json, "set.payload"));
      if (edit.key.empty()) break;
      TQDB_ASSIGN_OR_RETURN(prepared.at_, ParseKey(edit.key, "set.key"));
      break;
    }
    case PayloadEdit::Kind::kOverwrite: {
      TQDB_ASSIGN_OR_RETURN(prepared.members_, ParseObject(edit.json, "overwrite.payload"));
      break;
    }
    case PayloadEdit::Kind::kDeleteKeys:
      if (edit.keys.empty() || edit.keys.size() > kMaxEditKeys) {
        return absl::InvalidArgumentError(absl::StrCat("delete_keys.keys has ", edit.keys.size(),
                                                       " entries; allowed: 1..", kMaxEditKeys));
      }
      for (size_t i = 0; i < edit.keys.size(); ++i) {
        TQDB_ASSIGN_OR_RETURN(KeyPath path,
                              ParseKey(edit.keys[i], absl::StrCat("delete_keys.keys[", i, "]")));
        prepared.keys_.push_back(std::move(path));
      }
      break;
    case PayloadEdit::Kind::kClear: break;
  }
  return prepared;
}

absl::StatusOr<std::string> PreparedEdit::Apply(absl::string_view payload) const {
  if (kind_ == PayloadEdit::Kind::kClear) return "";
  if (kind_ == PayloadEdit::Kind::kOverwrite) return members_.dump();
  if (JsonDepth(payload) > kMaxPayloadDepth) {
    // Payloads that were written before the limit existed may be deeper. Only an overwrite or a
    // clear, which do not parse them, can help.
    return absl::FailedPreconditionError(
        absl::StrCat("the payload is nested deeper than ", kMaxPayloadDepth, "; overwrite it"));
  }
  ordered_json edited = payload.empty()
                            ? ordered_json::object()
                            : ordered_json::parse(payload.begin(), payload.end(), nullptr, false);
  if (!edited.is_object()) return absl::DataLossError("a stored payload is no JSON object");
  if (kind_ == PayloadEdit::Kind::kDeleteKeys) {
    for (const KeyPath& path : keys_) Erase(edited, path.segments());
    return edited.dump();
  }
  // Walk to the object of `at_`. A null counts as missing, so that a key that was set to null can
  // become an object.
  ordered_json* object = &edited;
  for (const std::string& name : at_.segments()) {
    ordered_json& member = (*object)[name];
    if (member.is_null()) member = ordered_json::object();
    if (!member.is_object()) {
      return absl::FailedPreconditionError(
          absl::StrCat("set.key ", Quoted(at_.ToString()), " leads through ", Quoted(name),
                       ", which is a ", member.type_name(), " there and no object"));
    }
    object = &member;
  }
  for (const auto& [name, value] : members_.items()) (*object)[name] = value;
  // Both texts are within the limit, but an object that is set deep inside can exceed it.
  std::string text = edited.dump();
  if (const size_t depth = JsonDepth(text); depth > kMaxPayloadDepth) {
    return absl::InvalidArgumentError(
        absl::StrCat("the payload would be nested ", depth, " deep; allowed: ", kMaxPayloadDepth));
  }
  return text;
}

}  // namespace tqdb::storage
