// Conversions between JSON and the plain types of the client. Arguments and output use the same
// form, so that the output of one command can be the input of another. Points are in point_json.h.
#ifndef TQDB_CLIENT_CLI_OUTPUT_JSON_H_
#define TQDB_CLIENT_CLI_OUTPUT_JSON_H_

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cpp/payload.h"
#include "client/cpp/types.h"

namespace tqdb::client {

using Json = nlohmann::ordered_json;  // keys stay in the order in which they were written

// Returns the value of a text. InvalidArgument names the byte at which the text stops being JSON.
absl::StatusOr<Json> ParseJson(absl::string_view text);
// Returns the value as one line. Never fails: invalid UTF-8 is replaced.
std::string ToLine(const Json& json);

// Returns at most 60 bytes of the value, for the message of an error.
std::string Excerpt(const Json& json);

Json ToJson(const CollectionInfo& info);
Json ToJson(const PayloadIndexInfo& index);
Json ToJson(const PayloadValue& value);
Json ToJson(const FacetCount& count);
Json ToJson(const ServerInfo& info);
// Returns the value for people: strings have no quotes.
std::string ToText(const PayloadValue& value);
Json ErrorToJson(const absl::Status& status);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_OUTPUT_JSON_H_
