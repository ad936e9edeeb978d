// The ways from a payload to what a key finds in it (filter.h says what is found, and what values
// are).
#ifndef TQDB_STORAGE_PAYLOAD_PAYLOAD_WALK_H_
#define TQDB_STORAGE_PAYLOAD_PAYLOAD_WALK_H_

#include <nlohmann/json.hpp>
#include <string>

#include "absl/types/span.h"

namespace tqdb::storage {

// Calls fn(const json&) for what is found at `path`, until it returns true; whether it did.
// Recurses as deep as the path is long.
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

// The same for values, null included.
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
