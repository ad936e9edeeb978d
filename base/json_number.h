// Numbers of JSON, compared without rounding.
//
// Json is nlohmann::json or nlohmann::ordered_json.
#ifndef TQDB_BASE_JSON_NUMBER_H_
#define TQDB_BASE_JSON_NUMBER_H_

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

namespace tqdb::storage {

// The value as an integer of 64 bits; nothing when it is no number or no such integer.
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
  if (!(number >= -0x1p63 && number < 0x1p63) || number != std::trunc(number)) return std::nullopt;
  return static_cast<int64_t>(number);
}

// The value as a double, if one is equal to it.
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

// Negative, zero or positive, as `a` is below, equal to or above `b`. `b` is finite or infinite.
inline int Compare(double a, double b) { return a < b ? -1 : a > b; }
inline int Compare(int64_t a, double b) {
  if (b >= 0x1p63) return -1;
  if (b < -0x1p63) return 1;
  const auto whole = static_cast<int64_t>(b);  // toward zero
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
