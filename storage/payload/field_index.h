// The index of one payload key: which values it has, and in which rows.
//
// The simple idea: a map from each value to its rows (ValueIndex). Payloads are free-form JSON, so
// that is not enough. A key may be missing, null, an empty array or an array of several values. An
// index of integers may meet a string. The filter must be right for all of them.
//
// So the index keeps seven sets of rows besides the map. They say of each row what was found at the
// key, and these sets answer the tests of presence. Example, an index of keywords on the key "a":
//
// clang-format off
//   payload                rows  found  filled  nulls  valued  several  strays
//   {}                      x
//   {"a": null}             x     x               x
//   {"a": []}               x     x
//   {"a": "red"}            x     x      x                x
//   {"a": ["red", "big"]}   x     x      x                x       x
//   {"a": ["red", 7]}       x     x      x                x       x        x
// clang-format on
//
// A value of another type than the index's (7 above) is not in the map. Its row is a *stray*: a
// test of numbers leaves it undecided, and its payload is read. A test of strings decides it. So
// the answer to a filter is always right. No payload is read if payloads hold the type that the
// index was made for.
//
// An index can be made when there are rows already. It is shown these rows one by one. A row that
// it has not seen is undecided under every test.
//
// Left out: combining conditions (filter_matcher.h), and knowing which rows are alive
// (payload_index.h). A deleted row stays here until a vacuum.
//
// Not thread-safe; const methods may run at the same time.
#ifndef TQDB_STORAGE_PAYLOAD_FIELD_INDEX_H_
#define TQDB_STORAGE_PAYLOAD_FIELD_INDEX_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>

#include "storage/payload/prepared_filter.h"
#include "storage/payload/row_matches.h"
#include "storage/payload/row_set.h"
#include "storage/payload/value_index.h"
#include "values/key_path.h"

namespace tqdb::storage {

// The index of one key.
class FieldIndex {
 public:
  FieldIndex(KeyPath path, FieldKind kind);

  FieldKind kind() const { return kind_; }
  // Returns the rows that the index has seen, deleted ones included.
  const RowSet& rows() const { return rows_; }

  // Adds a row. Returns false, without effect, if the index has seen the row. `payload` is the
  // whole payload, a JSON object.
  bool Add(uint64_t row, const nlohmann::json& payload);
  // Removes a row. No effect if the index has not seen it. Requires: `payload` is the payload that
  // Add received for the row.
  void Remove(uint64_t row, const nlohmann::json& payload);
  // Removes all rows that are not in `rows`.
  void Retain(const RowSet& rows);

  // Returns the rows that satisfy a test. Rows of `all` that the index has not seen are undecided.
  // The result may contain deleted rows: rows that the index has seen and that are not in `all`.
  // The caller intersects it with `all`.
  RowMatches Match(const FieldTest& test, const RowSet& all) const;

  // The values of the index's kind. They are complete for rows() without strays(): a stray row has
  // further values, which are not held.
  const ValueIndex& values() const { return *values_; }
  const RowSet& strays() const { return strays_; }

  size_t memory_bytes() const;

 private:
  // Does the work of Match for the rows that the index has seen.
  RowMatches MatchSeen(const FieldTest& test) const;
  // Returns all seven sets below, for operations that treat them alike.
  std::array<RowSet*, 7> RowSets() {
    return {&rows_, &found_, &filled_, &nulls_, &valued_, &several_, &strays_};
  }

  const KeyPath path_;
  const FieldKind kind_;
  const std::unique_ptr<ValueIndex> values_;
  // Sets of rows. "Found" and "value" are terms of values/filter.h: the elements of a found array
  // are values, the array itself is not.
  RowSet rows_;     // rows that the index has seen
  RowSet found_;    // rows with something found at the key, be it null or an empty array
  RowSet filled_;   // rows with something found that is neither null nor an empty array
  RowSet nulls_;    // rows with a value that is null
  RowSet valued_;   // rows with a value that is not null
  RowSet several_;  // rows with more than one such value
  RowSet strays_;   // rows with such a value that values_ does not hold
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_PAYLOAD_FIELD_INDEX_H_
