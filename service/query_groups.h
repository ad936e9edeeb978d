// Queries of one batch that can be answered together.
//
// Thread-safe: free functions without state.
#ifndef TQDB_SERVICE_QUERY_GROUPS_H_
#define TQDB_SERVICE_QUERY_GROUPS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "service/query.h"

namespace tqdb::service {

// Positions in the batch of queries that share one pass, ascending. Never empty.
using QueryGroup = std::vector<size_t>;

// Returns every position once, in the group of the first query that it can share a pass with. The
// groups are in the order of their first queries: a, b, a, c give {0, 2}, {1}, {3}.
std::vector<QueryGroup> GroupQueries(absl::Span<const Query> queries);

// Returns the group's queries as a message names them: "queries[0,2]", with the first 16 of more,
// and "queries" when they are the whole batch. Storage counts within the pass, so its messages need
// this in front.
std::string GroupPath(const QueryGroup& group, size_t num_queries);

}  // namespace tqdb::service

#endif  // TQDB_SERVICE_QUERY_GROUPS_H_
