// One kind of values of one key: values to the rows that have them.
//
// Not thread-safe; const methods may run together.
#ifndef TQDB_STORAGE_PAYLOAD_VALUE_INDEX_H_
#define TQDB_STORAGE_PAYLOAD_VALUE_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>

#include "storage/payload/field_kind.h"
#include "storage/payload/prepared_filter.h"
#include "storage/payload/row_matches.h"

namespace tqdb::storage {

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
  // Forgets all rows but these.
  virtual void Retain(const RowSet& rows) = 0;

  // Rows with a value that passes the test, its `except` disregarded. `strays` are rows that also
  // have values which are not held. False when the test is none that this kind serves.
  virtual bool Match(const FieldTest& test, const RowSet& strays, RowMatches& matches) const = 0;

  virtual size_t memory_bytes() const = 0;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_PAYLOAD_VALUE_INDEX_H_
