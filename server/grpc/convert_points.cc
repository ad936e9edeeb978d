#include "server/grpc/convert_points.h"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "server/grpc/convert.h"
#include "server/grpc/convert_filter.h"
#include "server/grpc/convert_sparse.h"

namespace tqdb::server {

namespace {

void VectorsToProto(const std::vector<storage::PointVector>& vectors,
                    google::protobuf::RepeatedPtrField<v1::NamedVector>* proto) {
  proto->Reserve(static_cast<int>(vectors.size()));
  for (const storage::PointVector& vector : vectors) {
    v1::NamedVector* named = proto->Add();
    named->set_name(vector.name);
    named->mutable_vector()->set_f32(vector.values.data(), vector.values.size() * sizeof(float));
  }
}

// Moves a record to a message, a point or a scored point. Takes the record by value, to free it at
// the end.
template <typename Message>
void RecordToProto(storage::PointRecord record, Message* proto) {
  IdToProto(record.id, proto->mutable_id());
  VectorsToProto(record.vectors, proto->mutable_vectors());
  SparseVectorsToProto(record.sparse_vectors, proto->mutable_sparse_vectors());
  proto->set_payload(std::move(record.payload));
}

}  // namespace

absl::StatusOr<service::PreparedUpsert> UpsertFromProto(const v1::UpsertRequest& request,
                                                        service::UpsertBuilder builder) {
  TQDB_ASSIGN_OR_RETURN(const storage::Durability durability,
                        DurabilityFromProto(request.durability()));
  TQDB_ASSIGN_OR_RETURN(const storage::UpsertMode mode, UpsertModeFromProto(request.mode()));
  storage::SharedFilter condition;
  if (request.has_condition()) {
    TQDB_ASSIGN_OR_RETURN(condition, FilterFromProto(request.condition(), "condition"));
  }
  for (int i = 0; i < request.points_size(); ++i) {
    const v1::Point& point = request.points(i);
    TQDB_ASSIGN_OR_RETURN(const PointId id, IdFromProto(point.id(), [i] {
                            return absl::StrCat("points[", i, "].id");
                          }));
    TQDB_RETURN_IF_ERROR(builder.AddPoint(id, point.payload()));
    for (const v1::NamedVector& named : point.vectors()) {
      TQDB_RETURN_IF_ERROR(builder.AddVector(named.name(), VectorFromProto(named.vector())));
    }
    for (const v1::NamedSparseVector& named : point.sparse_vectors()) {
      TQDB_RETURN_IF_ERROR(builder.AddSparseVector(named.name(), SparseFromProto(named.vector())));
    }
  }
  TQDB_ASSIGN_OR_RETURN(service::PreparedUpsert upsert, std::move(builder).Build(durability));
  upsert.batch.mode = mode;
  upsert.batch.condition = std::move(condition);
  return upsert;
}

absl::StatusOr<storage::PayloadEdit> EditFromProto(const v1::UpdatePayloadRequest& request) {
  storage::PayloadEdit edit;
  switch (request.edit_case()) {
    case v1::UpdatePayloadRequest::kSet:
      edit.kind = storage::PayloadEdit::Kind::kSet;
      edit.json = request.set().payload();
      edit.key = request.set().key();
      return edit;
    case v1::UpdatePayloadRequest::kOverwrite:
      edit.kind = storage::PayloadEdit::Kind::kOverwrite;
      edit.json = request.overwrite().payload();
      return edit;
    case v1::UpdatePayloadRequest::kDeleteKeys:
      edit.kind = storage::PayloadEdit::Kind::kDeleteKeys;
      edit.keys.assign(request.delete_keys().keys().begin(), request.delete_keys().keys().end());
      return edit;
    case v1::UpdatePayloadRequest::kClear:
      edit.kind = storage::PayloadEdit::Kind::kClear;
      return edit;
    case v1::UpdatePayloadRequest::EDIT_NOT_SET: break;
  }
  return absl::InvalidArgumentError("no edit is set; need set, overwrite, delete_keys or clear");
}

void ResultToProto(const storage::UpsertResult& result, v1::UpsertResponse* proto) {
  proto->set_inserted(result.inserted);
  proto->set_replaced(result.replaced);
  proto->set_skipped(result.skipped);
}

absl::StatusOr<storage::Select> SelectFromProto(const v1::PointSelector& select) {
  storage::Select out;
  out.payload = select.with_payload();
  out.vectors = select.with_vectors();
  if (select.payload_include().empty() && select.payload_exclude().empty()) return out;
  if (!select.with_payload()) {
    return absl::InvalidArgumentError(
        "payload_include or payload_exclude is set without with_payload");
  }
  TQDB_ASSIGN_OR_RETURN(storage::PayloadParts parts,
                        storage::PayloadParts::Create(
                            {select.payload_include().begin(), select.payload_include().end()},
                            {select.payload_exclude().begin(), select.payload_exclude().end()}));
  out.parts = std::make_shared<const storage::PayloadParts>(std::move(parts));
  return out;
}

void PointsToProto(std::vector<storage::PointRecord> points,
                   google::protobuf::RepeatedPtrField<v1::Point>* proto) {
  proto->Reserve(static_cast<int>(points.size()));
  for (storage::PointRecord& point : points) RecordToProto(std::move(point), proto->Add());
}

void HitsToProto(std::vector<storage::PointRecord> hits,
                 google::protobuf::RepeatedPtrField<v1::ScoredPoint>* proto) {
  proto->Reserve(static_cast<int>(hits.size()));
  for (storage::PointRecord& hit : hits) {
    v1::ScoredPoint* point = proto->Add();
    point->set_score(hit.score);
    RecordToProto(std::move(hit), point);
  }
}

}  // namespace tqdb::server
