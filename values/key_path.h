// A key of a filter or of a payload index: the way to a value within a payload.
//
//   path    = segment { "." segment }
//   segment = ( name | quoted ) [ "[]" ]
//   name    one or more characters other than . [ ] "
//   quoted  " any characters other than " "
//
// `a."b.c"` names the key "b.c" of the object at "a". Arrays are always walked into, so `a[].b` is
// another way to write `a.b`.
#ifndef TQDB_VALUES_KEY_PATH_H_
#define TQDB_VALUES_KEY_PATH_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tqdb::storage {

class KeyPath {
 public:
  KeyPath() = default;

  // InvalidArgument says what is wrong with the key, without its field.
  static absl::StatusOr<KeyPath> Parse(absl::string_view key);
  // Parses a key that a caller gave. The message begins with `field`.
  static absl::StatusOr<KeyPath> Parse(absl::string_view key, absl::string_view field);

  const std::vector<std::string>& segments() const { return segments_; }
  // The way to `rest` from where this path ends.
  KeyPath Join(const KeyPath& rest) const;
  // The shortest text that parses to this path.
  std::string ToString() const;

  friend bool operator==(const KeyPath&, const KeyPath&) = default;
  friend auto operator<=>(const KeyPath&, const KeyPath&) = default;

 private:
  std::vector<std::string> segments_;
};

}  // namespace tqdb::storage

#endif  // TQDB_VALUES_KEY_PATH_H_
