// Where a page of an ordered scroll ended, as the text of a page token: "i42:7" for the integer 42
// of row 7, "d3.5:7" for the number 3.5 of that row.
#ifndef TQDB_SERVICE_ORDER_TOKEN_H_
#define TQDB_SERVICE_ORDER_TOKEN_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "storage/api/collection.h"

namespace tqdb::service {

// Returns a text from which OrderedPositionFromText makes the same position, bit for bit.
std::string ToText(const storage::OrderedPosition& position);
// Returns nothing when ToText did not write the text.
std::optional<storage::OrderedPosition> OrderedPositionFromText(absl::string_view text);

}  // namespace tqdb::service

#endif  // TQDB_SERVICE_ORDER_TOKEN_H_
