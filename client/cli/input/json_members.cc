// In valid JSON it is enough to know where strings end and how deep brackets are nested: a member
// ends at the first comma or closing brace outside both.
#include "client/cli/input/json_members.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"

namespace tqdb::client {
namespace {

// Returns the position after the string that begins at `begin`.
size_t EndOfString(absl::string_view text, size_t begin) {
  size_t i = begin + 1;
  while (i < text.size() && text[i] != '"') i += text[i] == '\\' ? 2 : 1;
  return std::min(i + 1, text.size());
}

// Returns the position of the comma or brace that ends the value that begins at `begin`.
size_t EndOfValue(absl::string_view text, size_t begin) {
  int depth = 0;
  size_t i = begin;
  while (i < text.size()) {
    const char c = text[i];
    if (c == '"') {
      i = EndOfString(text, i);
      continue;
    }
    if (depth == 0 && (c == ',' || c == '}')) break;
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    ++i;
  }
  return i;
}

}  // namespace

std::vector<JsonMember> JsonMembers(absl::string_view text) {
  std::vector<JsonMember> members;
  size_t i = std::min(text.find('{'), text.size());
  while (true) {
    const size_t key = text.find('"', i);
    if (key == text.npos) return members;
    const size_t key_end = EndOfString(text, key);
    const size_t colon = text.find(':', key_end);
    if (colon == text.npos) return members;
    const size_t end = EndOfValue(text, colon + 1);
    members.push_back({text.substr(key, key_end - key),
                       absl::StripAsciiWhitespace(text.substr(colon + 1, end - colon - 1))});
    i = end + 1;
    if (end >= text.size() || text[end] == '}') return members;
  }
}

}  // namespace tqdb::client
