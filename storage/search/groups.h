// Search by groups: the best points of each of the best values of a payload key.
#ifndef TQDB_STORAGE_SEARCH_GROUPS_H_
#define TQDB_STORAGE_SEARCH_GROUPS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/matrix_view.h"
#include "storage/api/collection.h"
#include "values/filter.h"

namespace tqdb::storage {

struct GroupSpec {
  std::string key;    // whose strings, integers and booleans are groups; other points are in none
  size_t limit = 10;  // groups, 1..kMaxGroups
  size_t group_size = 3;  // points of each, 1..kMaxGroups; fewer when there are no more
};
inline constexpr size_t kMaxGroups = 1'000;

struct PointGroup {
  MatchValue value;
  std::vector<PointRecord> points;  // best first
};

// Groups in the order of their best points. A point with several values is in the group of each.
// `spec` is that of a search; its limit and offset do not count. query (1, dim). One search finds
// most groups; others follow, by the key, until all are complete: with a payload index of the key
// they are cheap. Errors of Collection::Search; InvalidArgument on the spec of groups.
absl::StatusOr<std::vector<PointGroup>> SearchGroups(const Collection& collection, MatrixView query,
                                                     const SearchSpec& spec,
                                                     const GroupSpec& groups);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_SEARCH_GROUPS_H_
