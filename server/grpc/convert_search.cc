#include "server/grpc/convert_search.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "server/grpc/convert.h"
#include "server/grpc/convert_filter.h"
#include "server/grpc/convert_points.h"
#include "server/grpc/convert_sparse.h"

namespace tqdb::server {

namespace {

absl::StatusOr<storage::Examples> ExamplesFromProto(const v1::Recommend& recommend,
                                                    const std::string& field) {
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
  return examples;
}

// Message: one with the oneof of a facet's or a group's value.
template <typename Message>
void ValueToProto(storage::MatchValue&& value, Message* proto) {
  if (auto* keyword = std::get_if<std::string>(&value.value)) {
    proto->set_keyword(std::move(*keyword));
  } else if (const auto* integer = std::get_if<int64_t>(&value.value)) {
    proto->set_integer(*integer);
  } else {
    proto->set_boolean(std::get<bool>(value.value));
  }
}

}  // namespace

absl::StatusOr<DecodedQuery> QueryFromProto(const v1::SearchQuery& query,
                                            const storage::CollectionConfig& config,
                                            const std::string& field) {
  if (query.limit() == 0 || query.limit() > storage::kMaxTopK) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ".limit is ", query.limit(), "; allowed: 1..", storage::kMaxTopK));
  }
  DecodedQuery decoded;
  if (query.has_vector() + query.has_recommend() + query.has_sparse() + query.has_text() > 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        field, " has more than one of vector, recommend, sparse and text; set one of them"));
  }
  if (query.has_text()) {
    if (!query.vector_name().empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(field, ".vector_name is set; text has no vector"));
    }
    decoded.spec.text = storage::TextQuery{query.text().key(), query.text().text()};
  } else if (query.has_sparse()) {
    TQDB_RETURN_IF_ERROR(
        CheckSparseSpace(config, query.vector_name(), absl::StrCat(field, ".vector_name")));
    decoded.spec.space = query.vector_name();
    decoded.spec.sparse = SparseFromProto(query.sparse());
  } else {
    TQDB_ASSIGN_OR_RETURN(decoded.space, FindSpace(config, query.vector_name(), [&field] {
                            return absl::StrCat(field, ".vector_name");
                          }));
    decoded.spec.space = decoded.space->name;
  }
  if (query.has_recommend()) {
    TQDB_ASSIGN_OR_RETURN(decoded.examples, ExamplesFromProto(query.recommend(), field));
  } else if (decoded.space != nullptr) {
    TQDB_RETURN_IF_ERROR(CheckVector(query.vector(), *decoded.space,
                                     [&field] { return absl::StrCat(field, ".vector"); }));
    decoded.vector = &query.vector();
  }
  decoded.spec.limit = query.limit();
  decoded.spec.offset = query.offset();
  if (query.has_mmr()) {
    decoded.spec.mmr = {query.mmr().diversity(), query.mmr().candidates()};
  }
  if (query.has_score_threshold()) decoded.spec.score_threshold = query.score_threshold();
  const v1::SearchParams& params = query.params();
  decoded.spec.exact = params.exact();
  decoded.spec.rerank = params.rerank();
  decoded.spec.oversampling = params.oversampling();
  decoded.spec.error_bound = params.error_bound();
  decoded.spec.select = SelectFromProto(query.select());
  if (query.has_filter()) {
    TQDB_ASSIGN_OR_RETURN(decoded.spec.filter,
                          FilterFromProto(query.filter(), absl::StrCat(field, ".filter")));
  }
  if (decoded.examples) {
    decoded.spec.filter = WithoutExamples(std::move(decoded.spec.filter), *decoded.examples);
  }
  return decoded;
}

bool SameSpec(const DecodedQuery& a, const DecodedQuery& b) {
  // A search by text or by a sparse vector answers one query.
  return a.space != nullptr && a.space == b.space && a.examples == b.examples &&
         a.spec.limit == b.spec.limit && a.spec.offset == b.spec.offset &&
         a.spec.mmr == b.spec.mmr && a.spec.score_threshold == b.spec.score_threshold &&
         a.spec.exact == b.spec.exact && a.spec.rerank == b.spec.rerank &&
         a.spec.oversampling == b.spec.oversampling && a.spec.error_bound == b.spec.error_bound &&
         a.spec.filter == b.spec.filter && a.spec.select.payload == b.spec.select.payload &&
         a.spec.select.vectors == b.spec.select.vectors;
}

absl::StatusOr<FloatMatrix> VectorsOf(const storage::Collection& collection,
                                      const DecodedQuery& query,
                                      absl::Span<const v1::Vector* const> vectors) {
  if (query.space == nullptr) return FloatMatrix(0, 1);
  FloatMatrix rows(vectors.size(), query.space->codec.dim);
  for (size_t i = 0; i < vectors.size(); ++i) {
    if (vectors[i] != nullptr) {
      CopyVector(*vectors[i], rows.row(i));
      continue;
    }
    TQDB_ASSIGN_OR_RETURN(const std::vector<float> values,
                          RecommendVector(collection, query.space->name, *query.examples));
    std::copy(values.begin(), values.end(), rows.row(i).begin());
  }
  return rows;
}

absl::StatusOr<storage::GroupSpec> GroupSpecFromProto(const v1::SearchGroupsRequest& request) {
  if (request.group_by().empty())
    return absl::InvalidArgumentError("group_by is empty; need a payload key");
  storage::GroupSpec spec;
  spec.key = request.group_by();
  spec.limit = request.query().limit();
  if (request.group_size() != 0) spec.group_size = request.group_size();
  return spec;
}

storage::HybridSpec HybridSpecFromProto(const v1::SearchHybridRequest& request) {
  storage::HybridSpec spec;
  spec.limit = request.limit();
  spec.offset = request.offset();
  spec.select = SelectFromProto(request.select());
  if (request.has_weighted()) spec.fusion.method = storage::Fusion::Method::kWeightedScore;
  if (request.reciprocal_rank().constant() != 0) {
    spec.fusion.constant = request.reciprocal_rank().constant();
  }
  return spec;
}

void HitsToProto(std::vector<storage::PointRecord>&& hits,
                 google::protobuf::RepeatedPtrField<v1::ScoredPoint>* proto) {
  proto->Reserve(static_cast<int>(hits.size()));
  for (storage::PointRecord& hit : hits) ScoredPointToProto(std::move(hit), proto->Add());
}

void FacetToProto(storage::FacetCount&& facet, v1::FacetCount* proto) {
  ValueToProto(std::move(facet.value), proto);
  proto->set_points(facet.count);
}

void GroupToProto(storage::PointGroup&& group, v1::PointGroup* proto) {
  ValueToProto(std::move(group.value), proto);
  HitsToProto(std::move(group.points), proto->mutable_points());
}

}  // namespace tqdb::server
