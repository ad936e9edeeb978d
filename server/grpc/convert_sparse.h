// Converts between protobuf and sparse vectors with their spaces.
//
// Thread-safe: free functions without state.
#ifndef TQDB_SERVER_GRPC_CONVERT_SPARSE_H_
#define TQDB_SERVER_GRPC_CONVERT_SPARSE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "storage/api/collection.h"
#include "storage/api/options.h"
#include "tqdb/v1/collections.pb.h"
#include "tqdb/v1/points.pb.h"
#include "values/sparse_vector.h"

namespace tqdb::server {

// Returns a view of the message, whose indices may be in any order.
storage::SparseVectorView SparseFromProto(const v1::SparseVector& proto);
void SparseVectorsToProto(const std::vector<storage::PointSparseVector>& vectors,
                          google::protobuf::RepeatedPtrField<v1::NamedSparseVector>* proto);

// Returns the configuration, or InvalidArgument on a modifier outside the enumeration.
absl::StatusOr<storage::SparseSpaceConfig> SparseSpaceFromProto(const v1::SparseSpaceConfig& proto,
                                                                const std::string& field);
void SparseSpaceToProto(const storage::SparseSpaceConfig& space, v1::SparseSpaceConfig* proto);

}  // namespace tqdb::server

#endif  // TQDB_SERVER_GRPC_CONVERT_SPARSE_H_
