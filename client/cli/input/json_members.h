// The members of a JSON object as they are written. A parsed tree does not have them: it rounds
// numbers beyond 64 bits, and 1.10 becomes 1.1.
#ifndef TQDB_CLIENT_CLI_INPUT_JSON_MEMBERS_H_
#define TQDB_CLIENT_CLI_INPUT_JSON_MEMBERS_H_

#include <vector>

#include "absl/strings/string_view.h"

namespace tqdb::client {

// Views of the text of the object.
struct JsonMember {
  absl::string_view key;    // with its quotes
  absl::string_view value;  // without white space around it
};

// Returns the members of the outermost object, in order. Requires: `text` is valid JSON, of an
// object. Does not parse the values, so it takes about the time of reading the text.
std::vector<JsonMember> JsonMembers(absl::string_view text);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_INPUT_JSON_MEMBERS_H_
