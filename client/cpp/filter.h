// Filters of the client library: conditions on the payload and the id of a point, as plain values.
//
//   Filter filter;
//   filter.must = {{FieldCondition{"lang", MatchValue{"en"}}},
//                  {FieldCondition{"year", NumberRange{{.gte = 1990}}}}};
//   auto hits = client->Search("books", {.vector = embedding, .filter = filter});
//
// or, from text, FilterFromJson(R"({"must": [{"key": "lang", "match": {"value": "en"}}]})").
//
// The types are those of storage/payload, which the server evaluates: filter.h there says what each
// condition means, filter_json.h how it is written. The library takes nothing else from storage.
#ifndef TQDB_CLIENT_CPP_FILTER_H_
#define TQDB_CLIENT_CPP_FILTER_H_

#include "absl/types/span.h"
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
using storage::MatchAny;
using storage::MatchExcept;
using storage::MatchText;
using storage::MatchValue;
using storage::MinShould;
using storage::Nested;
using storage::NumberRange;
using storage::Presence;
using storage::ValuesCount;

// Holds for these ids.
HasId HasIds(absl::Span<const tqdb::PointId> ids);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CPP_FILTER_H_
