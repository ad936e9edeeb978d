#include "server/grpc/point_service.h"

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "base/status_macros.h"
#include "server/grpc/convert.h"
#include "server/grpc/convert_filter.h"
#include "server/grpc/convert_points.h"
#include "server/grpc/convert_search.h"
#include "service/request_limits.h"

namespace tqdb::server {

using service::CallContext;
using service::Method;

namespace {

// Returns the filter of a request; nullopt when it has none.
template <typename Request>
absl::StatusOr<std::optional<storage::Filter>> OptionalFilter(const Request& request) {
  if (!request.has_filter()) return std::optional<storage::Filter>();
  return FilterFromProto(request.filter(), "filter");
}

}  // namespace

grpc::Status PointService::Upsert(grpc::ServerContext* context, const v1::UpsertRequest* request,
                                  v1::UpsertResponse* response) {
  return calls_.Run(
      context, Method::kUpsert, request->ByteSizeLong(), [&](const CallContext&) -> absl::Status {
        TQDB_ASSIGN_OR_RETURN(service::UpsertBuilder builder,
                              points_.BeginUpsert(request->collection(),
                                                  static_cast<size_t>(request->points_size())));
        TQDB_ASSIGN_OR_RETURN(const service::PreparedUpsert upsert,
                              UpsertFromProto(*request, std::move(builder)));
        TQDB_ASSIGN_OR_RETURN(const storage::UpsertResult result,
                              points_.Upsert(request->collection(), upsert));
        ResultToProto(result, response);
        return absl::OkStatus();
      });
}

UpsertStreams::Reactor* PointService::UpsertStream(grpc::CallbackServerContext* context) {
  return streams_.Open(context);
}

grpc::Status PointService::Delete(grpc::ServerContext* context, const v1::DeleteRequest* request,
                                  v1::DeleteResponse* response) {
  return calls_.Run(context, Method::kDelete, [&](const CallContext& call) -> absl::Status {
    // The service checks this again. It is checked here as well, before a large list of ids is
    // converted for a call that is refused.
    TQDB_RETURN_IF_ERROR(service::CheckDeleteTarget(static_cast<size_t>(request->ids_size()),
                                                    request->has_filter()));
    service::DeleteRequest plain{.collection = request->collection()};
    TQDB_ASSIGN_OR_RETURN(plain.durability, DurabilityFromProto(request->durability()));
    TQDB_ASSIGN_OR_RETURN(plain.filter, OptionalFilter(*request));
    TQDB_ASSIGN_OR_RETURN(plain.ids, IdsFromProto(request->ids()));
    TQDB_ASSIGN_OR_RETURN(const uint64_t deleted, points_.Delete(call, plain));
    response->set_deleted(deleted);
    return absl::OkStatus();
  });
}

grpc::Status PointService::UpdatePayload(grpc::ServerContext* context,
                                         const v1::UpdatePayloadRequest* request,
                                         v1::UpdatePayloadResponse* response) {
  return calls_.Run(context, Method::kUpdatePayload, [&](const CallContext& call) -> absl::Status {
    TQDB_RETURN_IF_ERROR(
        service::CheckEditTarget(static_cast<size_t>(request->ids_size()), request->has_filter()));
    service::UpdatePayloadRequest plain{.collection = request->collection()};
    TQDB_ASSIGN_OR_RETURN(plain.ids, IdsFromProto(request->ids()));
    TQDB_ASSIGN_OR_RETURN(plain.edit, EditFromProto(*request));
    TQDB_ASSIGN_OR_RETURN(plain.durability, DurabilityFromProto(request->durability()));
    TQDB_ASSIGN_OR_RETURN(plain.filter, OptionalFilter(*request));
    TQDB_ASSIGN_OR_RETURN(const uint64_t updated, points_.UpdatePayload(call, plain));
    response->set_updated(updated);
    return absl::OkStatus();
  });
}

grpc::Status PointService::Get(grpc::ServerContext* context, const v1::GetRequest* request,
                               v1::GetResponse* response) {
  return calls_.Run(context, Method::kGet, [&](const CallContext& call) -> absl::Status {
    TQDB_ASSIGN_OR_RETURN(const std::vector<PointId> ids, IdsFromProto(request->ids()));
    TQDB_ASSIGN_OR_RETURN(const storage::Select select, SelectFromProto(request->select()));
    TQDB_ASSIGN_OR_RETURN(std::vector<storage::PointRecord> points,
                          points_.Get(call, request->collection(), ids, select));
    PointsToProto(std::move(points), response->mutable_points());
    return absl::OkStatus();
  });
}

grpc::Status PointService::Scroll(grpc::ServerContext* context, const v1::ScrollRequest* request,
                                  v1::ScrollResponse* response) {
  return calls_.Run(context, Method::kScroll, [&](const CallContext& call) -> absl::Status {
    service::ScrollRequest plain{.collection = request->collection(),
                                 .page_size = request->page_size(),
                                 .page_token = request->page_token()};
    TQDB_ASSIGN_OR_RETURN(plain.select, SelectFromProto(request->select()));
    TQDB_ASSIGN_OR_RETURN(plain.filter, OptionalFilter(*request));
    if (request->has_order_by()) {
      const v1::OrderBy& order = request->order_by();
      plain.order_by = {order.key(), order.descending(), order.once()};
    }
    TQDB_ASSIGN_OR_RETURN(service::PointPage page, points_.Scroll(call, plain));
    PointsToProto(std::move(page.points), response->mutable_points());
    response->set_next_page_token(std::move(page.next_page_token));
    return absl::OkStatus();
  });
}

grpc::Status PointService::Count(grpc::ServerContext* context, const v1::CountRequest* request,
                                 v1::CountResponse* response) {
  return calls_.Run(context, Method::kCount, [&](const CallContext& call) -> absl::Status {
    TQDB_ASSIGN_OR_RETURN(const std::optional<storage::Filter> filter, OptionalFilter(*request));
    TQDB_ASSIGN_OR_RETURN(const uint64_t count,
                          points_.Count(call, request->collection(), filter ? &*filter : nullptr));
    response->set_count(count);
    return absl::OkStatus();
  });
}

grpc::Status PointService::Facet(grpc::ServerContext* context, const v1::FacetRequest* request,
                                 v1::FacetResponse* response) {
  return calls_.Run(context, Method::kFacet, [&](const CallContext& call) -> absl::Status {
    service::FacetRequest plain{
        .collection = request->collection(), .key = request->key(), .limit = request->limit()};
    TQDB_ASSIGN_OR_RETURN(plain.filter, OptionalFilter(*request));
    TQDB_ASSIGN_OR_RETURN(std::vector<storage::FacetCount> counts, points_.Facet(call, plain));
    FacetsToProto(std::move(counts), response->mutable_counts());
    return absl::OkStatus();
  });
}

grpc::Status PointService::Search(grpc::ServerContext* context, const v1::SearchRequest* request,
                                  v1::SearchResponse* response) {
  return calls_.Run(context, Method::kSearch, [&](const CallContext& call) -> absl::Status {
    TQDB_ASSIGN_OR_RETURN(const service::Query query, QueryFromProto(request->query(), "query"));
    TQDB_ASSIGN_OR_RETURN(std::vector<storage::PointRecord> hits,
                          searches_.Search(call, request->collection(), query));
    HitsToProto(std::move(hits), response->mutable_points());
    return absl::OkStatus();
  });
}

grpc::Status PointService::SearchBatch(grpc::ServerContext* context,
                                       const v1::SearchBatchRequest* request,
                                       v1::SearchBatchResponse* response) {
  return calls_.Run(context, Method::kSearchBatch, [&](const CallContext& call) -> absl::Status {
    TQDB_ASSIGN_OR_RETURN(const std::vector<service::Query> queries,
                          QueriesFromProto(request->queries()));
    TQDB_ASSIGN_OR_RETURN(std::vector<service::SearchService::Hits> answers,
                          searches_.SearchBatch(call, request->collection(), queries));
    for (service::SearchService::Hits& hits : answers) {
      HitsToProto(std::move(hits), response->add_results()->mutable_points());
    }
    return absl::OkStatus();
  });
}

grpc::Status PointService::SearchGroups(grpc::ServerContext* context,
                                        const v1::SearchGroupsRequest* request,
                                        v1::SearchGroupsResponse* response) {
  return calls_.Run(context, Method::kSearchGroups, [&](const CallContext& call) -> absl::Status {
    TQDB_ASSIGN_OR_RETURN(const service::Query query, QueryFromProto(request->query(), "query"));
    TQDB_ASSIGN_OR_RETURN(
        std::vector<storage::PointGroup> groups,
        searches_.SearchGroups(call, request->collection(), query, GroupSpecFromProto(*request)));
    GroupsToProto(std::move(groups), response->mutable_groups());
    return absl::OkStatus();
  });
}

grpc::Status PointService::SearchHybrid(grpc::ServerContext* context,
                                        const v1::SearchHybridRequest* request,
                                        v1::SearchResponse* response) {
  return calls_.Run(context, Method::kSearchHybrid, [&](const CallContext& call) -> absl::Status {
    TQDB_ASSIGN_OR_RETURN(const std::vector<service::HybridQuery> parts,
                          PartsFromProto(request->parts()));
    TQDB_ASSIGN_OR_RETURN(storage::HybridSpec spec, HybridSpecFromProto(*request));
    TQDB_ASSIGN_OR_RETURN(
        std::vector<storage::PointRecord> hits,
        searches_.SearchHybrid(call, request->collection(), parts, std::move(spec)));
    HitsToProto(std::move(hits), response->mutable_points());
    return absl::OkStatus();
  });
}

}  // namespace tqdb::server
