// The answer of an index to a condition: bounds of the set of rows that satisfy it.
//
// An index may not know everything: it may be incomplete, or made for values of another type. So
// it answers with two sets. Rows of `certain` match. Rows of `undecided` may match, and somebody
// must read their payloads to find out. All other rows do not match. Example: 100 rows, an index
// that has seen 90 of them, and 7 of the 90 match. Then `certain` has the 7, `undecided` has the
// 10 that were not seen, and 83 payloads need not be read.
#ifndef TQDB_STORAGE_PAYLOAD_ROW_MATCHES_H_
#define TQDB_STORAGE_PAYLOAD_ROW_MATCHES_H_

#include "storage/payload/row_set.h"

namespace tqdb::storage {

// Bounds of the rows that match.
struct RowMatches {
  RowSet certain;    // rows that match
  RowSet undecided;  // rows that may match; disjoint from `certain`

  // Returns the upper bound: no other row matches.
  RowSet possible() const { return certain | undecided; }
  bool exact() const { return undecided.empty(); }
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_PAYLOAD_ROW_MATCHES_H_
