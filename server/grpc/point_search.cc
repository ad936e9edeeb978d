// The searches of PointService.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"
#include "base/status_macros.h"
#include "server/grpc/convert_points.h"
#include "server/grpc/convert_search.h"
#include "server/grpc/point_service.h"
#include "server/grpc/response_size.h"

namespace tqdb::server {

namespace {

// Hits of one batch search, all queries together: 1,000 queries of 100, or 10 of 10,000.
constexpr size_t kMaxBatchHits = 100'000;

// Queries with one spec, and where their answers go.
struct QueryGroup {
  DecodedQuery first;
  std::vector<const v1::Vector*> vectors;  // null: the examples of `first`
  std::vector<int> results;
};

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
  TQDB_ASSIGN_OR_RETURN(const FloatMatrix queries,
                        VectorsOf(collection, group.first, group.vectors));
  storage::SearchSpec spec = group.first.spec;
  spec.cancelled = cancelled;
  TQDB_ASSIGN_OR_RETURN(auto lists, collection.Search(queries.view(), spec));
  for (size_t i = 0; i < lists.size(); ++i) {
    HitsToProto(std::move(lists[i]), result(group.results[i])->mutable_points());
  }
  return absl::OkStatus();
}

}  // namespace

grpc::Status PointService::Search(grpc::ServerContext* context, const v1::SearchRequest* request,
                                  v1::SearchResponse* response) {
  return runner_.Run(context, Method::kSearch, [&]() -> absl::Status {
    TQDB_ASSIGN_OR_RETURN(std::shared_ptr<storage::Collection> collection,
                          database_.GetCollection(request->collection()));
    const auto shared_config = collection->config();
    const storage::CollectionConfig& config = *shared_config;
    QueryGroup group;
    TQDB_ASSIGN_OR_RETURN(group.first, QueryFromProto(request->query(), config, "query"));
    group.vectors = {group.first.vector};
    group.results = {0};
    group.first.spec.select.max_bytes = max_message_bytes_;
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
    const auto shared_config = collection->config();
    const storage::CollectionConfig& config = *shared_config;
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
    size_t bytes = 0;
    for (QueryGroup& group : groups) {
      TQDB_RETURN_IF_ERROR(CheckAlive(context));
      group.first.spec.select.max_bytes = max_message_bytes_ - bytes;
      const absl::Status status = SearchGroup(*collection, group, cancelled, [response](int i) {
        return response->mutable_results(i);
      });
      if (!status.ok()) {
        return absl::Status(status.code(),
                            absl::StrCat(GroupPath(group, count), ": ", status.message()));
      }
      for (const int i : group.results) bytes += response->results(i).ByteSizeLong();
      TQDB_RETURN_IF_ERROR(CheckResponseBytes(bytes, max_message_bytes_));
    }
    metrics_.CountQueries(count);
    return CheckResponseBytes(response->ByteSizeLong(), max_message_bytes_);
  });
}

grpc::Status PointService::SearchGroups(grpc::ServerContext* context,
                                        const v1::SearchGroupsRequest* request,
                                        v1::SearchGroupsResponse* response) {
  return runner_.Run(context, Method::kSearchGroups, [&]() -> absl::Status {
    TQDB_ASSIGN_OR_RETURN(std::shared_ptr<storage::Collection> collection,
                          database_.GetCollection(request->collection()));
    const auto shared_config = collection->config();
    const storage::CollectionConfig& config = *shared_config;
    TQDB_ASSIGN_OR_RETURN(DecodedQuery query, QueryFromProto(request->query(), config, "query"));
    TQDB_ASSIGN_OR_RETURN(const storage::GroupSpec groups, GroupSpecFromProto(*request));
    if (query.spec.select.vectors) {
      const uint64_t hits =
          std::min<uint64_t>(groups.limit * groups.group_size, collection->Count());
      TQDB_RETURN_IF_ERROR(CheckVectorBytes(hits, config, max_message_bytes_));
    }
    TQDB_ASSIGN_OR_RETURN(const FloatMatrix vector, VectorsOf(*collection, query, {query.vector}));
    query.spec.select.max_bytes = max_message_bytes_;
    query.spec.cancelled = CancelledFn(context);
    TQDB_ASSIGN_OR_RETURN(std::vector<storage::PointGroup> found,
                          storage::SearchGroups(*collection, vector.view(), query.spec, groups));
    for (storage::PointGroup& group : found) GroupToProto(std::move(group), response->add_groups());
    metrics_.CountQueries(1);
    return CheckResponseBytes(response->ByteSizeLong(), max_message_bytes_);
  });
}

grpc::Status PointService::SearchHybrid(grpc::ServerContext* context,
                                        const v1::SearchHybridRequest* request,
                                        v1::SearchResponse* response) {
  return runner_.Run(context, Method::kSearchHybrid, [&]() -> absl::Status {
    TQDB_ASSIGN_OR_RETURN(std::shared_ptr<storage::Collection> collection,
                          database_.GetCollection(request->collection()));
    const auto shared_config = collection->config();
    const storage::CollectionConfig& config = *shared_config;
    storage::HybridSpec spec = HybridSpecFromProto(*request);
    spec.select.max_bytes = max_message_bytes_;
    std::vector<FloatMatrix> vectors;
    std::vector<storage::HybridPart> parts;
    for (int i = 0; i < request->parts_size(); ++i) {
      TQDB_ASSIGN_OR_RETURN(
          DecodedQuery query,
          QueryFromProto(request->parts(i).query(), config, absl::StrCat("parts[", i, "].query")));
      TQDB_ASSIGN_OR_RETURN(vectors.emplace_back(), VectorsOf(*collection, query, {query.vector}));
      query.spec.cancelled = CancelledFn(context);
      const float weight = request->parts(i).weight();
      parts.push_back({vectors.back().view(), std::move(query.spec), weight == 0 ? 1 : weight});
    }
    if (spec.select.vectors) {
      const uint64_t hits = std::min<uint64_t>(spec.limit, collection->Count());
      TQDB_RETURN_IF_ERROR(CheckVectorBytes(hits, config, max_message_bytes_));
    }
    TQDB_ASSIGN_OR_RETURN(std::vector<storage::PointRecord> hits,
                          storage::SearchHybrid(*collection, parts, spec));
    HitsToProto(std::move(hits), response->mutable_points());
    metrics_.CountQueries(parts.size());
    return CheckResponseBytes(response->ByteSizeLong(), max_message_bytes_);
  });
}

}  // namespace tqdb::server
