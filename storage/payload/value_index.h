// One kind of values of one key: values to the rows that have them.
//
// Not thread-safe; const methods may run together.
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
#include "storage/payload/postings.h"
#include "storage/payload/prepared_filter.h"
#include "storage/payload/row_matches.h"
#include "values/field_kind.h"

namespace tqdb::storage {

// What tests of a type and indexes of a kind are about.
enum class ValueClass : uint8_t { kString, kNumber, kBool };
ValueClass ClassOf(FieldKind kind);

using FieldValue = std::variant<std::string, int64_t, bool>;  // as MatchValue has it
// Nothing of other types. A number that is an integer is one, as 1.0.
std::optional<FieldValue> ToFieldValue(const nlohmann::json& value);
using OrderedValue = std::variant<int64_t, double>;  // integers and times, numbers

class ValueIndex {
 public:
  static std::unique_ptr<ValueIndex> Create(FieldKind kind);
  virtual ~ValueIndex() = default;

  // False when the value is not of this kind, and is not held.
  virtual bool Add(uint64_t row, const nlohmann::json& value) = 0;
  // Of a row, all values must be removed that were added.
  virtual void Remove(uint64_t row, const nlohmann::json& value) = 0;
  // Forgets all rows but these.
  virtual void Retain(const RowSet& rows) = 0;

  // Rows with a value that passes the test, its `except` disregarded. `strays` are rows that also
  // have values which are not held. False when the test is none that this kind serves.
  virtual bool Match(const FieldTest& test, const RowSet& strays, RowMatches& matches) const = 0;

  // Calls visit(value, rows) for all values held, in no order. False when this kind has no values
  // of a MatchValue.
  using VisitValue = absl::FunctionRef<void(const FieldValue&, const Postings&)>;
  virtual bool ForEachValue(VisitValue) const { return false; }
  // Calls visit(value, rows) in the order of values, from `from` (null: the first) on, until it
  // returns false. False when this kind has no order, or another type of it.
  using VisitOrdered = absl::FunctionRef<bool(const OrderedValue&, const Postings&)>;
  virtual bool Walk(bool /*descending*/, const OrderedValue* /*from*/, VisitOrdered) const {
    return false;
  }

  virtual size_t memory_bytes() const = 0;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_PAYLOAD_VALUE_INDEX_H_
