// The JSON form of a filter: what the command line and the Python client take.
//
// clang-format off
//   filter     {"must": [C..], "should": [C..], "must_not": [C..],
//               "min_should": {"conditions": [C..], "min_count": 2}}
//   condition  {"key": K, "match": {"value": "a" | 1 | true}}
//              {"key": K, "match": {"any": ["a", ..] | [1, ..]}}
//              {"key": K, "match": {"except": ["a", ..] | [1, ..]}}
//              {"key": K, "match": {"text": "some words"}}
//              {"key": K, "range": {"gt": X, "gte": X, "lt": X, "lte": X}}
//              {"key": K, "values_count": {"gte": 1, ..}}
//              {"exists": {"key": K}}
//              {"is_empty": {"key": K}}
//              {"is_null": {"key": K}}
//              {"has_id": [1, "6ba7b810-9dad-11d1-80b4-00c04fd430c8", ..]}
//              {"nested": {"key": K, "filter": F}}
//              F
//
//   C is a condition, K a key (key_path.h), F a filter, X a number or a time as text.
// clang-format on
//
// Every part of a filter may be absent. As a condition, a filter must not be {}.
//
// Example: {"must": [{"key": "year", "range": {"gte": 2020}}]} holds for points whose year is 2020
// or later. filter.h says what each condition means.
#ifndef TQDB_VALUES_FILTER_JSON_H_
#define TQDB_VALUES_FILTER_JSON_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "values/filter.h"

namespace tqdb::storage {

// Returns a filter that passes ValidateFilter.
//
// InvalidArgument names the byte at which the text stops being JSON. Or it names the path of the
// fault (`field` being the path of the filter), the value got and the value needed. Unknown members
// and members that appear twice are faults.
absl::StatusOr<Filter> FilterFromJson(absl::string_view text, absl::string_view field = "filter");
// Returns the filter on one line. It reads back as an equal filter when `filter` passes
// ValidateFilter and its strings are UTF-8 (other bytes are replaced).
std::string FilterToJson(const Filter& filter);

}  // namespace tqdb::storage

#endif  // TQDB_VALUES_FILTER_JSON_H_
