#include "server/grpc/convert.h"

#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/quoted.h"
#include "base/status_macros.h"
#include "google/protobuf/generated_enum_reflection.h"
#include "service/request_limits.h"

namespace tqdb::server {

namespace {

// Returns an error such as "config.metric is 7; allowed: METRIC_UNSPECIFIED (0), ...".
template <typename Enum>
absl::Status BadEnum(Enum value, FieldPath field) {
  std::string allowed;
  const google::protobuf::EnumDescriptor* descriptor = google::protobuf::GetEnumDescriptor<Enum>();
  for (int i = 0; i < descriptor->value_count(); ++i) {
    absl::StrAppend(&allowed, i == 0 ? "" : ", ", descriptor->value(i)->name(), " (",
                    descriptor->value(i)->number(), ")");
  }
  return absl::InvalidArgumentError(
      absl::StrCat(field(), " is ", static_cast<int>(value), "; allowed: ", allowed));
}

}  // namespace

absl::StatusOr<PointId> IdFromProto(const v1::PointId& id, FieldPath field) {
  switch (id.kind_case()) {
    case v1::PointId::kNumber: return PointId::Number(id.number());
    case v1::PointId::kUuid: {
      // Parse also accepts numbers. A message has another field for them, so refuse them here.
      absl::StatusOr<PointId> parsed = PointId::Parse(id.uuid());
      if (!parsed.ok() || !parsed->is_uuid()) {
        return absl::InvalidArgumentError(
            absl::StrCat(field(), ".uuid is ", storage::Quoted(id.uuid()),
                         "; need 36 characters like 6ba7b810-9dad-11d1-80b4-00c04fd430c8"));
      }
      return parsed;
    }
    case v1::PointId::KIND_NOT_SET: break;
  }
  return absl::InvalidArgumentError(absl::StrCat(field(), " is empty; set number or uuid"));
}

void IdToProto(const PointId& id, v1::PointId* proto) {
  if (id.is_uuid()) {
    proto->set_uuid(id.ToString());
  } else {
    proto->set_number(id.low);
  }
}

absl::StatusOr<std::vector<PointId>> IdsFromProto(
    const google::protobuf::RepeatedPtrField<v1::PointId>& ids) {
  const size_t count = static_cast<size_t>(ids.size());
  // An empty list passes here. Whether a call may have one depends on its other fields, which the
  // service looks at.
  if (count > 0) TQDB_RETURN_IF_ERROR(service::CheckIdCount(count));
  std::vector<PointId> out;
  out.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    TQDB_ASSIGN_OR_RETURN(PointId id, IdFromProto(ids[static_cast<int>(i)],
                                                  [i] { return absl::StrCat("ids[", i, "]"); }));
    out.push_back(id);
  }
  return out;
}

absl::StatusOr<Metric> MetricFromProto(v1::Metric metric, FieldPath field) {
  switch (metric) {
    case v1::METRIC_UNSPECIFIED:
    case v1::METRIC_COSINE: return Metric::kCosine;
    case v1::METRIC_DOT: return Metric::kDot;
    case v1::METRIC_L2: return Metric::kL2;
    default: return BadEnum(metric, field);
  }
}

absl::StatusOr<Residual> ResidualFromProto(v1::Residual residual, FieldPath field) {
  switch (residual) {
    case v1::RESIDUAL_UNSPECIFIED:
    case v1::RESIDUAL_QJL: return Residual::kQjl;
    case v1::RESIDUAL_NONE: return Residual::kNone;
    default: return BadEnum(residual, field);
  }
}

absl::StatusOr<Centering> CenteringFromProto(v1::Centering centering, FieldPath field) {
  switch (centering) {
    case v1::CENTERING_UNSPECIFIED:
    case v1::CENTERING_AUTO: return Centering::kAuto;
    case v1::CENTERING_OFF: return Centering::kOff;
    default: return BadEnum(centering, field);
  }
}

absl::StatusOr<storage::StoreVectors> StoreVectorsFromProto(v1::StoreVectors store_vectors,
                                                            FieldPath field) {
  switch (store_vectors) {
    case v1::STORE_VECTORS_NONE: return storage::StoreVectors::kNone;
    case v1::STORE_VECTORS_F16: return storage::StoreVectors::kF16;
    case v1::STORE_VECTORS_UNSPECIFIED:
    case v1::STORE_VECTORS_F32: return storage::StoreVectors::kF32;
    default: return BadEnum(store_vectors, field);
  }
}

absl::StatusOr<storage::Durability> DurabilityFromProto(v1::Durability durability) {
  switch (durability) {
    case v1::DURABILITY_UNSPECIFIED:
    case v1::DURABILITY_SYNC: return storage::Durability::kSync;
    case v1::DURABILITY_ASYNC: return storage::Durability::kAsync;
    default: return BadEnum(durability, [] { return std::string("durability"); });
  }
}

absl::StatusOr<storage::UpsertMode> UpsertModeFromProto(v1::UpsertMode mode) {
  switch (mode) {
    case v1::UPSERT_MODE_UNSPECIFIED:
    case v1::UPSERT_MODE_UPSERT: return storage::UpsertMode::kUpsert;
    case v1::UPSERT_MODE_INSERT: return storage::UpsertMode::kInsert;
    case v1::UPSERT_MODE_UPDATE: return storage::UpsertMode::kUpdate;
    case v1::UPSERT_MODE_UPDATE_VECTORS: return storage::UpsertMode::kUpdateVectors;
    default: return BadEnum(mode, [] { return std::string("mode"); });
  }
}

v1::Metric MetricToProto(Metric metric) {
  switch (metric) {
    case Metric::kCosine: return v1::METRIC_COSINE;
    case Metric::kDot: return v1::METRIC_DOT;
    case Metric::kL2: return v1::METRIC_L2;
  }
  return v1::METRIC_UNSPECIFIED;
}

v1::Residual ResidualToProto(Residual residual) {
  switch (residual) {
    case Residual::kNone: return v1::RESIDUAL_NONE;
    case Residual::kQjl: return v1::RESIDUAL_QJL;
  }
  return v1::RESIDUAL_UNSPECIFIED;
}

v1::Centering CenteringToProto(Centering centering) {
  switch (centering) {
    case Centering::kOff: return v1::CENTERING_OFF;
    case Centering::kAuto: return v1::CENTERING_AUTO;
  }
  return v1::CENTERING_UNSPECIFIED;
}

v1::StoreVectors StoreVectorsToProto(storage::StoreVectors store_vectors) {
  switch (store_vectors) {
    case storage::StoreVectors::kNone: return v1::STORE_VECTORS_NONE;
    case storage::StoreVectors::kF16: return v1::STORE_VECTORS_F16;
    case storage::StoreVectors::kF32: return v1::STORE_VECTORS_F32;
  }
  return v1::STORE_VECTORS_UNSPECIFIED;
}

service::VectorView VectorFromProto(const v1::Vector& vector) {
  switch (vector.form_case()) {
    case v1::Vector::kF32: return service::VectorView::OfF32(vector.f32());
    case v1::Vector::kF16: return service::VectorView::OfF16(vector.f16());
    case v1::Vector::kValues: {
      const auto& values = vector.values().values();
      return service::VectorView::OfFloats({values.data(), static_cast<size_t>(values.size())});
    }
    case v1::Vector::FORM_NOT_SET: break;
  }
  return {};
}

}  // namespace tqdb::server
