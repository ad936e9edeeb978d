// The JSON form of a filter: what the command line and the Python client take.
//
//   filter     {"must": [C..], "should": [C..], "must_not": [C..],
//               "min_should": {"conditions": [C..], "min_count": 2}}        every part may be
//               absent
//   condition  {"key": K, "match": {"value": "a" | 1 | true}}
//              {"key": K, "match": {"any": ["a", ..] | [1, ..]}}            or "except"
//              {"key": K, "match": {"text": "some words"}}
//              {"key": K, "range": {"gt": X, "gte": X, "lt": X, "lte": X}}  X: numbers, or times as
//              text
//              {"key": K, "values_count": {"gte": 1, ..}}
//              {"exists": {"key": K}}                                       or "is_empty",
//              "is_null"
//              {"has_id": [1, "6ba7b810-9dad-11d1-80b4-00c04fd430c8", ..]}
//              {"nested": {"key": K, "filter": F}}
//              F                                                            a filter, not {}
//
// What each condition means: filter.h.
#ifndef TQDB_VALUES_FILTER_JSON_H_
#define TQDB_VALUES_FILTER_JSON_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "values/filter.h"

namespace tqdb::storage {

// A filter that passes ValidateFilter. InvalidArgument names the byte at which the text stops being
// JSON, or the path of the fault (`field` being that of the filter), the value got and what is
// needed. Unknown members and members that appear twice are faults.
absl::StatusOr<Filter> FilterFromJson(absl::string_view text, absl::string_view field = "filter");
// One line. Reads back as an equal filter, when `filter` passes ValidateFilter and its strings are
// UTF-8 (other bytes are replaced).
std::string FilterToJson(const Filter& filter);

}  // namespace tqdb::storage

#endif  // TQDB_VALUES_FILTER_JSON_H_
