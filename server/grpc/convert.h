// Converts between protobuf and plain values: ids, enumerations, single vectors.
//
// Thread-safe: free functions without state. A message that passes here has known enum values and
// ids of a known kind. Every error is InvalidArgument and names the field by its path, the value
// and the values that are allowed.
#ifndef TQDB_SERVER_GRPC_CONVERT_H_
#define TQDB_SERVER_GRPC_CONVERT_H_

#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "service/field_path.h"
#include "service/vector_view.h"
#include "storage/api/options.h"
#include "tqdb/v1/points.pb.h"
#include "tqdb/v1/types.pb.h"
#include "values/types.h"

namespace tqdb::server {

using service::FieldPath;

absl::StatusOr<PointId> IdFromProto(const v1::PointId& id, FieldPath field);
void IdToProto(const PointId& id, v1::PointId* proto);
// Returns all ids of a request, or none. InvalidArgument when there are more than one request may
// have.
absl::StatusOr<std::vector<PointId>> IdsFromProto(
    const google::protobuf::RepeatedPtrField<v1::PointId>& ids);

// Return the value, or the default that the proto promises for an unspecified one. InvalidArgument
// when the number does not belong to the enumeration.
absl::StatusOr<Metric> MetricFromProto(v1::Metric metric, FieldPath field);
absl::StatusOr<Residual> ResidualFromProto(v1::Residual residual, FieldPath field);
absl::StatusOr<Centering> CenteringFromProto(v1::Centering centering, FieldPath field);
absl::StatusOr<storage::StoreVectors> StoreVectorsFromProto(v1::StoreVectors store_vectors,
                                                            FieldPath field);
absl::StatusOr<storage::Durability> DurabilityFromProto(v1::Durability durability);
absl::StatusOr<storage::UpsertMode> UpsertModeFromProto(v1::UpsertMode mode);
v1::Metric MetricToProto(Metric metric);
v1::Residual ResidualToProto(Residual residual);
v1::Centering CenteringToProto(Centering centering);
v1::StoreVectors StoreVectorsToProto(storage::StoreVectors store_vectors);

// Returns a view of the numbers of the message, in any of its forms. The service checks the length.
service::VectorView VectorFromProto(const v1::Vector& vector);

}  // namespace tqdb::server

#endif  // TQDB_SERVER_GRPC_CONVERT_H_
