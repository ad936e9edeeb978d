#include "server/grpc/point_service.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "base/status_macros.h"
#include "server/grpc/convert.h"
#include "server/grpc/convert_filter.h"
#include "server/grpc/convert_points.h"
#include "server/grpc/convert_search.h"
#include "server/grpc/order_token.h"
#include "server/grpc/response_size.h"

namespace tqdb::server {

namespace {

constexpr size_t kDefaultPageSize = 100;
constexpr size_t kMaxPageSize = 10'000;
constexpr char kPageKind = 'p';
constexpr char kOrderedPageKind = 'o';

// A page ends early at this size, so that a client with gRPC's default bound of 4 MiB can read it.
constexpr size_t kMaxPageBytes = size_t{3} << 20;
// Points read from storage at a time: between two reads the caller's deadline is looked at, and
// what is read beyond a bound of bytes stays small.
constexpr size_t kReadChunk = 64;

}  // namespace

grpc::Status PointService::Upsert(grpc::ServerContext* context, const v1::UpsertRequest* request,
                                  v1::UpsertResponse* response) {
  return runner_.Run(context, Method::kUpsert, request->ByteSizeLong(), [&]() -> absl::Status {
    TQDB_ASSIGN_OR_RETURN(std::shared_ptr<storage::Collection> collection,
                          database_.GetCollection(request->collection()));
    TQDB_ASSIGN_OR_RETURN(DecodedUpsert decoded, UpsertFromProto(*request, *collection->config()));
    TQDB_ASSIGN_OR_RETURN(storage::UpsertResult result, collection->Upsert(decoded.batch));
    metrics_.CountUpserted(decoded.ids.size());
    response->set_inserted(result.inserted);
    response->set_replaced(result.replaced);
    return absl::OkStatus();
  });
}

grpc::ServerBidiReactor<v1::UpsertStreamRequest, v1::UpsertStreamResponse>*
PointService::UpsertStream(grpc::CallbackServerContext* context) {
  return streams_.Open(context);
}

grpc::Status PointService::Delete(grpc::ServerContext* context, const v1::DeleteRequest* request,
                                  v1::DeleteResponse* response) {
  return runner_.Run(context, Method::kDelete, [&]() -> absl::Status {
    TQDB_ASSIGN_OR_RETURN(std::shared_ptr<storage::Collection> collection,
                          database_.GetCollection(request->collection()));
    TQDB_ASSIGN_OR_RETURN(const storage::Durability durability,
                          DurabilityFromProto(request->durability()));
    uint64_t deleted = 0;
    if (request->has_filter()) {
      if (request->ids_size() > 0) {
        return absl::InvalidArgumentError("both ids and filter are set; set one of them");
      }
      TQDB_ASSIGN_OR_RETURN(const storage::Filter filter,
                            FilterFromProto(request->filter(), "filter"));
      TQDB_ASSIGN_OR_RETURN(deleted,
                            collection->DeleteMatching({filter, CancelledFn(context)}, durability));
    } else {
      TQDB_ASSIGN_OR_RETURN(const std::vector<PointId> ids, IdsFromProto(request->ids()));
      TQDB_ASSIGN_OR_RETURN(deleted, collection->Delete(ids, durability));
    }
    metrics_.CountDeleted(deleted);
    response->set_deleted(deleted);
    return absl::OkStatus();
  });
}

grpc::Status PointService::UpdatePayload(grpc::ServerContext* context,
                                         const v1::UpdatePayloadRequest* request,
                                         v1::UpdatePayloadResponse* response) {
  return runner_.Run(context, Method::kUpdatePayload, [&]() -> absl::Status {
    TQDB_ASSIGN_OR_RETURN(std::shared_ptr<storage::Collection> collection,
                          database_.GetCollection(request->collection()));
    if (request->ids_size() == 0 && !request->has_filter()) {
      return absl::InvalidArgumentError(
          "neither ids nor filter is set; to edit all payloads, set an empty filter");
    }
    std::vector<PointId> ids;
    if (request->ids_size() > 0) {
      TQDB_ASSIGN_OR_RETURN(ids, IdsFromProto(request->ids()));
    }
    TQDB_ASSIGN_OR_RETURN(const storage::PayloadEdit edit, EditFromProto(*request));
    storage::PayloadUpdate update{.ids = ids, .edit = edit, .cancelled = CancelledFn(context)};
    TQDB_ASSIGN_OR_RETURN(update.durability, DurabilityFromProto(request->durability()));
    if (request->has_filter()) {
      TQDB_ASSIGN_OR_RETURN(update.filter, FilterFromProto(request->filter(), "filter"));
    }
    TQDB_ASSIGN_OR_RETURN(const uint64_t updated, collection->UpdatePayload(update));
    response->set_updated(updated);
    return absl::OkStatus();
  });
}

grpc::Status PointService::Get(grpc::ServerContext* context, const v1::GetRequest* request,
                               v1::GetResponse* response) {
  return runner_.Run(context, Method::kGet, [&]() -> absl::Status {
    TQDB_ASSIGN_OR_RETURN(std::shared_ptr<storage::Collection> collection,
                          database_.GetCollection(request->collection()));
    TQDB_ASSIGN_OR_RETURN(const std::vector<PointId> ids, IdsFromProto(request->ids()));
    const storage::Select select = SelectFromProto(request->select());
    const absl::Span<const PointId> all(ids);
    size_t bytes = 0;
    for (size_t begin = 0; begin < all.size(); begin += kReadChunk) {
      TQDB_RETURN_IF_ERROR(CheckAlive(context));
      TQDB_ASSIGN_OR_RETURN(std::vector<storage::PointRecord> records,
                            collection->Get(all.subspan(begin, kReadChunk), select));
      for (storage::PointRecord& record : records) {
        v1::Point* point = response->add_points();
        PointToProto(std::move(record), point);
        bytes += point->ByteSizeLong();
      }
      TQDB_RETURN_IF_ERROR(CheckResponseBytes(bytes, max_message_bytes_));
    }
    return absl::OkStatus();
  });
}

grpc::Status PointService::Scroll(grpc::ServerContext* context, const v1::ScrollRequest* request,
                                  v1::ScrollResponse* response) {
  return runner_.Run(context, Method::kScroll, [&]() -> absl::Status {
    TQDB_ASSIGN_OR_RETURN(std::shared_ptr<storage::Collection> collection,
                          database_.GetCollection(request->collection()));
    TQDB_ASSIGN_OR_RETURN(size_t left,
                          PageSize(request->page_size(), kDefaultPageSize, kMaxPageSize));
    std::optional<storage::Filter> filter;
    if (request->has_filter()) {
      TQDB_ASSIGN_OR_RETURN(filter, FilterFromProto(request->filter(), "filter"));
    }
    if (request->has_order_by()) {
      return ScrollOrdered(context, *collection, *request, left, filter, response);
    }
    std::optional<PointId> last;
    if (!request->page_token().empty()) {
      TQDB_ASSIGN_OR_RETURN(const std::string text,
                            ParsePageToken(kPageKind, request->page_token()));
      absl::StatusOr<PointId> id = PointId::Parse(text);
      if (!id.ok()) return BadPageToken(request->page_token());
      last = *id;
    }
    const storage::Select select = SelectFromProto(request->select());
    const auto scroll = [&](const PointId* after, size_t limit) {
      return filter
                 ? collection->ScrollMatching(after, limit, select, {*filter, CancelledFn(context)})
                 : collection->Scroll(after, limit, select);
    };
    size_t bytes = 0;
    bool more = true;
    while (more && left > 0) {
      TQDB_RETURN_IF_ERROR(CheckAlive(context));
      TQDB_ASSIGN_OR_RETURN(storage::ScrollPage page,
                            scroll(last ? &*last : nullptr, std::min(left, kReadChunk)));
      more = page.more;
      for (storage::PointRecord& record : page.points) {
        v1::Point* point = response->add_points();
        const PointId id = record.id;
        PointToProto(std::move(record), point);
        bytes += point->ByteSizeLong();
        if (bytes > kMaxPageBytes && response->points_size() > 1) {
          response->mutable_points()->RemoveLast();
          more = true;
          left = 0;
          break;
        }
        last = id;
        --left;
      }
      if (page.points.empty()) break;
    }
    if (more && last) response->set_next_page_token(MakePageToken(kPageKind, last->ToString()));
    return absl::OkStatus();
  });
}

absl::Status PointService::ScrollOrdered(grpc::ServerContext* context,
                                         const storage::Collection& collection,
                                         const v1::ScrollRequest& request, size_t left,
                                         const std::optional<storage::Filter>& filter,
                                         v1::ScrollResponse* response) const {
  const storage::OrderSpec order{request.order_by().key(), request.order_by().descending()};
  std::optional<storage::OrderedPosition> last;
  if (!request.page_token().empty()) {
    TQDB_ASSIGN_OR_RETURN(const std::string text,
                          ParsePageToken(kOrderedPageKind, request.page_token()));
    last = OrderedPositionFromText(text);
    if (!last) return BadPageToken(request.page_token());
  }
  std::optional<storage::FilterSpec> spec;
  if (filter) spec.emplace(storage::FilterSpec{*filter, CancelledFn(context)});
  size_t bytes = 0;
  bool more = true;
  while (more && left > 0) {
    TQDB_RETURN_IF_ERROR(CheckAlive(context));
    TQDB_ASSIGN_OR_RETURN(
        storage::OrderedPage page,
        collection.ScrollOrdered(order, last ? &*last : nullptr, std::min(left, kReadChunk),
                                 SelectFromProto(request.select()), spec ? &*spec : nullptr));
    more = page.more;
    for (size_t i = 0; i < page.points.size(); ++i) {
      v1::Point* point = response->add_points();
      PointToProto(std::move(page.points[i]), point);
      bytes += point->ByteSizeLong();
      if (bytes > kMaxPageBytes && response->points_size() > 1) {
        response->mutable_points()->RemoveLast();
        response->set_next_page_token(MakePageToken(kOrderedPageKind, ToText(*last)));
        return absl::OkStatus();
      }
      last = page.positions[i];
      --left;
    }
  }
  if (more && last) {
    response->set_next_page_token(MakePageToken(kOrderedPageKind, ToText(*last)));
  }
  return absl::OkStatus();
}

grpc::Status PointService::Facet(grpc::ServerContext* context, const v1::FacetRequest* request,
                                 v1::FacetResponse* response) {
  return runner_.Run(context, Method::kFacet, [&]() -> absl::Status {
    TQDB_ASSIGN_OR_RETURN(std::shared_ptr<storage::Collection> collection,
                          database_.GetCollection(request->collection()));
    storage::FacetSpec spec{.key = request->key(), .cancelled = CancelledFn(context)};
    if (request->limit() != 0) spec.limit = request->limit();
    if (request->has_filter()) {
      TQDB_ASSIGN_OR_RETURN(spec.filter, FilterFromProto(request->filter(), "filter"));
    }
    TQDB_ASSIGN_OR_RETURN(std::vector<storage::FacetCount> facets, collection->Facet(spec));
    for (storage::FacetCount& facet : facets)
      FacetToProto(std::move(facet), response->add_counts());
    return CheckResponseBytes(response->ByteSizeLong(), max_message_bytes_);
  });
}

grpc::Status PointService::Count(grpc::ServerContext* context, const v1::CountRequest* request,
                                 v1::CountResponse* response) {
  return runner_.Run(context, Method::kCount, [&]() -> absl::Status {
    TQDB_ASSIGN_OR_RETURN(std::shared_ptr<storage::Collection> collection,
                          database_.GetCollection(request->collection()));
    if (!request->has_filter()) {
      response->set_count(collection->Count());
      return absl::OkStatus();
    }
    TQDB_ASSIGN_OR_RETURN(const storage::Filter filter,
                          FilterFromProto(request->filter(), "filter"));
    TQDB_ASSIGN_OR_RETURN(const uint64_t count,
                          collection->CountMatching({filter, CancelledFn(context)}));
    response->set_count(count);
    return absl::OkStatus();
  });
}

}  // namespace tqdb::server
