// Search by groups: the best points of each of the best values of a payload key.
//
// The simple idea: a text is often stored as many points, one for each passage, with the document's
// number as payload. An ordinary search for ten hits may return ten passages of one document. A
// search by groups, with the key "document", returns ten documents and the best passages of each.
//
// It is made of ordinary searches. The first one asks for twice as many points as are needed and
// sorts them into groups. If there are too few groups, further searches exclude the values that
// have a group. Groups that are still too small are filled by a search for their value. Example:
// limit and group_size are 2. The first search, for 8 points, finds 7 of document A and 1 of
// document B. A is complete with its best 2. B has 1 point, so a search with the filter document =
// B finds its second one.
//
// All searches see the collection at one moment, so no write shows in some of them only.
//
// Left out is an index of groups, so a key with one huge group and many tiny ones costs several
// searches.
//
// Thread-safe: one function without state.
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

// The key and the sizes of a search by groups.
struct GroupSpec {
  // Path of the payload key. Its strings, integers and booleans name groups. Points without such a
  // value are in no group.
  std::string key;
  size_t limit = 10;      // number of groups; 1 to kMaxGroups together with offset
  size_t group_size = 3;  // points of each group, 1 to kMaxGroups; a group may have fewer
  size_t offset = 0;      // number of best groups to leave out
};
// Limit of the groups of one call, and of the points of one group.
inline constexpr size_t kMaxGroups = 1'000;

// One group.
struct PointGroup {
  MatchValue value;                 // value of the key
  std::vector<PointRecord> points;  // by descending score
};

// Returns groups in the order of their best points. A point with several values of the key is in
// the group of each value. query: (1, dim). `spec` is the specification of a search; its limit and
// offset are ignored. A payload index of the key makes the further searches cheap. Errors: those of
// Collection::Search; InvalidArgument for a bad GroupSpec.
absl::StatusOr<std::vector<PointGroup>> SearchGroups(const Collection& collection, MatrixView query,
                                                     const SearchSpec& spec,
                                                     const GroupSpec& groups);

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_SEARCH_GROUPS_H_
