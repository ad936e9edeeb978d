// Limits of one request: how many ids, queries and parts it may hold, and which of them together.
//
// A protocol calls these before it converts the things that they count: a message of 64 MB can name
// 30 million empty queries, whose plain values would fill the memory. The services call them again.
//
// Thread-safe: free functions without state. All return InvalidArgument with the number allowed.
#ifndef TQDB_SERVICE_REQUEST_LIMITS_H_
#define TQDB_SERVICE_REQUEST_LIMITS_H_

#include <cstddef>

#include "absl/status/status.h"

namespace tqdb::service {

// Checks the number of ids of a read, a delete or an edit: 1..kMaxBatchPoints.
absl::Status CheckIdCount(size_t count);
// Checks the number of queries of a batch: 1..kMaxQueries.
absl::Status CheckQueryCount(size_t count);
// Checks that a delete has ids or a filter, and not both.
absl::Status CheckDeleteTarget(size_t ids, bool has_filter);
// Checks that an edit of payloads has ids, a filter, or both.
absl::Status CheckEditTarget(size_t ids, bool has_filter);
// Checks the number of parts of a hybrid search: 1..kMaxHybridParts.
absl::Status CheckPartCount(size_t count);

}  // namespace tqdb::service

#endif  // TQDB_SERVICE_REQUEST_LIMITS_H_
