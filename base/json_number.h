// Numbers of JSON, compared without rounding.
//
// A double holds integers exactly only up to 2^53, and payloads have ids and times beyond that.
// Comparing by conversion to double would find 2^53 + 1 equal to 2^53. So integers are compared as
// integers, and with a double exactly.
//
// Json is nlohmann::json or nlohmann::ordered_json.
#ifndef TQDB_BASE_JSON_NUMBER_H_
#define TQDB_BASE_JSON_NUMBER_H_

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

namespace tqdb::storage {

// Returns the value as an integer of 64 bits. 1.0 is the integer 1. Returns nothing for other
// numbers and for values that are no number.
template <typename Json>
std::optional<int64_t> AsInteger(const Json& value) {
  if (value.is_number_unsigned()) {
    const auto number = value.template get<uint64_t>();
    if (number > uint64_t{std::numeric_limits<int64_t>::max()}) return std::nullopt;
    return static_cast<int64_t>(number);
  }
  if (value.is_number_integer()) return value.template get<int64_t>();
  if (!value.is_number_float()) return std::nullopt;
  const auto number = value.template get<double>();
  // The bounds come first: casting a double beyond them is undefined. NaN fails them, too.
  if (!(number >= -0x1p63 && number < 0x1p63) || number != std::trunc(number)) return std::nullopt;
  return static_cast<int64_t>(number);
}

// Returns the value as a double, if one is equal to it. 2^53 + 1 has none.
template <typename Json>
std::optional<double> AsDouble(const Json& value) {
  if (!value.is_number()) return std::nullopt;
  const auto number = value.template get<double>();
  if (value.is_number_float()) return number;
  // An integer that rounds up to 2^63 or 2^64 must not be cast back.
  if (value.is_number_unsigned()) {
    const bool same =
        number < 0x1p64 && static_cast<uint64_t>(number) == value.template get<uint64_t>();
    return same ? std::optional<double>(number) : std::nullopt;
  }
  const bool same =
      number < 0x1p63 && static_cast<int64_t>(number) == value.template get<int64_t>();
  return same ? std::optional<double>(number) : std::nullopt;
}

// Each returns a negative number, zero or a positive one, as `a` is below, equal to or above `b`.
//
// Requires: `b` is finite or infinite, not NaN.
inline int Compare(double a, double b) { return a < b ? -1 : a > b; }
inline int Compare(int64_t a, double b) {
  if (b >= 0x1p63) return -1;
  if (b < -0x1p63) return 1;
  // Conversion rounds toward zero. If the integers are equal, the fraction of b decides.
  const auto whole = static_cast<int64_t>(b);
  if (a != whole) return a < whole ? -1 : 1;
  return Compare(0.0, b - static_cast<double>(whole));
}
inline int Compare(uint64_t a, double b) {
  if (b >= 0x1p64) return -1;
  if (b < 0) return 1;
  const auto whole = static_cast<uint64_t>(b);
  if (a != whole) return a < whole ? -1 : 1;
  return Compare(0.0, b - static_cast<double>(whole));
}

}  // namespace tqdb::storage

#endif  // TQDB_BASE_JSON_NUMBER_H_
