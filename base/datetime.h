// Times as text: RFC 3339, to the microsecond.
//
// Read are `2023-02-08T10:49:00Z`, with a fraction of a second of any number of digits (those after
// the sixth are dropped) and with an offset such as `+01:00` in place of Z. Beyond the RFC, a space
// may stand for the T, a time without offset is UTC, and a date alone is its midnight in UTC. A
// leap second is the first second of the next minute. Years are 0000 to 9999.
#ifndef TQDB_BASE_DATETIME_H_
#define TQDB_BASE_DATETIME_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace tqdb::storage {

// First and last time that has a text, in microseconds since 1970-01-01T00:00:00Z.
inline constexpr int64_t kMinDatetime = -62'167'219'200'000'000;
inline constexpr int64_t kMaxDatetime = 253'402'300'799'999'999;

// Microseconds since 1970-01-01T00:00:00Z; nothing when the text is no time. Allocates nothing.
std::optional<int64_t> ParseDatetime(absl::string_view text);
// In UTC with Z; fraction only if there is one. `micros` in kMinDatetime..kMaxDatetime.
std::string FormatDatetime(int64_t micros);

}  // namespace tqdb::storage

#endif  // TQDB_BASE_DATETIME_H_
