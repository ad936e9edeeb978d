// Converts between protobuf and searches: queries, groups, fusions, counted values.
//
// Thread-safe: free functions without state. A query borrows its vector and its name from the
// message, which must outlive it.
#ifndef TQDB_SERVER_GRPC_CONVERT_SEARCH_H_
#define TQDB_SERVER_GRPC_CONVERT_SEARCH_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "service/query.h"
#include "service/search_service.h"
#include "storage/api/collection.h"
#include "storage/search/groups.h"
#include "storage/search/hybrid.h"
#include "tqdb/v1/points.pb.h"

namespace tqdb::server {

// Returns the query. `field` is its path, such as "query" or "queries[3]". InvalidArgument on a bad
// id or filter. The service and storage check the other members.
absl::StatusOr<service::Query> QueryFromProto(const v1::SearchQuery& query,
                                              const std::string& field);
absl::StatusOr<std::vector<service::Query>> QueriesFromProto(
    const google::protobuf::RepeatedPtrField<v1::SearchQuery>& queries);
absl::StatusOr<std::vector<service::HybridQuery>> PartsFromProto(
    const google::protobuf::RepeatedPtrField<v1::HybridPart>& parts);

storage::GroupSpec GroupSpecFromProto(const v1::SearchGroupsRequest& request);
absl::StatusOr<storage::HybridSpec> HybridSpecFromProto(const v1::SearchHybridRequest& request);

// Move values and groups to messages.
void FacetsToProto(std::vector<storage::FacetCount> facets,
                   google::protobuf::RepeatedPtrField<v1::FacetCount>* proto);
void GroupsToProto(std::vector<storage::PointGroup> groups,
                   google::protobuf::RepeatedPtrField<v1::PointGroup>* proto);

}  // namespace tqdb::server

#endif  // TQDB_SERVER_GRPC_CONVERT_SEARCH_H_
