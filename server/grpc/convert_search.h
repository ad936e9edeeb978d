// Between protobuf and searches: queries, groups, fusions, hits.
//
// Thread-safe: free functions without state. What a decoded query points to is the message, which
// outlives it.
#ifndef TQDB_SERVER_GRPC_CONVERT_SEARCH_H_
#define TQDB_SERVER_GRPC_CONVERT_SEARCH_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "server/grpc/convert_points.h"
#include "storage/api/collection.h"
#include "storage/api/options.h"
#include "storage/search/groups.h"
#include "storage/search/hybrid.h"
#include "storage/search/recommend.h"
#include "tqdb/v1/points.pb.h"

namespace tqdb::server {

// One query against a collection.
struct DecodedQuery {
  const v1::Vector* vector =
      nullptr;  // passed CheckVector for `space`; null: examples stand for it
  std::optional<storage::Examples> examples = {};
  // Of the config given; null: spec.text or spec.sparse stand for a vector.
  const storage::VectorSpaceConfig* space = nullptr;
  storage::SearchSpec spec = {};  // cancelled is not set
};

// `field` is the path of the query: "query" or "queries[3]". InvalidArgument on a limit out of
// range, an unknown vector name, a wrong length; the other parameters are validated by
// Collection::Search.
absl::StatusOr<DecodedQuery> QueryFromProto(const v1::SearchQuery& query,
                                            const storage::CollectionConfig& config,
                                            const std::string& field);

// A row of the space's dim for each of `vectors`; null ones come from the query's examples in the
// collection. No rows for a query by text or by a sparse vector.
absl::StatusOr<FloatMatrix> VectorsOf(const storage::Collection& collection,
                                      const DecodedQuery& query,
                                      absl::Span<const v1::Vector* const> vectors);

// True when the two differ in nothing but the vector, so that one pass can serve both.
bool SameSpec(const DecodedQuery& a, const DecodedQuery& b);

absl::StatusOr<storage::GroupSpec> GroupSpecFromProto(const v1::SearchGroupsRequest& request);
storage::HybridSpec HybridSpecFromProto(const v1::SearchHybridRequest& request);

// All empty what they convert.
void HitsToProto(std::vector<storage::PointRecord>&& hits,
                 google::protobuf::RepeatedPtrField<v1::ScoredPoint>* proto);
void FacetToProto(storage::FacetCount&& facet, v1::FacetCount* proto);
void GroupToProto(storage::PointGroup&& group, v1::PointGroup* proto);

}  // namespace tqdb::server

#endif  // TQDB_SERVER_GRPC_CONVERT_SEARCH_H_
