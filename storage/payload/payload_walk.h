// The ways from a payload to the values of a key. The evaluation of filters and the indexes share
// them, so that both see the same values. The terms "found" and "value" are those of
// values/filter.h.
//
// Example: the path items.size in {"items": [{"size": 1}, 5, {"size": [2, 3]}]} finds 1 and [2, 3].
// The values are 1, 2 and 3. The array `items` stands for the objects in it, and 5 is skipped.
#ifndef TQDB_STORAGE_PAYLOAD_PAYLOAD_WALK_H_
#define TQDB_STORAGE_PAYLOAD_PAYLOAD_WALK_H_

#include <nlohmann/json.hpp>
#include <string>

#include "absl/types/span.h"

namespace tqdb::storage {

// Calls fn(const json&) for everything found at `path`, until fn returns true. Returns whether it
// did. Requires: `object` is an object and `path` is not empty. The recursion is as deep as the
// path is long, whatever the payload's depth.
template <typename Fn>
bool AnyFound(const nlohmann::json& object, absl::Span<const std::string> path, const Fn& fn) {
  const auto it = object.find(path[0]);
  if (it == object.end()) return false;
  if (path.size() == 1) return fn(*it);
  if (it->is_object()) return AnyFound(*it, path.subspan(1), fn);
  if (!it->is_array()) return false;
  for (const nlohmann::json& element : *it) {
    if (element.is_object() && AnyFound(element, path.subspan(1), fn)) return true;
  }
  return false;
}

// Calls fn(const json&) for every value at `path`, null included, until fn returns true. Returns
// whether it did. A found array stands for its elements.
template <typename Fn>
bool AnyValue(const nlohmann::json& object, absl::Span<const std::string> path, const Fn& fn) {
  return AnyFound(object, path, [&fn](const nlohmann::json& found) {
    if (!found.is_array()) return fn(found);
    for (const nlohmann::json& element : found) {
      if (fn(element)) return true;
    }
    return false;
  });
}

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_PAYLOAD_PAYLOAD_WALK_H_
