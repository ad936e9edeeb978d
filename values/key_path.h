// A key of a filter or of a payload index: the way to a value within a payload.
//
// clang-format off
//   path     segment { "." segment }
//   segment  ( name | quoted ) [ "[]" ]
//   name     one or more characters other than . [ ] "
//   quoted   " any characters, with "" for each " "
// clang-format on
//
// Examples: `a.b` names the key "b" of the object at "a", and `a."b.c"` the key "b.c" of that
// object. `"27"" screen"` names the key `27" screen`: a double quote within quotes is written
// twice, as in SQL. A backslash is a character like any other. Arrays are always walked into, so
// `a[].b` is another way to write `a.b`.
//
// This file leaves out positions in arrays, such as `a[0]`: they are refused with a message.
#ifndef TQDB_VALUES_KEY_PATH_H_
#define TQDB_VALUES_KEY_PATH_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tqdb::storage {

// A parsed key: the names on the way, from the outermost object inwards.
class KeyPath {
 public:
  KeyPath() = default;

  // Returns the path of a key. InvalidArgument says what is wrong with the key, without naming the
  // field that it came from.
  static absl::StatusOr<KeyPath> Parse(absl::string_view key);
  // Parses a key that a caller gave. The message begins with `field`.
  static absl::StatusOr<KeyPath> Parse(absl::string_view key, absl::string_view field);

  const std::vector<std::string>& segments() const { return segments_; }
  // Returns the path that first walks this one and then `rest`.
  KeyPath Join(const KeyPath& rest) const;
  // Returns the shortest text that parses to this path: names are quoted only where they must be.
  std::string ToString() const;

  friend bool operator==(const KeyPath&, const KeyPath&) = default;
  friend auto operator<=>(const KeyPath&, const KeyPath&) = default;

 private:
  std::vector<std::string> segments_;
};

}  // namespace tqdb::storage

#endif  // TQDB_VALUES_KEY_PATH_H_
