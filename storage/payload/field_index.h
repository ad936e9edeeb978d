// The index of one key: what its values are, and whether a row has any.
//
// Values of the index's kind are held by a ValueIndex. Of all others it only knows that they are
// there: their rows are *strays*, which a test of such values cannot decide. So a filter is
// answered rightly whatever payloads hold, and exactly where they hold what the index was made for.
//
// An index that is made when there are rows already learns of them one by one; those that it has
// not seen yet are undecided under every test.
//
// Not thread-safe; const methods may run together.
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

class FieldIndex {
 public:
  FieldIndex(KeyPath path, FieldKind kind);

  FieldKind kind() const { return kind_; }
  // Rows that the index has seen.
  const RowSet& rows() const { return rows_; }

  // False, and no effect, when the row has been added already.
  bool Add(uint64_t row, const nlohmann::json& payload);
  // `payload` is the one that was added. No effect when the row is not there.
  void Remove(uint64_t row, const nlohmann::json& payload);
  // Forgets all rows but these.
  void Retain(const RowSet& rows);

  // Of all rows. Rows that have been seen and are none of them may be among the matches, too.
  RowMatches Match(const FieldTest& test, const RowSet& all) const;

  // The values of this kind, of rows whose values are all held (rows() less strays()).
  const ValueIndex& values() const { return *values_; }
  const RowSet& strays() const { return strays_; }

  size_t memory_bytes() const;

 private:
  // What is known of the rows seen.
  RowMatches MatchSeen(const FieldTest& test) const;
  std::array<RowSet*, 7> RowSets() {
    return {&rows_, &found_, &filled_, &nulls_, &valued_, &several_, &strays_};
  }

  const KeyPath path_;
  const FieldKind kind_;
  const std::unique_ptr<ValueIndex> values_;
  // Rows of which ...
  RowSet rows_;     // any payload was added
  RowSet found_;    // something was found
  RowSet filled_;   // ... that is neither null nor an empty array
  RowSet nulls_;    // a value is null
  RowSet valued_;   // a value is not null
  RowSet several_;  // more than one is not
  RowSet strays_;   // one is neither null nor held by values_
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_PAYLOAD_FIELD_INDEX_H_
