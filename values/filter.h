// A filter over points: conditions on the payload and on the id, as plain values.
//
// A filter has four parts, and holds for a point when every part does:
//
// clang-format off
//   must         all of its conditions hold
//   should       at least one of its conditions holds, if there are any
//   min_should   at least min_count of its conditions hold, if it is set
//   must_not     none of its conditions holds
// clang-format on
//
// An empty filter thus holds for every point.
//
// A condition on a key looks at values of the payload. A key is a path, `a.b.c` (key_path.h). An
// array on the way stands for the objects among its elements. The values at the end of the path are
// *found*: none, one, or several when there were arrays on the way. The condition tests the
// *values*: these are the found ones, and a found array stands for its elements. That holds for one
// level: an array within an array is a value of its own. Example with the key `a.b`:
//
// clang-format off
//   payload   {"a": [{"b": 1}, {"b": [2, 3]}]}
//   found     1 and [2, 3]
//   values    1, 2 and 3
// clang-format on
//
// clang-format off
//   condition      holds when
//   MatchValue     some value is equal. Numbers are compared as numbers, exactly (number.h): 1
//                  equals 1.0. Strings are compared byte by byte. A value of another type is not
//                  equal; nothing is converted.
//   MatchAny       some value equals one of the list. With an empty list it holds for no point.
//   MatchExcept    some value other than null equals none of the list. A value of another type
//                  equals none of it.
//   MatchText      every word of the query is among the words (words.h) of the values that are
//                  strings, all of them together.
//   NumberRange    some value is a number within the bounds. Neither is rounded for the comparison.
//   DatetimeRange  some value is a string with a time (datetime.h) within the bounds, to the
//                  microsecond.
//   ValuesCount    the number of elements of some found array is within the bounds. A single value
//                  counts as 1, null as 0. When nothing was found, the number is 0.
//   kExists        something was found, be it null or an empty array.
//   kIsEmpty       nothing was found except null and empty arrays.
//   kIsNull        some value is null.
// clang-format on
//
// Integers of a payload are exact from -2^63 to 2^64 - 1. An integer beyond that, like a fraction,
// stands for a double near it: it equals no integer of 64 bits, and is above or below all of them
// as it should be (json_parser.h).
//
// Null is a value for kIsNull alone. A point without the key satisfies kIsEmpty and a count of 0,
// and no other condition. Hence any other condition in must_not excludes no point that lacks the
// key.
//
// HasId holds for the ids listed. Nested looks at the objects found at its key, elements of a found
// array included. It holds when its filter holds for one of these objects alone. Keys in that
// filter are paths within the object, while a HasId in it is still about the point. When a payload
// has a key twice, the last one counts.
#ifndef TQDB_VALUES_FILTER_H_
#define TQDB_VALUES_FILTER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/number.h"
#include "values/types.h"

namespace tqdb::storage {

// Limits of one filter, together so that their relations can be seen.
inline constexpr size_t kMaxFilterDepth = 16;     // filters within each other, the outermost is 1
inline constexpr size_t kMaxConditions = 4'096;   // conditions of all levels together
inline constexpr size_t kMaxListValues = 65'536;  // values of one MatchAny, MatchExcept or HasId
inline constexpr size_t kMaxKeyBytes = 256;       // bytes of one key
inline constexpr size_t kMaxTextBytes = 4'096;    // bytes of one MatchText
inline constexpr size_t kMaxTextWords = 64;       // different words of one MatchText

// The values of MatchAny and MatchExcept: all strings or all integers.
using ValueList = std::variant<std::vector<std::string>, std::vector<Integer>>;

// The tests of a condition on a key. The table at the head of this file says when each holds.
struct MatchValue {
  std::variant<std::string, Integer, bool> value;
  friend bool operator==(const MatchValue&, const MatchValue&) = default;
};

struct MatchAny {
  ValueList any;
  friend bool operator==(const MatchAny&, const MatchAny&) = default;
};

struct MatchExcept {
  ValueList except;
  friend bool operator==(const MatchExcept&, const MatchExcept&) = default;
};

struct MatchText {
  std::string text;
  friend bool operator==(const MatchText&, const MatchText&) = default;
};

// Bounds of one kind. An unset one does not bound, and at least one is set. Example: among
// integers, gt 2 with lte 5 holds for 3, 4 and 5.
template <typename T>
struct Bounds {
  std::optional<T> gt = {}, gte = {}, lt = {}, lte = {};
  friend bool operator==(const Bounds&, const Bounds&) = default;
};

struct NumberRange : Bounds<Number> {};     // finite
struct DatetimeRange : Bounds<int64_t> {};  // in microseconds since 1970-01-01T00:00:00Z
struct ValuesCount : Bounds<uint64_t> {};   // in elements

enum class Presence : uint8_t { kExists, kIsEmpty, kIsNull };

// A condition on a key of the payload.
struct FieldCondition {
  std::string key;  // a path (key_path.h)
  std::variant<MatchValue, MatchAny, MatchExcept, MatchText, NumberRange, DatetimeRange,
               ValuesCount, Presence>
      test;
  friend bool operator==(const FieldCondition&, const FieldCondition&) = default;
};

// A condition on the id of the point.
struct HasId {
  std::vector<PointId> ids;
  friend bool operator==(const HasId&, const HasId&) = default;
};

struct Condition;

// Conditions of which a number must hold.
struct MinShould {
  std::vector<Condition> conditions;
  uint64_t min_count = 0;  // 1 to the number of conditions
};

// A filter: it holds when all four parts hold.
struct Filter {
  std::vector<Condition> must;
  std::vector<Condition> should;
  std::vector<Condition> must_not;
  std::optional<MinShould> min_should;
};
bool operator==(const Filter& a, const Filter& b);

// A filter on the objects found at a key, one object at a time.
struct Nested {
  std::string key;
  Filter filter;
  friend bool operator==(const Nested&, const Nested&) = default;
};

// A condition of any kind, a filter within the filter included.
struct Condition {
  std::variant<FieldCondition, HasId, Nested, Filter> of;
  friend bool operator==(const Condition&, const Condition&) = default;
};

// Returns InvalidArgument on a limit exceeded, a bad key, a range that no value can satisfy, or
// NaN.
//
// The message begins with the path of the fault, `field` being the path of the filter. Example:
// "filter.must[2].range: gte 5 > lte 3".
absl::Status ValidateFilter(const Filter& filter, absl::string_view field = "filter");

}  // namespace tqdb::storage

#endif  // TQDB_VALUES_FILTER_H_
