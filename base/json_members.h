// The parts of a JSON text as they are written. A parsed tree does not have them: it rounds numbers
// beyond 64 bits, and 1.10 becomes 1.1.
//
// In valid JSON it is enough to know where strings end and how deep brackets are nested: a value
// ends at the first separator outside both. So nothing is parsed, and a call takes about the time
// of reading the text.
//
// A byte order mark before the text is passed over.
//
// Left out: checking the text. Requires: every text is valid JSON. For other texts nothing is read
// outside of them, but the result is arbitrary.
//
// The results are views of the text.
#ifndef TQDB_BASE_JSON_MEMBERS_H_
#define TQDB_BASE_JSON_MEMBERS_H_

#include <vector>

#include "absl/strings/string_view.h"

namespace tqdb {

// One member of an object.
struct JsonMember {
  absl::string_view key;    // with its quotes
  absl::string_view value;  // without white space around it
};

// Returns the value that a text begins with, without white space around it.
absl::string_view FirstJsonValue(absl::string_view text);
// Returns the members of the outermost object, in order. A key that is given twice is there twice.
std::vector<JsonMember> JsonMembers(absl::string_view object);
// Returns the elements of the outermost array, in order.
std::vector<absl::string_view> JsonElements(absl::string_view array);

}  // namespace tqdb

#endif  // TQDB_BASE_JSON_MEMBERS_H_
