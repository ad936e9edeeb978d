// Sparse vectors between the API and storage.
#ifndef TQDB_SERVER_GRPC_CONVERT_SPARSE_H_
#define TQDB_SERVER_GRPC_CONVERT_SPARSE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/repeated_field.h"
#include "storage/api/collection.h"
#include "storage/api/options.h"
#include "tqdb/v1/collections.pb.h"
#include "tqdb/v1/points.pb.h"
#include "values/sparse_vector.h"

namespace tqdb::server {

// The entries by ascending index. What is wrong with them, storage says.
storage::SparseVector SparseFromProto(const v1::SparseVector& proto);

// The sparse vectors of the points of an upsert, by space. Views of the request, but for those
// whose indices do not ascend: of copies in `sorted`. InvalidArgument on an unknown name, or one
// twice in a point.
absl::StatusOr<std::vector<storage::SparseSpaceVectors>> SparseVectorsFromProto(
    const google::protobuf::RepeatedPtrField<v1::Point>& points,
    const storage::CollectionConfig& config, std::vector<storage::SparseVector>& sorted);

// The name, if it is that of a sparse space; otherwise InvalidArgument that names `field`.
absl::Status CheckSparseSpace(const storage::CollectionConfig& config, absl::string_view name,
                              const std::string& field);

void SparseVectorsToProto(const std::vector<storage::PointSparseVector>& vectors,
                          google::protobuf::RepeatedPtrField<v1::NamedSparseVector>* proto);

absl::StatusOr<storage::SparseSpaceConfig> SparseSpaceFromProto(const v1::SparseSpaceConfig& proto,
                                                                const std::string& field);
void SparseSpaceToProto(const storage::SparseSpaceConfig& space, v1::SparseSpaceConfig* proto);

}  // namespace tqdb::server

#endif  // TQDB_SERVER_GRPC_CONVERT_SPARSE_H_
