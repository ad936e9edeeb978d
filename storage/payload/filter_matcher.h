// The rows of a filter, from the indexes of its keys.
//
// The simple idea: each condition asks the index of its key for a set of rows. `must` intersects
// the sets, `should` unites them, `must_not` subtracts them.
//
// An index may not know everything, so an answer has two sets (row_matches.h). C has the rows that
// certainly match, and P the rows that possibly match. All operations work on both:
//
// clang-format off
//   a and b          C = Ca & Cb        P = Pa & Pb
//   a or b           C = Ca | Cb        P = Pa | Pb
//   a and not b      C = Ca - Pb        P = Pa - Cb
//   n of several     C = rows in at least n of the C;  P = rows in at least n of the P
// clang-format on
//
// Example: `color` has an index and `size` has none. For must [color = red], [size > 7], C is empty
// and P has the red rows. Only these payloads are read. For should of the same conditions, C has
// the red rows and P has all rows. So the payloads of all other rows are read.
//
// Nested conditions are only bounded from above. An index knows the values of a row, but not which
// of them lie in one object together. So P has the rows whose values, taken all together, can
// satisfy the nested filter, and C is empty.
//
// Left out: choosing an order of conditions by size. Sets are cheap to combine, and a payload costs
// far more. The only shortcut is to stop as soon as nothing can match any more.
#ifndef TQDB_STORAGE_PAYLOAD_FILTER_MATCHER_H_
#define TQDB_STORAGE_PAYLOAD_FILTER_MATCHER_H_

#include <vector>

#include "storage/payload/payload_index.h"
#include "storage/payload/prepared_filter.h"
#include "storage/payload/row_matches.h"

namespace tqdb::storage {

// Not thread-safe by itself; it only reads the index.
class FilterMatcher {
 public:
  // Requires: `index` and the function behind `find_row` outlive the matcher.
  FilterMatcher(const PayloadIndex& index, PayloadIndex::FindRow find_row)
      : index_(index), find_row_(find_row) {}

  // Returns the live rows that satisfy a group of conditions.
  RowMatches Match(const PreparedGroup& group) const;

 private:
  // Returns the rows that satisfy a condition. They may contain deleted rows; the caller intersects
  // them with the live ones.
  RowMatches Match(const PreparedCondition& condition) const;
  RowMatches MatchIds(const PreparedIds& ids) const;
  // Returns the rows that satisfy at least `count` of the conditions.
  RowMatches AtLeast(const std::vector<PreparedCondition>& conditions, uint64_t count) const;
  // Returns an upper bound of the rows of which one object at `at` satisfies the group (or the
  // condition). These are the rows whose values can satisfy it if they are taken all together.
  // Conditions of must_not do not reduce the bound: a value of one object does not rule out another
  // object of the row.
  RowSet PossibleAt(const KeyPath& at, const PreparedGroup& group) const;
  RowSet PossibleAt(const KeyPath& at, const PreparedCondition& condition) const;

  const PayloadIndex& index_;
  const PayloadIndex::FindRow find_row_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_PAYLOAD_FILTER_MATCHER_H_
