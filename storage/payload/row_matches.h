// What an index can say about a condition: bounds of the rows that satisfy it.
#ifndef TQDB_STORAGE_PAYLOAD_ROW_MATCHES_H_
#define TQDB_STORAGE_PAYLOAD_ROW_MATCHES_H_

#include "storage/payload/row_set.h"

namespace tqdb::storage {

// Rows outside both sets do not match.
struct RowMatches {
  RowSet certain;    // these match
  RowSet undecided;  // these may; none of them is in `certain`

  RowSet possible() const { return certain | undecided; }
  bool exact() const { return undecided.empty(); }
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_PAYLOAD_ROW_MATCHES_H_
