#include "server/grpc/convert_search.h"

#include <cstdint>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "server/grpc/convert.h"
#include "server/grpc/convert_filter.h"
#include "server/grpc/convert_points.h"
#include "server/grpc/convert_sparse.h"
#include "service/request_limits.h"

namespace tqdb::server {

namespace {

storage::SparseVector OwnedSparse(const v1::SparseVector& proto) {
  const storage::SparseVectorView sparse = SparseFromProto(proto);
  return {{sparse.indices.begin(), sparse.indices.end()},
          {sparse.values.begin(), sparse.values.end()}};
}

absl::StatusOr<storage::Examples> ExamplesFromProto(const v1::Recommend& recommend,
                                                    const std::string& field) {
  // Counted before anything is converted: a message can have millions of examples.
  const int count = recommend.positive_size() + recommend.negative_size() +
                    recommend.positive_vectors_size() + recommend.negative_vectors_size() +
                    recommend.positive_sparse_size() + recommend.negative_sparse_size();
  if (count > static_cast<int>(storage::kMaxExamples)) {
    return absl::InvalidArgumentError(absl::StrCat(field, ".recommend has ", count,
                                                   " examples; at most ", storage::kMaxExamples,
                                                   " are allowed"));
  }
  storage::Examples examples;
  const auto add = [&field](const auto& ids, const char* side,
                            std::vector<PointId>& out) -> absl::Status {
    for (int i = 0; i < ids.size(); ++i) {
      TQDB_ASSIGN_OR_RETURN(const PointId id, IdFromProto(ids[i], [&, i] {
                              return absl::StrCat(field, ".recommend.", side, "[", i, "]");
                            }));
      out.push_back(id);
    }
    return absl::OkStatus();
  };
  TQDB_RETURN_IF_ERROR(add(recommend.positive(), "positive", examples.positive));
  TQDB_RETURN_IF_ERROR(add(recommend.negative(), "negative", examples.negative));
  const auto add_vectors = [](const auto& vectors, std::vector<std::vector<float>>& out) {
    for (const v1::Vector& vector : vectors) out.push_back(VectorFromProto(vector).Values());
  };
  add_vectors(recommend.positive_vectors(), examples.positive_vectors);
  add_vectors(recommend.negative_vectors(), examples.negative_vectors);
  const auto add_sparse = [](const auto& vectors, std::vector<storage::SparseVector>& out) {
    for (const v1::SparseVector& vector : vectors) out.push_back(OwnedSparse(vector));
  };
  add_sparse(recommend.positive_sparse(), examples.positive_sparse);
  add_sparse(recommend.negative_sparse(), examples.negative_sparse);
  return examples;
}

// Moves a value to a message. Requires: Message has the oneof of the value of a facet or a group.
template <typename Message>
void ValueToProto(storage::MatchValue&& value, Message* proto) {
  if (auto* keyword = std::get_if<std::string>(&value.value)) {
    proto->set_keyword(std::move(*keyword));
  } else if (const auto* integer = std::get_if<storage::Integer>(&value.value)) {
    if (integer->fits_int64()) {
      proto->set_integer(integer->int64());
    } else {
      proto->set_unsigned_integer(integer->uint64());
    }
  } else {
    proto->set_boolean(std::get<bool>(value.value));
  }
}

}  // namespace

absl::StatusOr<service::Query> QueryFromProto(const v1::SearchQuery& query,
                                              const std::string& field) {
  service::Query out;
  switch (query.find_case()) {
    case v1::SearchQuery::kVector: out.find = VectorFromProto(query.vector()); break;
    case v1::SearchQuery::kRecommend: {
      TQDB_ASSIGN_OR_RETURN(out.find, ExamplesFromProto(query.recommend(), field));
      break;
    }
    case v1::SearchQuery::kText:
      out.find = storage::TextQuery{query.text().key(), query.text().text()};
      break;
    case v1::SearchQuery::kSparse: out.find = OwnedSparse(query.sparse()); break;
    case v1::SearchQuery::FIND_NOT_SET: break;  // a vector without numbers, which is refused
  }
  out.vector_name = query.vector_name();
  out.spec.limit = query.limit();
  out.spec.offset = query.offset();
  if (query.has_mmr()) out.spec.mmr = {query.mmr().diversity(), query.mmr().candidates()};
  if (query.has_score_threshold()) out.spec.score_threshold = query.score_threshold();
  const v1::SearchParams& params = query.params();
  out.spec.exact = params.exact();
  out.spec.rerank = params.rerank();
  out.spec.oversampling = params.oversampling();
  out.spec.error_bound = params.error_bound();
  TQDB_ASSIGN_OR_RETURN(out.spec.select, SelectFromProto(query.select()));
  if (query.has_filter()) {
    TQDB_ASSIGN_OR_RETURN(out.spec.filter,
                          FilterFromProto(query.filter(), absl::StrCat(field, ".filter")));
  }
  return out;
}

absl::StatusOr<std::vector<service::Query>> QueriesFromProto(
    const google::protobuf::RepeatedPtrField<v1::SearchQuery>& queries) {
  TQDB_RETURN_IF_ERROR(service::CheckQueryCount(static_cast<size_t>(queries.size())));
  std::vector<service::Query> out;
  for (int i = 0; i < queries.size(); ++i) {
    TQDB_ASSIGN_OR_RETURN(out.emplace_back(),
                          QueryFromProto(queries[i], absl::StrCat("queries[", i, "]")));
  }
  return out;
}

absl::StatusOr<std::vector<service::HybridQuery>> PartsFromProto(
    const google::protobuf::RepeatedPtrField<v1::HybridPart>& parts) {
  TQDB_RETURN_IF_ERROR(service::CheckPartCount(static_cast<size_t>(parts.size())));
  std::vector<service::HybridQuery> out;
  for (int i = 0; i < parts.size(); ++i) {
    service::HybridQuery& part = out.emplace_back();
    TQDB_ASSIGN_OR_RETURN(part.query,
                          QueryFromProto(parts[i].query(), absl::StrCat("parts[", i, "].query")));
    // Here and below, 0 is a number that the client has not set. It leaves the default of storage
    // in place.
    if (parts[i].weight() != 0) part.weight = parts[i].weight();
  }
  return out;
}

storage::GroupSpec GroupSpecFromProto(const v1::SearchGroupsRequest& request) {
  storage::GroupSpec spec;
  spec.key = request.group_by();
  if (request.group_size() != 0) spec.group_size = request.group_size();
  return spec;
}

absl::StatusOr<storage::HybridSpec> HybridSpecFromProto(const v1::SearchHybridRequest& request) {
  storage::HybridSpec spec;
  spec.limit = request.limit();
  spec.offset = request.offset();
  TQDB_ASSIGN_OR_RETURN(spec.select, SelectFromProto(request.select()));
  if (request.has_weighted()) spec.fusion.method = storage::Fusion::Method::kWeightedScore;
  if (request.reciprocal_rank().constant() != 0) {
    spec.fusion.constant = request.reciprocal_rank().constant();
  }
  return spec;
}

void FacetsToProto(std::vector<storage::FacetCount> facets,
                   google::protobuf::RepeatedPtrField<v1::FacetCount>* proto) {
  for (storage::FacetCount& facet : facets) {
    v1::FacetCount* out = proto->Add();
    ValueToProto(std::move(facet.value), out);
    out->set_points(facet.count);
  }
}

void GroupsToProto(std::vector<storage::PointGroup> groups,
                   google::protobuf::RepeatedPtrField<v1::PointGroup>* proto) {
  for (storage::PointGroup& group : groups) {
    v1::PointGroup* out = proto->Add();
    ValueToProto(std::move(group.value), out);
    HitsToProto(std::move(group.points), out->mutable_points());
  }
}

}  // namespace tqdb::server
