// Between JSON and the plain types: one spelling for arguments and output. Points: point_json.h.
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

// InvalidArgument names the byte at which the text stops being JSON.
absl::StatusOr<Json> ParseJson(absl::string_view text);
// One line, never fails: invalid UTF-8 is replaced.
std::string ToLine(const Json& json);

// At most 60 bytes of it, for an error.
std::string Excerpt(const Json& json);

Json ToJson(const CollectionInfo& info);
Json ToJson(const PayloadIndexInfo& index);
Json ToJson(const PayloadValue& value);
Json ToJson(const FacetCount& count);
Json ToJson(const ServerInfo& info);
// For people: strings without quotes.
std::string ToText(const PayloadValue& value);
Json ErrorToJson(const absl::Status& status);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_OUTPUT_JSON_H_
