#include "client/cpp/convert_query.h"

#include <cstddef>
#include <string>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "client/cpp/convert.h"
#include "client/cpp/convert_filter.h"

namespace tqdb::client {
namespace {

// Converts each kind of edit. An empty ClearPayload must be set too: its presence is the edit.
struct EditToProto {
  v1::UpdatePayloadRequest* proto;

  void operator()(const SetPayload& edit) const {
    proto->mutable_set()->set_payload(edit.payload);
    proto->mutable_set()->set_key(edit.key);
  }
  void operator()(const OverwritePayload& edit) const {
    proto->mutable_overwrite()->set_payload(edit.payload);
  }
  void operator()(const DeletePayloadKeys& edit) const {
    proto->mutable_delete_keys()->mutable_keys()->Assign(edit.keys.begin(), edit.keys.end());
  }
  void operator()(const ClearPayload&) const { proto->mutable_clear(); }
};

// Returns the value of a facet or a group. Message is v1::FacetCount or v1::PointGroup, whose
// oneofs have the same members.
template <typename Message>
absl::StatusOr<PayloadValue> ValueFromProto(Message& message) {
  switch (message.value_case()) {
    case Message::kKeyword: return PayloadValue(std::move(*message.mutable_keyword()));
    case Message::kInteger: return PayloadValue(Integer(message.integer()));
    case Message::kUnsignedInteger: return PayloadValue(Integer(message.unsigned_integer()));
    case Message::kBoolean: return PayloadValue(message.boolean());
    case Message::VALUE_NOT_SET: break;
  }
  return absl::DataLossError("the server sent a count or a group without its value");
}

}  // namespace

absl::Status ToProto(const Query& query, absl::string_view field, v1::SearchQuery* out) {
  const bool other =
      query.recommend.has_value() || query.text.has_value() || query.sparse.has_value();
  const int to_find = query.recommend.has_value() + query.text.has_value() +
                      query.sparse.has_value() + !query.vector.empty();
  if (to_find > 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        field, " has more than one of vector, recommend, sparse and text; set one of them"));
  }
  if (query.recommend.has_value()) {
    v1::Recommend* recommend = out->mutable_recommend();
    for (const PointId& id : query.recommend->positive) ToProto(id, recommend->add_positive());
    for (const PointId& id : query.recommend->negative) ToProto(id, recommend->add_negative());
    for (const auto& vector : query.recommend->positive_vectors) {
      VectorToProto(vector, recommend->add_positive_vectors());
    }
    for (const auto& vector : query.recommend->negative_vectors) {
      VectorToProto(vector, recommend->add_negative_vectors());
    }
    for (const SparseVector& vector : query.recommend->positive_sparse) {
      ToProto(vector, recommend->add_positive_sparse());
    }
    for (const SparseVector& vector : query.recommend->negative_sparse) {
      ToProto(vector, recommend->add_negative_sparse());
    }
  }
  if (query.text.has_value()) {
    out->mutable_text()->set_key(query.text->key);
    out->mutable_text()->set_text(query.text->text);
  }
  if (query.sparse.has_value()) ToProto(*query.sparse, out->mutable_sparse());
  // Without anything to find, an empty vector is sent, and the server refuses it with its dim.
  if (!other) VectorToProto(query.vector, out->mutable_vector());
  out->set_vector_name(query.vector_name);
  out->set_limit(query.limit);
  out->set_offset(query.offset);
  if (query.mmr.has_value()) {
    out->mutable_mmr()->set_diversity(query.mmr->diversity);
    out->mutable_mmr()->set_candidates(query.mmr->candidates);
  }
  if (query.score_threshold.has_value()) out->set_score_threshold(*query.score_threshold);
  ToProto(query.select, out->mutable_select());
  if (query.filter.has_value()) ToProto(*query.filter, out->mutable_filter());
  v1::SearchParams* params = out->mutable_params();
  params->set_exact(query.exact);
  params->set_rerank(query.rerank);
  params->set_oversampling(query.oversampling);
  params->set_error_bound(query.error_bound);
  return absl::OkStatus();
}

absl::Status ToProto(const HybridQuery& query, v1::SearchHybridRequest* out) {
  for (size_t i = 0; i < query.parts.size(); ++i) {
    v1::HybridPart* proto = out->add_parts();
    const absl::Status status =
        ToProto(query.parts[i].query, absl::StrCat("parts[", i, "].query"), proto->mutable_query());
    if (!status.ok()) return status;
    proto->set_weight(query.parts[i].weight);
  }
  if (const auto* rank = std::get_if<ReciprocalRankFusion>(&query.fusion)) {
    out->mutable_reciprocal_rank()->set_constant(rank->constant);
  } else {
    out->mutable_weighted();
  }
  out->set_limit(query.limit);
  out->set_offset(query.offset);
  ToProto(query.select, out->mutable_select());
  return absl::OkStatus();
}

void ToProto(const PayloadEdit& edit, v1::UpdatePayloadRequest* out) {
  std::visit(EditToProto{out}, edit);
}

absl::StatusOr<FacetCount> FromProto(v1::FacetCount&& count) {
  absl::StatusOr<PayloadValue> value = ValueFromProto(count);
  if (!value.ok()) return value.status();
  return FacetCount{*std::move(value), count.points()};
}

absl::StatusOr<PointGroup> FromProto(v1::PointGroup&& group) {
  absl::StatusOr<PayloadValue> value = ValueFromProto(group);
  if (!value.ok()) return value.status();
  PointGroup out{*std::move(value), {}};
  out.points.reserve(static_cast<size_t>(group.points_size()));
  for (v1::ScoredPoint& point : *group.mutable_points()) {
    absl::StatusOr<ScoredPoint> converted = FromProto(std::move(point));
    if (!converted.ok()) return converted.status();
    out.points.push_back(*std::move(converted));
  }
  return out;
}

}  // namespace tqdb::client
