// Queries of one batch that can be answered together.
//
// A pass over the codes reads each of them once for all of its queries. So 100 queries that differ
// in their vectors alone cost little more than one. A pass has one limit, one filter and one set of
// parameters, so queries that differ in any of these need passes of their own.
//
// Left out of this file: the rule by which two queries can share a pass (query.h), and the sharing
// between callers (storage/memory/search_batcher.h).
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

// Returns the name of the group in messages, for example "queries[0,2]". Lists the first 16 queries
// of a larger group. Returns "queries" for the whole batch. Storage numbers the queries within the
// pass, so its messages need this in front.
std::string GroupPath(const QueryGroup& group, size_t num_queries);

}  // namespace tqdb::service

#endif  // TQDB_SERVICE_QUERY_GROUPS_H_
