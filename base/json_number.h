// Numbers of JSON trees as numbers (number.h), and back.
//
// Json is nlohmann::json or nlohmann::ordered_json. Whoever includes this file includes the
// library.
#ifndef TQDB_BASE_JSON_NUMBER_H_
#define TQDB_BASE_JSON_NUMBER_H_

#include <cstdint>
#include <optional>

#include "base/number.h"

namespace tqdb::storage {

// Returns the number that a value is. Returns nothing for other types of value.
template <typename Json>
std::optional<Number> AsNumber(const Json& value) {
  if (value.is_number_unsigned()) return Number(value.template get<uint64_t>());
  if (value.is_number_integer()) return Number(value.template get<int64_t>());
  if (value.is_number_float()) return Number(value.template get<double>());
  return std::nullopt;
}

// Returns the value as an integer of 64 bits. 1.0 is the integer 1. Returns nothing for other
// numbers and for values that are no number.
template <typename Json>
std::optional<Integer> AsInteger(const Json& value) {
  const std::optional<Number> number = AsNumber(value);
  return number ? number->AsInteger() : std::nullopt;
}

// Each returns the number as a value, which reads back as the same number.
template <typename Json>
Json NumberToJson(const Integer& integer) {
  return integer.fits_int64() ? Json(integer.int64()) : Json(integer.uint64());
}
template <typename Json>
Json NumberToJson(const Number& number) {
  return number.is_integer() ? NumberToJson<Json>(number.integer()) : Json(number.real());
}

}  // namespace tqdb::storage

#endif  // TQDB_BASE_JSON_NUMBER_H_
