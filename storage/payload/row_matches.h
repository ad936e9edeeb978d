// What an index can say about a condition: bounds of the rows that satisfy it.
#ifndef TQDB_STORAGE_PAYLOAD_ROW_MATCHES_H_
#define TQDB_STORAGE_PAYLOAD_ROW_MATCHES_H_

#include <algorithm>
#include <cstdint>

#include "storage/payload/row_set.h"

namespace tqdb::storage {

// Rows outside both sets do not match.
struct RowMatches {
  RowSet certain;    // these match
  RowSet undecided;  // these may; none of them is in `certain`

  RowSet possible() const { return certain | undecided; }
  bool exact() const { return undecided.empty(); }
};

// The size of what matches, without its rows.
struct RowEstimate {
  uint64_t min = 0;
  double likely = 0;
  uint64_t max = 0;

  static RowEstimate Exactly(uint64_t rows) { return {rows, static_cast<double>(rows), rows}; }
  static RowEstimate UpTo(uint64_t rows) { return {0, static_cast<double>(rows) / 2, rows}; }
  // No more than `rows` in any respect, and in order.
  RowEstimate CappedAt(uint64_t rows) const {
    const uint64_t low = std::min(min, rows), high = std::clamp(max, low, rows);
    return {low, std::clamp(likely, static_cast<double>(low), static_cast<double>(high)), high};
  }
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_PAYLOAD_ROW_MATCHES_H_
