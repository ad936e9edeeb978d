#include "base/json_members.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/strip.h"

namespace tqdb {

namespace {

using absl::string_view;

constexpr string_view kSpaces = " \t\n\r";

// Drops the spaces at the front.
void SkipSpaces(string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(kSpaces), text.size()));
}

// Drops what may stand before a text: a byte order mark, and spaces.
void SkipStart(string_view& text) {
  text = absl::StripPrefix(text, "\xef\xbb\xbf");
  SkipSpaces(text);
}

// Drops `c` and the spaces around it from the front. Returns false if something else is there.
bool Take(string_view& text, char c) {
  SkipSpaces(text);
  if (text.empty() || text[0] != c) return false;
  text.remove_prefix(1);
  SkipSpaces(text);
  return true;
}

// Returns the bytes of the string at the front, quotes included.
size_t StringBytes(string_view text) {
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') return i + 1;
    if (text[i] == '\\') ++i;
  }
  return text.size();
}

// Returns the bytes of the value at the front.
size_t ValueBytes(string_view text) {
  size_t depth = 0;
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '"') {
      i += StringBytes(text.substr(i));
    } else if (c == '{' || c == '[') {
      ++depth;
      ++i;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return i;  // the end of what the value is in
      --depth;
      ++i;
    } else if (depth > 0) {
      ++i;
      continue;
    } else {
      // A number or a word: it goes on to the next separator.
      return std::min(text.find_first_of(" \t\n\r,}]:"), text.size());
    }
    if (depth == 0) return i;
  }
  return text.size();
}

// Takes the value off the front.
string_view TakeValue(string_view& text) {
  const string_view value = text.substr(0, ValueBytes(text));
  text.remove_prefix(value.size());
  return value;
}

}  // namespace

string_view FirstJsonValue(string_view text) {
  SkipStart(text);
  return TakeValue(text);
}

std::vector<JsonMember> JsonMembers(string_view object) {
  std::vector<JsonMember> members;
  SkipStart(object);
  if (!Take(object, '{')) return members;
  while (!object.empty() && object[0] == '"') {
    const string_view key = TakeValue(object);
    if (!Take(object, ':')) break;
    members.push_back({key, TakeValue(object)});
    if (!Take(object, ',')) break;
  }
  return members;
}

std::vector<string_view> JsonElements(string_view array) {
  std::vector<string_view> elements;
  if (!Take(array, '[')) return elements;
  while (!array.empty() && array[0] != ']') {
    elements.push_back(TakeValue(array));
    if (!Take(array, ',')) break;
  }
  return elements;
}

}  // namespace tqdb
