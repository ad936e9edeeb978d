#include "values/key_path.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/quoted.h"
#include "values/filter.h"

namespace tqdb::storage {

namespace {

// Characters that a name has to be quoted for.
constexpr absl::string_view kSpecial = ".[]\"";

// Takes a quoted name off the front of `rest`, which begins with its first quote. Returns false if
// the name has no end.
bool TakeQuoted(absl::string_view& rest, std::string& name) {
  for (;;) {
    const size_t end = rest.find('"', 1);
    if (end == rest.npos) return false;
    absl::StrAppend(&name, rest.substr(1, end - 1));
    rest.remove_prefix(end + 1);
    if (rest.substr(0, 1) != "\"") return true;
    name.push_back('"');  // two quotes are one of the name; the second begins what comes next
  }
}

// Returns a name in quotes.
std::string QuotedName(const std::string& name) {
  return absl::StrCat("\"", absl::StrReplaceAll(name, {{"\"", "\"\""}}), "\"");
}

// Returns InvalidArgument: the key, and what is wrong with it.
absl::Status BadKey(absl::string_view key, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("key ", Quoted(key), " ", why));
}

}  // namespace

absl::StatusOr<KeyPath> KeyPath::Parse(absl::string_view key) {
  if (key.empty()) return absl::InvalidArgumentError("key is empty; need a path such as a.b");
  if (key.size() > kMaxKeyBytes) {
    return BadKey(
        key, absl::StrCat("has ", key.size(), " bytes; at most ", kMaxKeyBytes, " are allowed"));
  }
  KeyPath path;
  for (absl::string_view rest = key;;) {
    std::string& segment = path.segments_.emplace_back();
    if (rest.substr(0, 1) == "\"") {
      if (!TakeQuoted(rest, segment)) return BadKey(key, "has a quote that is not closed");
    } else {
      const size_t end = std::min(rest.find_first_of(kSpecial), rest.size());
      if (end == 0) return BadKey(key, "has an empty part; need names with dots between them");
      segment = std::string(rest.substr(0, end));
      rest.remove_prefix(end);
    }
    // [] says what holds anyway: an array stands for its elements.
    if (rest.substr(0, 2) == "[]") rest.remove_prefix(2);
    if (rest.empty()) return path;
    if (rest[0] == '[') {
      return BadKey(key, "names a position of an array; only [], any element, is supported");
    }
    if (rest[0] != '.') {
      return BadKey(
          key, absl::StrCat(
                   "has ", Quoted(rest.substr(0, 1)),
                   " within a name; put the name in double quotes, and write a double quote of the "
                   "name twice"));
    }
    rest.remove_prefix(1);
  }
}

absl::StatusOr<KeyPath> KeyPath::Parse(absl::string_view key, absl::string_view field) {
  absl::StatusOr<KeyPath> path = Parse(key);
  if (path.ok()) return path;
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", path.status().message()));
}

KeyPath KeyPath::Join(const KeyPath& rest) const {
  KeyPath joined = *this;
  joined.segments_.insert(joined.segments_.end(), rest.segments_.begin(), rest.segments_.end());
  return joined;
}

std::string KeyPath::ToString() const {
  std::string text;
  for (const std::string& segment : segments_) {
    const bool plain =
        !segment.empty() && segment.find_first_of(kSpecial.data()) == std::string::npos;
    absl::StrAppend(&text, text.empty() ? "" : ".", plain ? segment : QuotedName(segment));
  }
  return text;
}

}  // namespace tqdb::storage
