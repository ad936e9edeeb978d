// The values of one kind of one key: a map from each value to the rows that have it.
//
// Each kind has the structure that its tests need:
//
// clang-format off
//   kind       structure                      serves
//   keyword    hash map of strings            equal, any of a list
//   text       hash map of words              all words of a query
//   boolean    two sets                       equal
//   integer    sorted values (int64, others)  equal, any of a list, ranges, order
//   float      sorted values (double, others) equal, any of a list, ranges, order
//   datetime   sorted values (microseconds)   ranges, order
// clang-format on
//
// "Others" are integers of 64 bits that the type before it cannot hold: 2^63 is no int64, and no
// double equals 2^53 + 1. They are few or none, and sorted apart.
//
// A map holds only values of its own kind. Whoever owns it (field_index.h) remembers which rows
// have other values. Example: an index of integers takes 7, 7.0 and -1, and refuses 7.5 and "7". A
// test `>= 7` returns the rows of 7 as certain, and the rows that also have 7.5 as undecided.
//
// Not thread-safe; const methods may run at the same time.
#ifndef TQDB_STORAGE_PAYLOAD_VALUE_INDEX_H_
#define TQDB_STORAGE_PAYLOAD_VALUE_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <variant>

#include "absl/functional/function_ref.h"
#include "base/number.h"
#include "storage/payload/postings.h"
#include "storage/payload/prepared_filter.h"
#include "storage/payload/row_matches.h"
#include "values/field_kind.h"

namespace tqdb::storage {

// JSON types that tests and indexes are about. An index can only help a test of its own class.
enum class ValueClass : uint8_t { kString, kNumber, kBool };
ValueClass ClassOf(FieldKind kind);

// A value that can be counted by a facet or name a group; the types are those of MatchValue.
using FieldValue = std::variant<std::string, Integer, bool>;
// Returns the value, or nullopt for other types and for numbers that equal no integer of 64 bits.
// 1.0 gives 1.
std::optional<FieldValue> ToFieldValue(const nlohmann::json& value);
// A value with an order: a number, or a time in microseconds. An index holds equal numbers as one
// type, so that a position of one index is told from a position of another one.
using OrderedValue = Number;

// Interface of the six kinds.
class ValueIndex {
 public:
  static std::unique_ptr<ValueIndex> Create(FieldKind kind);
  virtual ~ValueIndex() = default;

  // Adds one value of a row. Returns false, without effect, if the value is not of this kind.
  virtual bool Add(uint64_t row, const nlohmann::json& value) = 0;
  // Removes one value of a row. Values of other kinds are ignored. Requires: the caller removes
  // every value that Add received for this row (see sorted_postings.h).
  virtual void Remove(uint64_t row, const nlohmann::json& value) = 0;
  // Removes all rows that are not in `rows`.
  virtual void Retain(const RowSet& rows) = 0;

  // Sets `matches` to the rows with a value that passes the test, and returns true. Returns false
  // if this kind does not serve the test. `except` of a list is ignored: the caller turns the
  // answer round. `strays` are the rows with values that are not held here. They are undecided if
  // such values can pass the test, unless they match certainly.
  virtual bool Match(const FieldTest& test, const RowSet& strays, RowMatches& matches) const = 0;

  // Calls visit(value, rows) for every value, in no particular order. Returns false, without calls,
  // if values of this kind are not FieldValues: floats, times and words.
  using VisitValue = absl::FunctionRef<void(const FieldValue&, const Postings&)>;
  virtual bool ForEachValue(VisitValue) const { return false; }
  // Calls visit(value, rows) in the order of values, until visit returns false. Begins with the
  // first value at `from` or behind it; null begins with the first one. Returns false, without
  // calls, if this kind has no order or does not hold such values as `from`.
  using VisitOrdered = absl::FunctionRef<bool(const OrderedValue&, const Postings&)>;
  virtual bool Walk(bool /*descending*/, const OrderedValue* /*from*/, VisitOrdered) const {
    return false;
  }

  virtual size_t memory_bytes() const = 0;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_PAYLOAD_VALUE_INDEX_H_
