// A JSON text that is changed member by member, while all other bytes stay as they were written.
//
// The simple idea: parse the text into a tree, change the tree and print it. But a tree holds
// numbers as doubles and 64-bit integers, so 10^30 comes back as 1e+30 and 1.10 as 1.1, even in
// members that nobody touched.
//
// So a value here is the piece of text that it was written as. An object or an array is *opened*
// when a member of it is asked for: its text is cut into the texts of its members. Printing joins
// the pieces. Example: the text is {"a": 1.10, "b": {"c": 2}}. Member("b").Member("c") = "3" opens
// two objects, and prints as {"a":1.10,"b":{"c":3}}. The spaces between the members of opened
// objects are dropped.
//
// Left out: checking the text. Requires: every text is valid JSON, such as nlohmann's accept()
// takes. For other texts nothing is read outside of them, but the result is arbitrary.
//
// A name that an object has several times is taken as one, with the last of its values. A byte
// order mark in front is dropped.
//
// Values are views: the texts must outlive them. Not thread-safe.
#ifndef TQDB_BASE_JSON_TEXT_H_
#define TQDB_BASE_JSON_TEXT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace tqdb {

class JsonText {
 public:
  // One member of an object.
  struct Member;

  // A value with this text; null without one.
  explicit JsonText(absl::string_view text = "null");
  JsonText(JsonText&&);
  JsonText& operator=(JsonText&&);
  ~JsonText();

  bool is_object() const { return text_.substr(0, 1) == "{"; }
  bool is_array() const { return text_.substr(0, 1) == "["; }
  bool is_null() const { return text_.substr(0, 1) == "n"; }
  // Returns "object", "array", "string", "number", "boolean" or "null".
  absl::string_view type_name() const;

  // --- Calls for objects.
  // Returns the value of a member, or null if there is none.
  JsonText* Find(absl::string_view name);
  // Returns the value of a member. If there is none, it is made at the end, with the value null.
  JsonText& At(absl::string_view name);
  // Deletes a member, if there is one.
  void Erase(absl::string_view name);
  // Returns the members in their order. Deleted ones are among them.
  const std::vector<Member>& members();

  // --- Calls for arrays.
  std::vector<JsonText>& elements();

  // Returns the text of the value.
  std::string ToString() const;
  void AppendTo(std::string& out) const;

 private:
  struct Parts;

  // Cuts an object or an array into its parts, unless that is done. Other values have none.
  Parts& Open();

  absl::string_view text_;        // without spaces around it; old text of a value that is open
  std::unique_ptr<Parts> parts_;  // null until the value is opened
};

struct JsonText::Member {
  std::string name;       // without quotes and escapes
  std::string name_text;  // as it is written
  JsonText value;
  bool erased = false;
};

}  // namespace tqdb

#endif  // TQDB_BASE_JSON_TEXT_H_
