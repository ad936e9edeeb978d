#include "server/point_service.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"
#include "core/status_macros.h"
#include "server/convert.h"
#include "server/convert_filter.h"
#include "server/convert_points.h"

namespace tqdb::server {

namespace {

constexpr size_t kDefaultPageSize = 100;
constexpr size_t kMaxPageSize = 10'000;
constexpr char kPageKind = 'p';

// A page ends early at this size, so that a client with gRPC's default bound of 4 MiB can read it.
constexpr size_t kMaxPageBytes = size_t{3} << 20;
// Points read from storage at a time: between two reads the caller's deadline is looked at, and
// what is read beyond a bound of bytes stays small.
constexpr size_t kReadChunk = 64;
// Hits of one batch search, all queries together: 1,000 queries of 100, or 10 of 10,000.
constexpr size_t kMaxBatchHits = 100'000;

// Queries with one spec, and where their answers go.
struct QueryGroup {
  DecodedQuery first;
  std::vector<const v1::Vector*> vectors;
  std::vector<int> results;
};

// What reading `points` points could put in a response, if payloads were empty.
absl::Status CheckVectorBytes(size_t points, const storage::CollectionConfig& config,
                              size_t max_message_bytes) {
  const size_t bytes = points * VectorBytesPerPoint(config);
  if (bytes <= max_message_bytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      "the vectors of up to ", points, " hits take ", bytes, " bytes; a message has at most ",
      max_message_bytes, " (--max-message-mb); lower limit or do without select.with_vectors"));
}

absl::Status CheckResponseBytes(size_t bytes, size_t max_message_bytes) {
  if (bytes <= max_message_bytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("the response has more than ", max_message_bytes,
                   " bytes (--max-message-mb); ask for fewer points or select less"));
}

// The queries of a group as a message names them: storage counts within the group.
std::string GroupPath(const QueryGroup& group, size_t num_queries) {
  if (group.results.size() == num_queries) return "queries";
  constexpr size_t kMaxListed = 16;
  const absl::Span<const int> listed = absl::MakeConstSpan(group.results).subspan(0, kMaxListed);
  return absl::StrCat("queries[", absl::StrJoin(listed, ","),
                      group.results.size() > kMaxListed ? ",..." : "", "]");
}

// Answers all queries of a group in one pass; results(i) is the response of query i.
template <typename ResultFn>
absl::Status SearchGroup(const storage::Collection& collection, const QueryGroup& group,
                         const std::function<bool()>& cancelled, const ResultFn& result) {
  FloatMatrix queries(group.vectors.size(), group.first.space->codec.dim);
  for (size_t i = 0; i < group.vectors.size(); ++i) CopyVector(*group.vectors[i], queries.row(i));
  storage::SearchSpec spec = group.first.spec;
  spec.cancelled = cancelled;
  TQDB_ASSIGN_OR_RETURN(auto lists, collection.Search(queries.view(), spec));
  for (size_t i = 0; i < lists.size(); ++i) {
    v1::SearchResponse* response = result(group.results[i]);
    response->mutable_points()->Reserve(static_cast<int>(lists[i].size()));
    for (storage::PointRecord& record : lists[i]) {
      ScoredPointToProto(std::move(record), response->add_points());
    }
  }
  return absl::OkStatus();
}

}  // namespace

grpc::Status PointService::Upsert(grpc::ServerContext* context, const v1::UpsertRequest* request,
                                  v1::UpsertResponse* response) {
  return runner_.Run(context, Method::kUpsert, request->ByteSizeLong(), [&]() -> absl::Status {
    TQDB_ASSIGN_OR_RETURN(std::shared_ptr<storage::Collection> collection,
                          database_.GetCollection(request->collection()));
    TQDB_ASSIGN_OR_RETURN(DecodedUpsert decoded, UpsertFromProto(*request, collection->config()));
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
      TQDB_ASSIGN_OR_RETURN(
          deleted, collection->DeleteMatching({filter, CancelledFn(context)}, durability));
    } else {
      TQDB_ASSIGN_OR_RETURN(const std::vector<PointId> ids, IdsFromProto(request->ids()));
      TQDB_ASSIGN_OR_RETURN(deleted, collection->Delete(ids, durability));
    }
    metrics_.CountDeleted(deleted);
    response->set_deleted(deleted);
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
    std::optional<PointId> last;
    if (!request->page_token().empty()) {
      TQDB_ASSIGN_OR_RETURN(const std::string text,
                            ParsePageToken(kPageKind, request->page_token()));
      absl::StatusOr<PointId> id = PointId::Parse(text);
      if (!id.ok()) return BadPageToken(request->page_token());
      last = *id;
    }
    const storage::Select select = SelectFromProto(request->select());
    std::optional<storage::Filter> filter;
    if (request->has_filter()) {
      TQDB_ASSIGN_OR_RETURN(filter, FilterFromProto(request->filter(), "filter"));
    }
    const auto scroll = [&](const PointId* after, size_t limit) {
      return filter ? collection->ScrollMatching(after, limit, select,
                                                 {*filter, CancelledFn(context)})
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

grpc::Status PointService::Search(grpc::ServerContext* context, const v1::SearchRequest* request,
                                  v1::SearchResponse* response) {
  return runner_.Run(context, Method::kSearch, [&]() -> absl::Status {
    TQDB_ASSIGN_OR_RETURN(std::shared_ptr<storage::Collection> collection,
                          database_.GetCollection(request->collection()));
    const storage::CollectionConfig config = collection->config();
    QueryGroup group;
    TQDB_ASSIGN_OR_RETURN(group.first, QueryFromProto(request->query(), config, "query"));
    group.vectors = {group.first.vector};
    group.results = {0};
    if (group.first.spec.select.vectors) {
      const size_t hits = std::min<uint64_t>(group.first.spec.limit, collection->Count());
      TQDB_RETURN_IF_ERROR(CheckVectorBytes(hits, config, max_message_bytes_));
    }
    TQDB_RETURN_IF_ERROR(SearchGroup(*collection, group, CancelledFn(context),
                                     [response](int) { return response; }));
    metrics_.CountQueries(1);
    return CheckResponseBytes(response->ByteSizeLong(), max_message_bytes_);
  });
}

grpc::Status PointService::SearchBatch(grpc::ServerContext* context,
                                       const v1::SearchBatchRequest* request,
                                       v1::SearchBatchResponse* response) {
  return runner_.Run(context, Method::kSearchBatch, [&]() -> absl::Status {
    TQDB_ASSIGN_OR_RETURN(std::shared_ptr<storage::Collection> collection,
                          database_.GetCollection(request->collection()));
    const size_t count = static_cast<size_t>(request->queries_size());
    if (count == 0 || count > storage::kMaxQueries) {
      return absl::InvalidArgumentError(
          absl::StrCat("queries has ", count, " entries; allowed: 1..", storage::kMaxQueries));
    }
    const storage::CollectionConfig config = collection->config();
    const uint64_t points = collection->Count();
    std::vector<QueryGroup> groups;
    size_t hits = 0, hits_with_vectors = 0;
    for (int i = 0; i < request->queries_size(); ++i) {
      TQDB_ASSIGN_OR_RETURN(DecodedQuery query, QueryFromProto(request->queries(i), config,
                                                               absl::StrCat("queries[", i, "]")));
      hits += query.spec.limit;
      if (query.spec.select.vectors) {
        hits_with_vectors += std::min<uint64_t>(query.spec.limit, points);
      }
      auto group = std::find_if(groups.begin(), groups.end(),
                                [&query](const QueryGroup& g) { return SameSpec(g.first, query); });
      if (group == groups.end()) group = groups.insert(groups.end(), QueryGroup{query, {}, {}});
      group->vectors.push_back(query.vector);
      group->results.push_back(i);
      response->add_results();
    }
    if (hits > kMaxBatchHits) {
      return absl::InvalidArgumentError(absl::StrCat("the limits of all queries add up to ", hits,
                                                     "; at most ", kMaxBatchHits, " in one batch"));
    }
    TQDB_RETURN_IF_ERROR(CheckVectorBytes(hits_with_vectors, config, max_message_bytes_));
    const std::function<bool()> cancelled = CancelledFn(context);
    for (const QueryGroup& group : groups) {
      TQDB_RETURN_IF_ERROR(CheckAlive(context));
      const absl::Status status =
          SearchGroup(*collection, group, cancelled,
                      [response](int i) { return response->mutable_results(i); });
      if (!status.ok()) {
        return absl::Status(status.code(),
                            absl::StrCat(GroupPath(group, count), ": ", status.message()));
      }
    }
    metrics_.CountQueries(count);
    return CheckResponseBytes(response->ByteSizeLong(), max_message_bytes_);
  });
}

}  // namespace tqdb::server
