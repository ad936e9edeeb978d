// The second half of class Client: searches and facets. client.cc has all other calls.
#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cpp/client.h"
#include "client/cpp/convert.h"
#include "client/cpp/transport.h"

namespace tqdb::client {

absl::StatusOr<std::vector<ScoredPoint>> Client::Search(absl::string_view collection,
                                                        const Query& query) {
  v1::SearchRequest request;
  request.set_collection(std::string(collection));
  absl::Status status = ToProto(query, "query", request.mutable_query());
  if (!status.ok()) return status;
  v1::SearchResponse response;
  status = transport_->Call(transport_->points(), &v1::PointService::Stub::Search, request,
                            &response, Repeatable::kYes);
  if (!status.ok()) return status;
  return FromProto(std::move(response));
}

absl::StatusOr<std::vector<std::vector<ScoredPoint>>> Client::SearchBatch(
    absl::string_view collection, absl::Span<const Query> queries) {
  v1::SearchBatchRequest request;
  request.set_collection(std::string(collection));
  absl::Status status;
  for (size_t i = 0; i < queries.size(); ++i) {
    status = ToProto(queries[i], absl::StrCat("queries[", i, "]"), request.add_queries());
    if (!status.ok()) return status;
  }
  v1::SearchBatchResponse response;
  status = transport_->Call(transport_->points(), &v1::PointService::Stub::SearchBatch, request,
                            &response, Repeatable::kYes);
  if (!status.ok()) return status;
  if (static_cast<size_t>(response.results_size()) != queries.size()) {
    return absl::DataLossError(absl::StrCat("the server answered ", response.results_size(), " of ",
                                            queries.size(), " queries"));
  }
  std::vector<std::vector<ScoredPoint>> results;
  results.reserve(queries.size());
  for (v1::SearchResponse& result : *response.mutable_results()) {
    absl::StatusOr<std::vector<ScoredPoint>> converted = FromProto(std::move(result));
    if (!converted.ok()) return converted.status();
    results.push_back(*std::move(converted));
  }
  return results;
}

absl::StatusOr<std::vector<PointGroup>> Client::SearchGroups(absl::string_view collection,
                                                             const Query& query,
                                                             const GroupOptions& group) {
  v1::SearchGroupsRequest request;
  request.set_collection(std::string(collection));
  absl::Status status = ToProto(query, "query", request.mutable_query());
  if (!status.ok()) return status;
  request.set_group_by(group.by);
  request.set_group_size(group.size);
  v1::SearchGroupsResponse response;
  status = transport_->Call(transport_->points(), &v1::PointService::Stub::SearchGroups, request,
                            &response, Repeatable::kYes);
  if (!status.ok()) return status;
  std::vector<PointGroup> groups;
  groups.reserve(static_cast<size_t>(response.groups_size()));
  for (v1::PointGroup& message : *response.mutable_groups()) {
    absl::StatusOr<PointGroup> converted = FromProto(std::move(message));
    if (!converted.ok()) return converted.status();
    groups.push_back(*std::move(converted));
  }
  return groups;
}

absl::StatusOr<std::vector<ScoredPoint>> Client::SearchHybrid(absl::string_view collection,
                                                              const HybridQuery& query) {
  v1::SearchHybridRequest request;
  absl::Status status = ToProto(query, &request);
  if (!status.ok()) return status;
  request.set_collection(std::string(collection));
  v1::SearchResponse response;
  status = transport_->Call(transport_->points(), &v1::PointService::Stub::SearchHybrid, request,
                            &response, Repeatable::kYes);
  if (!status.ok()) return status;
  return FromProto(std::move(response));
}

absl::StatusOr<std::vector<FacetCount>> Client::Facet(absl::string_view collection,
                                                      absl::string_view key,
                                                      const FacetOptions& options) {
  v1::FacetRequest request;
  request.set_collection(std::string(collection));
  request.set_key(std::string(key));
  request.set_limit(options.limit);
  if (options.filter.has_value()) ToProto(*options.filter, request.mutable_filter());
  v1::FacetResponse response;
  absl::Status status = transport_->Call(transport_->points(), &v1::PointService::Stub::Facet,
                                         request, &response, Repeatable::kYes);
  if (!status.ok()) return status;
  std::vector<FacetCount> counts;
  counts.reserve(static_cast<size_t>(response.counts_size()));
  for (v1::FacetCount& message : *response.mutable_counts()) {
    absl::StatusOr<FacetCount> converted = FromProto(std::move(message));
    if (!converted.ok()) return converted.status();
    counts.push_back(*std::move(converted));
  }
  return counts;
}

}  // namespace tqdb::client
