// Times as text: RFC 3339, to the microsecond.
//
// A time is read in the form `2023-02-08T10:49:00Z`. A fraction of a second may have any number of
// digits, of which the first six count. An offset such as `+01:00` may stand in place of Z.
//
// More forms are read, because data has them. A space may stand in place of the T, and a comma in
// place of the point before the fraction. Seconds may be missing: 2023-02-08T10:49Z. An offset may
// be written without its colon or its minutes: +0530 as strftime does, +05 as PostgreSQL does. A
// time without offset is UTC, and a date alone is its midnight in UTC.
//
// A leap second is the first second of the next minute. Years are 0000 to 9999.
#ifndef TQDB_BASE_DATETIME_H_
#define TQDB_BASE_DATETIME_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace tqdb::storage {

// The first and the last time that have a text, in microseconds since 1970-01-01T00:00:00Z.
inline constexpr int64_t kMinDatetime = -62'167'219'200'000'000;
inline constexpr int64_t kMaxDatetime = 253'402'300'799'999'999;

// Returns microseconds since 1970-01-01T00:00:00Z, or nothing when the text is no time. Allocates
// nothing, since a filter calls it for every value that it looks at.
std::optional<int64_t> ParseDatetime(absl::string_view text);
// Returns the text of a time, in UTC with Z, with a fraction only if there is one.
//
// Requires: kMinDatetime <= micros <= kMaxDatetime.
std::string FormatDatetime(int64_t micros);

}  // namespace tqdb::storage

#endif  // TQDB_BASE_DATETIME_H_
