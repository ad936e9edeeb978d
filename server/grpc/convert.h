// Between protobuf and the types of storage: ids, enumerations, single vectors, page tokens.
//
// Thread-safe: free functions without state. The edge of the server: a message that passes here has
// known enum values, ids of a known kind and vectors of the right length. Every error is
// InvalidArgument and names the field by its path, the value got and what is allowed.
#ifndef TQDB_SERVER_GRPC_CONVERT_H_
#define TQDB_SERVER_GRPC_CONVERT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "base/quoted.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "storage/api/collection.h"
#include "storage/api/options.h"
#include "tqdb/v1/points.pb.h"
#include "tqdb/v1/types.pb.h"
#include "values/types.h"

namespace tqdb::server {

// Builds the path of a field, such as "points[3].vectors[0].vector"; called for errors alone.
using FieldPath = absl::FunctionRef<std::string()>;

// Values of a client never reach a message otherwise.
using storage::Quoted;

absl::StatusOr<PointId> IdFromProto(const v1::PointId& id, FieldPath field);
void IdToProto(const PointId& id, v1::PointId* proto);
// All ids of a delete or get, of which there may be kMaxBatchPoints.
absl::StatusOr<std::vector<PointId>> IdsFromProto(
    const google::protobuf::RepeatedPtrField<v1::PointId>& ids);

// An unspecified value becomes the default that the proto promises; InvalidArgument when the number
// is not one of the enumeration.
absl::StatusOr<Metric> MetricFromProto(v1::Metric metric, FieldPath field);
absl::StatusOr<Residual> ResidualFromProto(v1::Residual residual, FieldPath field);
absl::StatusOr<Centering> CenteringFromProto(v1::Centering centering, FieldPath field);
absl::StatusOr<storage::StoreVectors> StoreVectorsFromProto(v1::StoreVectors store_vectors,
                                                            FieldPath field);
absl::StatusOr<storage::Durability> DurabilityFromProto(v1::Durability durability);
v1::Metric MetricToProto(Metric metric);
v1::Residual ResidualToProto(Residual residual);
v1::Centering CenteringToProto(Centering centering);
v1::StoreVectors StoreVectorsToProto(storage::StoreVectors store_vectors);

// OK when `vector` holds `space.dim` numbers in one of its forms. Values are not looked at: that is
// done once, by the codec.
absl::Status CheckVector(const v1::Vector& vector, const storage::VectorSpaceConfig& space,
                         FieldPath field);
// Writes the numbers of a vector that passed CheckVector: dim floats.
void CopyVector(const v1::Vector& vector, absl::Span<float> out);

// The space named `name`; InvalidArgument lists the names that exist.
absl::StatusOr<const storage::VectorSpaceConfig*> FindSpace(const storage::CollectionConfig& config,
                                                            absl::string_view name,
                                                            FieldPath field);
// `name` as it reads in a message: the unnamed space needs words.
std::string SpaceName(absl::string_view name);

// A page token stands for the last item of the page before it. Tokens are opaque to clients; `kind`
// keeps those of one call from being used in another.
std::string MakePageToken(char kind, absl::string_view last);
absl::StatusOr<std::string> ParsePageToken(char kind, absl::string_view token);
absl::Status BadPageToken(absl::string_view token);
// `size` with 0 replaced by `default_size`; InvalidArgument above `max_size`.
absl::StatusOr<size_t> PageSize(uint32_t size, size_t default_size, size_t max_size);

}  // namespace tqdb::server

#endif  // TQDB_SERVER_GRPC_CONVERT_H_
