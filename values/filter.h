// A filter over points: conditions on the payload and on the id, as plain values.
//
// A filter holds for a point when all of `must` hold, at least one of `should` holds (if there are
// any), at least `min_count` of `min_should` hold (if it is set) and none of `must_not` holds. So
// an empty filter holds for every point.
//
// What a condition on a key means. A key is a path, `a.b.c` (key_path.h); an array on the way
// stands for the objects among its elements. What lies at the end of the path is *found*: nothing,
// one value, or several when there were arrays on the way. The *values* are what was found, where a
// found array stands for its elements (one level: an array within an array is a value of its own).
//
//   MatchValue     some value equals. Numbers are compared as numbers, exactly: 1 equals 1.0.
//   Strings
//                  byte by byte. A value of another type is not equal; nothing is converted.
//   MatchAny       some value equals one of the list. An empty list: no point.
//   MatchExcept    some value other than null equals none of the list; a value of another type
//   counts. MatchText      every word of the query is among the words of the values that are
//   strings, all of
//                  them together. Words: words.h.
//   NumberRange    some value is a number within the bounds. Compared exactly: no rounding of large
//                  integers in the payload (the bounds are doubles).
//   DatetimeRange  some value is a string with a time (datetime.h) within the bounds, to the
//   microsecond. ValuesCount    some found array has so many elements; a single value counts 1,
//   null counts 0. When
//                  nothing was found, the count is 0.
//   kExists        something was found, be it null or an empty array.
//   kIsEmpty       nothing was found but null and empty arrays.
//   kIsNull        some value is null.
//
// Null is a value for kIsNull alone. A missing key satisfies kIsEmpty and a count of 0 and nothing
// else; hence a condition in must_not holds back no point that lacks its key.
//
// HasId holds for the ids listed. Nested takes the objects found at its key, elements of a found
// array included, and holds when its filter does for one of them alone, keys being paths within it
// (a HasId within is still about the point). Of a key that a payload has twice, the last one
// counts.
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
#include "values/types.h"

namespace tqdb::storage {

// Limits of one filter, together so that their relations can be seen.
inline constexpr size_t kMaxFilterDepth = 16;     // filters within filters, the outer one counted
inline constexpr size_t kMaxConditions = 4'096;   // all levels together
inline constexpr size_t kMaxListValues = 65'536;  // of one MatchAny, MatchExcept or HasId
inline constexpr size_t kMaxKeyBytes = 256;       // of one key
inline constexpr size_t kMaxTextBytes = 4'096;    // of one MatchText
inline constexpr size_t kMaxTextWords = 64;       // different ones, of one MatchText

using ValueList = std::variant<std::vector<std::string>, std::vector<int64_t>>;

struct MatchValue {
  std::variant<std::string, int64_t, bool> value;
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

// Bounds of one kind; an unset one does not bound. At least one is set.
template <typename T>
struct Bounds {
  std::optional<T> gt = {}, gte = {}, lt = {}, lte = {};
  friend bool operator==(const Bounds&, const Bounds&) = default;
};

struct NumberRange : Bounds<double> {};
struct DatetimeRange : Bounds<int64_t> {};  // microseconds since 1970-01-01T00:00:00Z
struct ValuesCount : Bounds<uint64_t> {};

enum class Presence : uint8_t { kExists, kIsEmpty, kIsNull };

struct FieldCondition {
  std::string key;
  std::variant<MatchValue, MatchAny, MatchExcept, MatchText, NumberRange, DatetimeRange,
               ValuesCount, Presence>
      test;
  friend bool operator==(const FieldCondition&, const FieldCondition&) = default;
};

struct HasId {
  std::vector<PointId> ids;
  friend bool operator==(const HasId&, const HasId&) = default;
};

struct Condition;

struct MinShould {
  std::vector<Condition> conditions;
  uint64_t min_count = 0;  // 1 to the number of conditions
};

struct Filter {
  std::vector<Condition> must;
  std::vector<Condition> should;
  std::vector<Condition> must_not;
  std::optional<MinShould> min_should;
};
bool operator==(const Filter& a, const Filter& b);

struct Nested {
  std::string key;
  Filter filter;
  friend bool operator==(const Nested&, const Nested&) = default;
};

struct Condition {
  std::variant<FieldCondition, HasId, Nested, Filter> of;
  friend bool operator==(const Condition&, const Condition&) = default;
};

// InvalidArgument on a limit exceeded, a bad key, a range that no value can satisfy, NaN. The
// message begins with the path of the fault, `field` being that of the filter:
// "filter.must[2].range: gte 5 > lte 3".
absl::Status ValidateFilter(const Filter& filter, absl::string_view field = "filter");

}  // namespace tqdb::storage

#endif  // TQDB_VALUES_FILTER_H_
