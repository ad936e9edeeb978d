// One kind of values of one key: values to the rows that have them.
//
// Not thread-safe; const methods may run together.
#ifndef TQDB_STORAGE_PAYLOAD_VALUE_INDEX_H_
#define TQDB_STORAGE_PAYLOAD_VALUE_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>

#include "storage/payload/prepared_filter.h"
#include "storage/payload/row_matches.h"

namespace tqdb::storage {

enum class FieldKind : uint8_t {
  kKeyword = 1,   // strings as a whole: MatchValue, MatchAny, MatchExcept
  kInteger = 2,   // integers of 64 bits: the same, and NumberRange
  kFloat = 3,     // numbers: the same
  kBool = 4,      // MatchValue
  kDatetime = 5,  // strings that are times: DatetimeRange
  kText = 6,      // words of strings: MatchText
};

// What tests of a type and indexes of a kind are about.
enum class ValueClass : uint8_t { kString, kNumber, kBool };
ValueClass ClassOf(FieldKind kind);

class ValueIndex {
 public:
  static std::unique_ptr<ValueIndex> Create(FieldKind kind);
  virtual ~ValueIndex() = default;

  // False when the value is not of this kind, and is not held.
  virtual bool Add(uint64_t row, const nlohmann::json& value) = 0;
  // Of a row, all values must be removed that were added.
  virtual void Remove(uint64_t row, const nlohmann::json& value) = 0;

  // Rows with a value that passes the test, its `except` disregarded. `strays` are rows that also
  // have values which are not held. False when the test is none that this kind serves.
  virtual bool Match(const FieldTest& test, const RowSet& strays, RowMatches& matches) const = 0;
  virtual bool Estimate(const FieldTest& test, uint64_t strays, RowEstimate& estimate) const = 0;

  virtual size_t memory_bytes() const = 0;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_PAYLOAD_VALUE_INDEX_H_
