// Numbers and text for people. Pure functions.
#ifndef TQDB_BASE_TEXT_FORMAT_H_
#define TQDB_BASE_TEXT_FORMAT_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace tqdb {

std::string WithThousands(uint64_t value);  // 1234567 -> "1,234,567"
std::string FormatBytes(uint64_t bytes);    // 1536 -> "1.5 KiB"
std::string FormatClock(double seconds);    // 3725 -> "1:02:05", 65 -> "1:05"
// Columns on a terminal, one for each code point.
size_t DisplayWidth(absl::string_view text);
// At most `width` columns, the last one "…" when something was cut off. Control characters become
// spaces.
std::string Truncate(absl::string_view text, size_t width);

}  // namespace tqdb

#endif  // TQDB_BASE_TEXT_FORMAT_H_
