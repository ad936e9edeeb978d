#include "storage/payload/payload_parts.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "base/json_text.h"
#include "base/status_macros.h"

namespace tqdb::storage {

namespace {

using Path = absl::Span<const std::string>;

// Each step of a recursion below takes a name off a path, so a deep payload cannot overflow the
// stack: a key has at most 256 bytes.

// Deletes what the paths lead to.
void Exclude(JsonText& object, Path path) {
  if (path.size() == 1) return object.Erase(path[0]);
  JsonText* value = object.Find(path[0]);
  if (value == nullptr) return;
  if (value->is_object()) return Exclude(*value, path.subspan(1));
  if (!value->is_array()) return;
  for (JsonText& element : value->elements()) {
    if (element.is_object()) Exclude(element, path.subspan(1));
  }
}

// Appends the members of an object that the paths lead to or through. Returns whether there are
// any.
bool Include(JsonText& object, absl::Span<const Path> paths, std::string& out) {
  bool any = false;
  out.push_back('{');
  for (const JsonText::Member& member : object.members()) {
    std::vector<Path> inner;
    bool whole = false;
    for (const Path path : paths) {
      if (path[0] != member.name) continue;
      whole |= path.size() == 1;
      inner.push_back(path.subspan(1));
    }
    if (inner.empty()) continue;
    const size_t before = out.size();
    absl::StrAppend(&out, any ? "," : "", member.name_text, ":");
    JsonText& value = *object.Find(member.name);
    bool found = whole;
    if (whole) {
      value.AppendTo(out);
    } else if (value.is_object()) {
      found = Include(value, inner, out);
    } else if (value.is_array()) {
      out.push_back('[');
      for (JsonText& element : value.elements()) {
        if (!element.is_object()) continue;
        const size_t at = out.size();
        if (found) out.push_back(',');
        if (Include(element, inner, out)) {
          found = true;
        } else {
          out.resize(at);
        }
      }
      out.push_back(']');
    }
    if (found) {
      any = true;
    } else {
      out.resize(before);
    }
  }
  out.push_back('}');
  return any;
}

absl::StatusOr<std::vector<KeyPath>> Parsed(absl::string_view field,
                                            const std::vector<std::string>& keys) {
  std::vector<KeyPath> paths;
  for (size_t i = 0; i < keys.size(); ++i) {
    TQDB_ASSIGN_OR_RETURN(KeyPath path, KeyPath::Parse(keys[i], absl::StrCat(field, "[", i, "]")));
    paths.push_back(std::move(path));
  }
  return paths;
}

}  // namespace

absl::StatusOr<PayloadParts> PayloadParts::Create(const std::vector<std::string>& include,
                                                  const std::vector<std::string>& exclude) {
  if (include.size() + exclude.size() > kMaxPayloadParts) {
    return absl::InvalidArgumentError(
        absl::StrCat("payload_include and payload_exclude have ", include.size() + exclude.size(),
                     " paths; at most ", kMaxPayloadParts, " are allowed"));
  }
  PayloadParts parts;
  TQDB_ASSIGN_OR_RETURN(parts.include_, Parsed("payload_include", include));
  TQDB_ASSIGN_OR_RETURN(parts.exclude_, Parsed("payload_exclude", exclude));
  return parts;
}

std::string PayloadParts::Of(absl::string_view payload) const {
  JsonText object(payload);
  if (!object.is_object()) return std::string(payload);
  for (const KeyPath& path : exclude_) Exclude(object, path.segments());
  if (include_.empty()) return object.ToString();
  // Members that are excluded are gone from the printed text, but are still among members(). So the
  // text is cut again.
  const std::string left = exclude_.empty() ? std::string(payload) : object.ToString();
  JsonText rest(left);
  std::vector<Path> paths;
  for (const KeyPath& path : include_) paths.emplace_back(path.segments());
  std::string out;
  Include(rest, paths, out);
  return out;
}

}  // namespace tqdb::storage
