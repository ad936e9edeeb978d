// Where a page of an ordered scroll ended, as the text of a page token: "i42:7", "d3.5:7".
#ifndef TQDB_SERVER_GRPC_ORDER_TOKEN_H_
#define TQDB_SERVER_GRPC_ORDER_TOKEN_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "storage/api/collection.h"

namespace tqdb::server {

std::string ToText(const storage::OrderedPosition& position);
// Nothing when the text is none of ToText.
std::optional<storage::OrderedPosition> OrderedPositionFromText(absl::string_view text);

}  // namespace tqdb::server

#endif  // TQDB_SERVER_GRPC_ORDER_TOKEN_H_
