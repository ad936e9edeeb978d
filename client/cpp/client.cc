#include "client/cpp/client.h"

#include <cstddef>
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cpp/address.h"
#include "client/cpp/convert.h"
#include "client/cpp/convert_filter.h"
#include "client/cpp/convert_query.h"
#include "client/cpp/credentials.h"
#include "client/cpp/transport.h"

namespace tqdb::client {
namespace {

// Checks options before gRPC sees them: its own errors come later and do not name the option.
absl::Status Validate(const ConnectOptions& options) {
  if (options.timeout <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError(
        absl::StrCat("timeout: ", absl::FormatDuration(options.timeout), " is not positive"));
  }
  constexpr size_t kMax = std::numeric_limits<int>::max();
  if (options.max_message_bytes == 0 || options.max_message_bytes > kMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_message_bytes: ", options.max_message_bytes, " is outside 1..", kMax));
  }
  if (options.max_attempts < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_attempts: ", options.max_attempts, " is below 1"));
  }
  return CheckApiKey(options.api_key);
}

// Sends a request to delete by ids or by filter. Both may be repeated: points that are gone stay
// gone.
absl::StatusOr<uint64_t> SendDelete(Transport& transport, const v1::DeleteRequest& request) {
  v1::DeleteResponse response;
  absl::Status status = transport.Call(transport.points(), &v1::PointService::Stub::Delete, request,
                                       &response, Repeatable::kYes);
  if (!status.ok()) return status;
  return response.deleted();
}

}  // namespace

Client::Client(std::shared_ptr<Transport> transport) : transport_(std::move(transport)) {}
Client::~Client() = default;

absl::StatusOr<std::unique_ptr<Client>> Client::Connect(const ConnectOptions& options) {
  absl::StatusOr<std::string> address = NormalizeAddress(options.address);
  if (!address.ok()) return address.status();
  if (absl::Status status = Validate(options); !status.ok()) return status;
  absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> credentials =
      MakeCredentials(options.tls);
  if (!credentials.ok()) return credentials.status();
  ConnectOptions normalized = options;
  normalized.address = *std::move(address);
  auto transport = std::make_shared<Transport>(normalized, *std::move(credentials));
  if (options.wait_for_ready) {
    if (absl::Status status = transport->WaitForConnection(); !status.ok()) return status;
  }
  return std::unique_ptr<Client>(new Client(std::move(transport)));
}

absl::StatusOr<CollectionInfo> Client::CreateCollection(absl::string_view collection,
                                                        const CollectionConfig& config) {
  v1::CreateCollectionRequest request;
  request.set_collection(std::string(collection));
  ToProto(config, request.mutable_config());
  v1::CreateCollectionResponse response;
  // Not repeatable: if the first attempt arrived, the second one would return AlreadyExists.
  absl::Status status =
      transport_->Call(transport_->collections(), &v1::CollectionService::Stub::CreateCollection,
                       request, &response, Repeatable::kNo);
  if (!status.ok()) return status;
  return FromProto(response.collection());
}

absl::StatusOr<CollectionInfo> Client::GetCollection(absl::string_view collection) {
  v1::GetCollectionRequest request;
  request.set_collection(std::string(collection));
  v1::GetCollectionResponse response;
  absl::Status status =
      transport_->Call(transport_->collections(), &v1::CollectionService::Stub::GetCollection,
                       request, &response, Repeatable::kYes);
  if (!status.ok()) return status;
  return FromProto(response.collection());
}

absl::StatusOr<CollectionPage> Client::ListCollectionsPage(uint32_t page_size,
                                                           absl::string_view page_token) {
  v1::ListCollectionsRequest request;
  request.set_page_size(page_size);
  request.set_page_token(std::string(page_token));
  v1::ListCollectionsResponse response;
  absl::Status status =
      transport_->Call(transport_->collections(), &v1::CollectionService::Stub::ListCollections,
                       request, &response, Repeatable::kYes);
  if (!status.ok()) return status;
  CollectionPage page;
  for (const v1::CollectionInfo& info : response.collections()) {
    page.collections.push_back(FromProto(info));
  }
  page.next_page_token = response.next_page_token();
  return page;
}

absl::StatusOr<std::vector<CollectionInfo>> Client::ListCollections() {
  std::vector<CollectionInfo> all;
  std::string token;
  do {
    absl::StatusOr<CollectionPage> page = ListCollectionsPage(0, token);
    if (!page.ok()) return page.status();
    for (CollectionInfo& info : page->collections) all.push_back(std::move(info));
    token = std::move(page->next_page_token);
  } while (!token.empty());
  return all;
}

absl::StatusOr<CollectionInfo> Client::UpdateCollection(
    absl::string_view collection, const std::map<std::string, std::string>& metadata) {
  v1::UpdateCollectionRequest request;
  request.set_collection(std::string(collection));
  request.mutable_metadata()->insert(metadata.begin(), metadata.end());
  v1::UpdateCollectionResponse response;
  absl::Status status =
      transport_->Call(transport_->collections(), &v1::CollectionService::Stub::UpdateCollection,
                       request, &response, Repeatable::kYes);
  if (!status.ok()) return status;
  return FromProto(response.collection());
}

absl::Status Client::DeleteCollection(absl::string_view collection) {
  v1::DeleteCollectionRequest request;
  request.set_collection(std::string(collection));
  v1::DeleteCollectionResponse response;
  // Not repeatable: if the first attempt arrived, the second one would return NotFound.
  return transport_->Call(transport_->collections(), &v1::CollectionService::Stub::DeleteCollection,
                          request, &response, Repeatable::kNo);
}

absl::StatusOr<PayloadIndexInfo> Client::CreatePayloadIndex(absl::string_view collection,
                                                            absl::string_view key,
                                                            PayloadIndexKind kind, bool wait) {
  v1::CreatePayloadIndexRequest request;
  request.set_collection(std::string(collection));
  request.set_key(std::string(key));
  request.set_kind(static_cast<v1::PayloadIndexKind>(kind));
  request.set_no_wait(!wait);
  v1::CreatePayloadIndexResponse response;
  absl::Status status =
      transport_->Call(transport_->collections(), &v1::CollectionService::Stub::CreatePayloadIndex,
                       request, &response, Repeatable::kYes);
  if (!status.ok()) return status;
  return FromProto(response.index());
}

absl::Status Client::DeletePayloadIndex(absl::string_view collection, absl::string_view key) {
  v1::DeletePayloadIndexRequest request;
  request.set_collection(std::string(collection));
  request.set_key(std::string(key));
  v1::DeletePayloadIndexResponse response;
  // Not repeatable: if the first attempt arrived, the second one would return NotFound.
  return transport_->Call(transport_->collections(),
                          &v1::CollectionService::Stub::DeletePayloadIndex, request, &response,
                          Repeatable::kNo);
}

absl::StatusOr<UpsertResult> Client::Upsert(absl::string_view collection,
                                            absl::Span<const Point> points, Durability durability) {
  return Upsert(collection, points, UpsertMode::kUpsert, std::nullopt, durability);
}

absl::StatusOr<UpsertResult> Client::Upsert(absl::string_view collection,
                                            absl::Span<const Point> points, UpsertMode mode,
                                            const std::optional<Filter>& condition,
                                            Durability durability) {
  v1::UpsertRequest request;
  request.set_collection(std::string(collection));
  request.set_durability(ToProto(durability));
  if (mode != UpsertMode::kUpsert) request.set_mode(ToProto(mode));
  if (condition) ToProto(*condition, request.mutable_condition());
  for (const Point& point : points) ToProto(point, request.add_points());
  v1::UpsertResponse response;
  absl::Status status =
      transport_->Call(transport_->points(), &v1::PointService::Stub::Upsert, request, &response,
                       condition ? Repeatable::kNo : Repeatable::kYes);
  if (!status.ok()) return status;
  return FromProto(response);
}

std::unique_ptr<UpsertStream> Client::OpenUpsertStream(absl::string_view collection,
                                                       UpsertStreamOptions options) {
  return std::make_unique<UpsertStream>(transport_, std::string(collection), std::move(options));
}

absl::StatusOr<uint64_t> Client::Delete(absl::string_view collection, absl::Span<const PointId> ids,
                                        Durability durability) {
  v1::DeleteRequest request;
  request.set_collection(std::string(collection));
  request.set_durability(ToProto(durability));
  for (const PointId& id : ids) ToProto(id, request.add_ids());
  return SendDelete(*transport_, request);
}

absl::StatusOr<uint64_t> Client::DeleteMatching(absl::string_view collection, const Filter& filter,
                                                Durability durability) {
  v1::DeleteRequest request;
  request.set_collection(std::string(collection));
  request.set_durability(ToProto(durability));
  ToProto(filter, request.mutable_filter());
  return SendDelete(*transport_, request);
}

absl::StatusOr<uint64_t> Client::UpdatePayload(absl::string_view collection,
                                               const PayloadTarget& target, const PayloadEdit& edit,
                                               Durability durability) {
  v1::UpdatePayloadRequest request;
  request.set_collection(std::string(collection));
  request.set_durability(ToProto(durability));
  for (const PointId& id : target.ids) ToProto(id, request.add_ids());
  if (target.filter.has_value()) ToProto(*target.filter, request.mutable_filter());
  ToProto(edit, &request);
  v1::UpdatePayloadResponse response;
  // An edit by ids is idempotent, so it may be repeated. With a filter it is not: the edit itself
  // may change which points match.
  const Repeatable repeatable = target.filter.has_value() ? Repeatable::kNo : Repeatable::kYes;
  absl::Status status = transport_->Call(
      transport_->points(), &v1::PointService::Stub::UpdatePayload, request, &response, repeatable);
  if (!status.ok()) return status;
  return response.updated();
}

absl::StatusOr<std::vector<Point>> Client::Get(absl::string_view collection,
                                               absl::Span<const PointId> ids, Select select) {
  v1::GetRequest request;
  request.set_collection(std::string(collection));
  for (const PointId& id : ids) ToProto(id, request.add_ids());
  ToProto(select, request.mutable_select());
  v1::GetResponse response;
  absl::Status status = transport_->Call(transport_->points(), &v1::PointService::Stub::Get,
                                         request, &response, Repeatable::kYes);
  if (!status.ok()) return status;
  std::vector<Point> points;
  points.reserve(static_cast<size_t>(response.points_size()));
  for (v1::Point& point : *response.mutable_points()) {
    absl::StatusOr<Point> converted = FromProto(std::move(point));
    if (!converted.ok()) return converted.status();
    points.push_back(*std::move(converted));
  }
  return points;
}

Scroll Client::ScrollPoints(absl::string_view collection, ScrollOptions options) {
  return Scroll(transport_, std::string(collection), std::move(options));
}

absl::StatusOr<uint64_t> Client::Count(absl::string_view collection,
                                       const std::optional<Filter>& filter) {
  v1::CountRequest request;
  request.set_collection(std::string(collection));
  if (filter.has_value()) ToProto(*filter, request.mutable_filter());
  v1::CountResponse response;
  absl::Status status = transport_->Call(transport_->points(), &v1::PointService::Stub::Count,
                                         request, &response, Repeatable::kYes);
  if (!status.ok()) return status;
  return response.count();
}

absl::StatusOr<ServerInfo> Client::GetServerInfo() {
  v1::GetServerInfoResponse response;
  absl::Status status =
      transport_->Call(transport_->admin(), &v1::AdminService::Stub::GetServerInfo,
                       v1::GetServerInfoRequest(), &response, Repeatable::kYes);
  if (!status.ok()) return status;
  return FromProto(response);
}

// --- Searches and facets.

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
