// Searches and edits of payloads as messages of the protocol, and the answers of facets and groups.
// Internal to the library; thread-safe.
#ifndef TQDB_CLIENT_CPP_CONVERT_QUERY_H_
#define TQDB_CLIENT_CPP_CONVERT_QUERY_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cpp/payload.h"
#include "client/cpp/query.h"
#include "client/cpp/types.h"
#include "tqdb/v1/points.pb.h"

namespace tqdb::client {

// Each fills an empty message, but leaves the name of the collection, and for edits also the
// target, to the caller. A query with more than one thing to find is InvalidArgument, because a
// message has room for one. `field` is the path of the query in messages, such as "queries[3]".
absl::Status ToProto(const Query& query, absl::string_view field, v1::SearchQuery* out);
absl::Status ToProto(const HybridQuery& query, v1::SearchHybridRequest* out);
void ToProto(const PayloadEdit& edit, v1::UpdatePayloadRequest* out);

// Each returns DataLoss if a message breaks the protocol.
absl::StatusOr<FacetCount> FromProto(v1::FacetCount&& count);
absl::StatusOr<PointGroup> FromProto(v1::PointGroup&& group);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CPP_CONVERT_QUERY_H_
