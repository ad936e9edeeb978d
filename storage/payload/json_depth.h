// The depth of nesting of a JSON text.
//
// nlohmann/json parses without recursion, but it prints a value by recursion. A text of a megabyte
// can be 500,000 levels deep, which would overflow the stack. So the depth is found by a scan of
// the text, before anything is parsed.
#ifndef TQDB_STORAGE_PAYLOAD_JSON_DEPTH_H_
#define TQDB_STORAGE_PAYLOAD_JSON_DEPTH_H_

#include <algorithm>
#include <cstddef>

#include "absl/strings/string_view.h"

namespace tqdb::storage {

// Limit of the depth of a payload. An edit writes a payload back as text, which recurses as deep as
// the payload is nested.
inline constexpr size_t kMaxPayloadDepth = 64;

// Returns the largest number of arrays and objects that are open at the same time. This is 0 for
// `7`, 1 for `{}` and 2 for `{"a": [1]}`. The text need not be valid JSON; brackets in strings do
// not count.
inline size_t JsonDepth(absl::string_view text) {
  size_t depth = 0, deepest = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;  // an escaped quote does not end the string
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
