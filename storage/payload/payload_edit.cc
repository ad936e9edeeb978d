#include "storage/payload/payload_edit.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "base/json_text.h"
#include "base/quoted.h"
#include "base/status_macros.h"
#include "storage/payload/json_depth.h"

namespace tqdb::storage {

namespace {

// Bytes of a bad JSON text that an error message shows.
constexpr size_t kMaxQuotedBytes = 64;

bool IsObject(absl::string_view text) {
  return JsonText(text).is_object() && nlohmann::json::accept(text.begin(), text.end());
}

// Returns InvalidArgument, naming `field`, if a text is not an object or is nested too deeply. The
// depth is checked before the text is parsed.
absl::Status CheckObject(const std::string& text, absl::string_view field) {
  if (const size_t depth = JsonDepth(text); depth > kMaxPayloadDepth) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, " is nested ", depth, " deep; allowed: ", kMaxPayloadDepth));
  }
  if (IsObject(text)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is ", Quoted(text, kMaxQuotedBytes), "; need a JSON object"));
}

// Returns whether a JSON text can have the name: the text must be UTF-8.
bool IsUtf8(const std::string& name) {
  const std::string text =
      nlohmann::json(name).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return nlohmann::json::parse(text) == name;
}

// Deletes the values at `path`. An array on the way stands for the objects among its elements.
void Erase(JsonText& object, absl::Span<const std::string> path) {
  if (path.size() == 1) return object.Erase(path[0]);
  JsonText* value = object.Find(path[0]);
  if (value == nullptr) return;
  if (value->is_object()) return Erase(*value, path.subspan(1));
  if (!value->is_array()) return;
  for (JsonText& element : value->elements()) {
    if (element.is_object()) Erase(element, path.subspan(1));
  }
}

}  // namespace

absl::StatusOr<PreparedEdit> PreparedEdit::Create(const PayloadEdit& edit) {
  PreparedEdit prepared;
  prepared.kind_ = edit.kind;
  switch (edit.kind) {
    case PayloadEdit::Kind::kSet: {
      TQDB_RETURN_IF_ERROR(CheckObject(edit.json, "set.payload"));
      JsonText object(edit.json);
      for (const JsonText::Member& member : object.members()) {
        prepared.members_.emplace_back(member.name, member.value.ToString());
      }
      if (edit.key.empty()) break;
      TQDB_ASSIGN_OR_RETURN(prepared.at_, KeyPath::Parse(edit.key, "set.key"));
      // The objects of the path may be made, and then their names become part of payloads.
      for (const std::string& name : prepared.at_.segments()) {
        if (IsUtf8(name)) continue;
        return absl::InvalidArgumentError(
            absl::StrCat("set.key: ", Quoted(edit.key), " is not in UTF-8"));
      }
      break;
    }
    case PayloadEdit::Kind::kOverwrite: {
      TQDB_RETURN_IF_ERROR(CheckObject(edit.json, "overwrite.payload"));
      prepared.payload_ = edit.json;
      break;
    }
    case PayloadEdit::Kind::kDeleteKeys:
      if (edit.keys.empty() || edit.keys.size() > kMaxEditKeys) {
        return absl::InvalidArgumentError(absl::StrCat("delete_keys.keys has ", edit.keys.size(),
                                                       " entries; allowed: 1..", kMaxEditKeys));
      }
      for (size_t i = 0; i < edit.keys.size(); ++i) {
        TQDB_ASSIGN_OR_RETURN(
            KeyPath path, KeyPath::Parse(edit.keys[i], absl::StrCat("delete_keys.keys[", i, "]")));
        prepared.keys_.push_back(std::move(path));
      }
      break;
    case PayloadEdit::Kind::kClear: break;
  }
  return prepared;
}

absl::StatusOr<std::string> PreparedEdit::Apply(absl::string_view payload) const {
  if (kind_ == PayloadEdit::Kind::kClear) return "";
  if (kind_ == PayloadEdit::Kind::kOverwrite) return payload_;
  if (JsonDepth(payload) > kMaxPayloadDepth) {
    // Payloads that were written before the limit existed may be deeper. Only an overwrite or a
    // clear, which do not read them, can help.
    return absl::FailedPreconditionError(
        absl::StrCat("the payload is nested deeper than ", kMaxPayloadDepth, "; overwrite it"));
  }
  if (payload.empty()) payload = "{}";
  if (!IsObject(payload)) return absl::DataLossError("a stored payload is no JSON object");
  JsonText edited(payload);
  if (kind_ == PayloadEdit::Kind::kDeleteKeys) {
    for (const KeyPath& path : keys_) Erase(edited, path.segments());
    return edited.ToString();
  }
  // Walk to the object of `at_`. A null counts as missing, so that a key that was set to null can
  // become an object.
  JsonText* object = &edited;
  for (const std::string& name : at_.segments()) {
    JsonText& member = object->At(name);
    if (member.is_null()) member = JsonText("{}");
    if (!member.is_object()) {
      return absl::FailedPreconditionError(
          absl::StrCat("set.key ", Quoted(at_.ToString()), " leads through ", Quoted(name),
                       ", which is a ", member.type_name(), " there and no object"));
    }
    object = &member;
  }
  for (const auto& [name, value] : members_) object->At(name) = JsonText(value);
  // Both texts are within the limit, but an object that is set deep inside can exceed it.
  std::string text = edited.ToString();
  if (const size_t depth = JsonDepth(text); depth > kMaxPayloadDepth) {
    return absl::InvalidArgumentError(
        absl::StrCat("the payload would be nested ", depth, " deep; allowed: ", kMaxPayloadDepth));
  }
  return text;
}

}  // namespace tqdb::storage
