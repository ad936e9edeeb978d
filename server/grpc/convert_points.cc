#include "server/grpc/convert_points.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "server/grpc/convert.h"
#include "server/grpc/convert_sparse.h"

namespace tqdb::server {

namespace {

constexpr std::align_val_t kMatrixAlignment{64};

// Where the rows of one space go while a batch is decoded.
struct SpaceRows {
  size_t rows = 0;  // counted in the first pass
  size_t next = 0;  // written in the second
  uint32_t last_point = 0;
  size_t matrix = 0;  // index of its matrix
};

std::string PointPath(size_t point, absl::string_view rest) {
  return absl::StrCat("points[", point, "]", rest);
}

std::string VectorPath(size_t point, int vector, absl::string_view rest) {
  return absl::StrCat("points[", point, "].vectors[", vector, "]", rest);
}

// First pass over one point: checks its vectors and counts a row for each space.
absl::Status CheckPoint(const v1::Point& point, size_t index,
                        const storage::CollectionConfig& config, std::vector<SpaceRows>* spaces) {
  if (point.vectors_size() == 0 && point.sparse_vectors_size() == 0) {
    return absl::InvalidArgumentError(
        PointPath(index, ".vectors is empty; a point needs a vector in at least one space"));
  }
  for (int v = 0; v < point.vectors_size(); ++v) {
    const v1::NamedVector& named = point.vectors(v);
    TQDB_ASSIGN_OR_RETURN(
        const storage::VectorSpaceConfig* space,
        FindSpace(config, named.name(), [&] { return VectorPath(index, v, ".name"); }));
    SpaceRows& rows = (*spaces)[static_cast<size_t>(space - config.spaces.data())];
    if (rows.rows > 0 && rows.last_point == index) {
      return absl::InvalidArgumentError(absl::StrCat(VectorPath(index, v, ".name"), " is ",
                                                     SpaceName(named.name()),
                                                     " for the second time in one point"));
    }
    TQDB_RETURN_IF_ERROR(
        CheckVector(named.vector(), *space, [&] { return VectorPath(index, v, ".vector"); }));
    ++rows.rows;
    rows.last_point = static_cast<uint32_t>(index);
  }
  return absl::OkStatus();
}

void VectorsToProto(const std::vector<storage::PointVector>& vectors,
                    google::protobuf::RepeatedPtrField<v1::NamedVector>* proto) {
  proto->Reserve(static_cast<int>(vectors.size()));
  for (const storage::PointVector& vector : vectors) {
    v1::NamedVector* named = proto->Add();
    named->set_name(vector.name);
    named->mutable_vector()->set_f32(vector.values.data(), vector.values.size() * sizeof(float));
  }
}

}  // namespace

FloatMatrix::FloatMatrix(size_t rows, size_t dim)
    : data_(static_cast<float*>(::operator new(rows* dim * sizeof(float), kMatrixAlignment))),
      rows_(rows),
      dim_(dim) {}

void FloatMatrix::Deleter::operator()(float* data) const {
  ::operator delete(data, kMatrixAlignment);
}

absl::StatusOr<DecodedUpsert> UpsertFromProto(const v1::UpsertRequest& request,
                                              const storage::CollectionConfig& config) {
  const size_t count = static_cast<size_t>(request.points_size());
  if (count == 0 || count > storage::kMaxBatchPoints) {
    return absl::InvalidArgumentError(
        absl::StrCat("points has ", count, " entries; allowed: 1..", storage::kMaxBatchPoints));
  }
  DecodedUpsert decoded;
  TQDB_ASSIGN_OR_RETURN(decoded.batch.durability, DurabilityFromProto(request.durability()));

  std::vector<SpaceRows> spaces(config.spaces.size());
  decoded.ids.reserve(count);
  bool has_payload = false;
  for (size_t i = 0; i < count; ++i) {
    const v1::Point& point = request.points(static_cast<int>(i));
    TQDB_ASSIGN_OR_RETURN(PointId id, IdFromProto(point.id(), [i] { return PointPath(i, ".id"); }));
    decoded.ids.push_back(id);
    has_payload |= !point.payload().empty();
    TQDB_RETURN_IF_ERROR(CheckPoint(point, i, config, &spaces));
  }

  for (size_t s = 0; s < spaces.size(); ++s) {
    if (spaces[s].rows == 0) continue;
    spaces[s].matrix = decoded.matrices.size();
    decoded.matrices.emplace_back(spaces[s].rows, config.spaces[s].codec.dim);
    storage::SpaceVectors vectors;
    vectors.rows = decoded.matrices.back().view();
    if (spaces[s].rows < count) vectors.points.reserve(spaces[s].rows);
    decoded.batch.vectors.push_back(std::move(vectors));
  }
  for (size_t i = 0; i < count; ++i) {
    for (const v1::NamedVector& named : request.points(static_cast<int>(i)).vectors()) {
      size_t s = 0;
      while (config.spaces[s].name != named.name()) ++s;  // found: CheckPoint has seen it
      SpaceRows& rows = spaces[s];
      // A view of the request, which lives longer than the configuration that the caller has.
      if (rows.next == 0) decoded.batch.vectors[rows.matrix].name = named.name();
      CopyVector(named.vector(), decoded.matrices[rows.matrix].row(rows.next++));
      if (rows.rows < count) {
        decoded.batch.vectors[rows.matrix].points.push_back(static_cast<uint32_t>(i));
      }
    }
  }
  TQDB_ASSIGN_OR_RETURN(decoded.batch.sparse,
                        SparseVectorsFromProto(request.points(), config, decoded.sorted));
  if (has_payload) {
    decoded.payloads.reserve(count);
    for (const v1::Point& point : request.points()) decoded.payloads.push_back(point.payload());
  }
  decoded.batch.ids = decoded.ids;
  decoded.batch.payloads = decoded.payloads;
  return decoded;
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

storage::Select SelectFromProto(const v1::PointSelector& select) {
  storage::Select out;
  out.payload = select.with_payload();
  out.vectors = select.with_vectors();
  return out;
}

size_t VectorBytesPerPoint(const storage::CollectionConfig& config) {
  size_t bytes = 0;
  for (const storage::VectorSpaceConfig& space : config.spaces) {
    bytes += space.codec.dim * sizeof(float) + space.name.size();
  }
  return bytes;
}

void PointToProto(storage::PointRecord&& record, v1::Point* proto) {
  IdToProto(record.id, proto->mutable_id());
  VectorsToProto(record.vectors, proto->mutable_vectors());
  SparseVectorsToProto(record.sparse_vectors, proto->mutable_sparse_vectors());
  proto->set_payload(std::move(record.payload));
}

void ScoredPointToProto(storage::PointRecord&& record, v1::ScoredPoint* proto) {
  IdToProto(record.id, proto->mutable_id());
  proto->set_score(record.score);
  VectorsToProto(record.vectors, proto->mutable_vectors());
  SparseVectorsToProto(record.sparse_vectors, proto->mutable_sparse_vectors());
  proto->set_payload(std::move(record.payload));
}

}  // namespace tqdb::server
