// Filters of the client library: conditions on the payload and the id of a point, as plain values.
// Example: points whose `lang` is "en" and whose `year` is at least 1990.
//
//   Filter filter;
//   filter.must = {{FieldCondition{"lang", MatchValue{"en"}}},
//                  {FieldCondition{"year", NumberRange{{.gte = 1990}}}}};
//   auto hits = client->Search("books", {.vector = embedding, .filter = filter});
//
// A filter can also be read from text:
//
//   FilterFromJson(R"({"must": [{"key": "lang", "match": {"value": "en"}}]})")
//
// Client and server share the types: values/filter.h says what each condition means, and
// values/filter_json.h how it is written.
#ifndef TQDB_CLIENT_CPP_FILTER_H_
#define TQDB_CLIENT_CPP_FILTER_H_

#include "absl/types/span.h"
#include "base/number.h"
#include "values/filter.h"
#include "values/filter_json.h"
#include "values/types.h"

namespace tqdb::client {

using storage::Bounds;
using storage::Condition;
using storage::DatetimeRange;
using storage::FieldCondition;
using storage::Filter;
using storage::FilterFromJson;
using storage::FilterToJson;
using storage::HasId;
using storage::Integer;
using storage::MatchAny;
using storage::MatchExcept;
using storage::MatchText;
using storage::MatchValue;
using storage::MinShould;
using storage::Nested;
using storage::Number;
using storage::NumberRange;
using storage::Presence;
using storage::ValuesCount;

// Returns a condition that holds for these ids.
HasId HasIds(absl::Span<const tqdb::PointId> ids);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CPP_FILTER_H_
