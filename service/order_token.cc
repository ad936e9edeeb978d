#include "service/order_token.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace tqdb::service {

std::string ToText(const storage::OrderedPosition& position) {
  if (position.value.is_integer()) {
    return absl::StrCat("i", position.value.integer().ToString(), ":", position.row);
  }
  // 17 digits give back the same double.
  return absl::StrFormat("d%.17g:%d", position.value.real(), position.row);
}

std::optional<storage::OrderedPosition> OrderedPositionFromText(absl::string_view text) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits(':', 1));
  storage::OrderedPosition position;
  int64_t integer;
  uint64_t large;
  double number;
  if (parts.first.empty() || !absl::SimpleAtoi(parts.second, &position.row)) return std::nullopt;
  const absl::string_view value = parts.first.substr(1);
  if (parts.first[0] == 'i' && absl::SimpleAtoi(value, &integer)) {
    position.value = integer;
  } else if (parts.first[0] == 'i' && absl::SimpleAtoi(value, &large)) {
    position.value = large;
  } else if (parts.first[0] == 'd' && absl::SimpleAtod(value, &number)) {
    position.value = number;
  } else {
    return std::nullopt;
  }
  return position;
}

}  // namespace tqdb::service
