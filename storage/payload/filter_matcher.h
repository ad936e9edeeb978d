// Rows of a filter, from the indexes of its keys: each condition gives bounds, and lists of
// conditions combine them.
#ifndef TQDB_STORAGE_PAYLOAD_FILTER_MATCHER_H_
#define TQDB_STORAGE_PAYLOAD_FILTER_MATCHER_H_

#include <vector>

#include "storage/payload/payload_index.h"
#include "storage/payload/prepared_filter.h"
#include "storage/payload/row_matches.h"

namespace tqdb::storage {

class FilterMatcher {
 public:
  // Both must outlive the matcher.
  FilterMatcher(const PayloadIndex& index, PayloadIndex::FindRow find_row)
      : index_(index), find_row_(find_row) {}

  RowMatches Match(const PreparedGroup& group) const;

 private:
  RowMatches Match(const PreparedCondition& condition) const;
  RowMatches MatchIds(const PreparedIds& ids) const;
  // Rows that hold for at least `count` of the conditions.
  RowMatches AtLeast(const std::vector<PreparedCondition>& conditions, uint64_t count) const;
  // Every row of which an object at `at` may satisfy the group, or the condition: what a row's
  // values all together can do, one of its objects may. Negations tell nothing.
  RowSet PossibleAt(const KeyPath& at, const PreparedGroup& group) const;
  RowSet PossibleAt(const KeyPath& at, const PreparedCondition& condition) const;

  const PayloadIndex& index_;
  const PayloadIndex::FindRow find_row_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_PAYLOAD_FILTER_MATCHER_H_
