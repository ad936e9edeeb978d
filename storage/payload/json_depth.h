// How deep arrays and objects of a JSON text lie within each other.
#ifndef TQDB_STORAGE_PAYLOAD_JSON_DEPTH_H_
#define TQDB_STORAGE_PAYLOAD_JSON_DEPTH_H_

#include <algorithm>
#include <cstddef>

#include "absl/strings/string_view.h"

namespace tqdb::storage {

// Of a payload: writing JSON back as text recurses as deep as it is.
inline constexpr size_t kMaxPayloadDepth = 64;

// 0 for a text without any. The text need not be valid.
inline size_t JsonDepth(absl::string_view text) {
  size_t depth = 0, deepest = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return deepest;
}

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_PAYLOAD_JSON_DEPTH_H_
