// Converts between protobuf and points: batches to be written, edits of payloads, points that were
// read.
//
// Thread-safe: free functions without state.
#ifndef TQDB_SERVER_GRPC_CONVERT_POINTS_H_
#define TQDB_SERVER_GRPC_CONVERT_POINTS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "service/upsert_builder.h"
#include "storage/api/collection.h"
#include "tqdb/v1/points.pb.h"

namespace tqdb::server {

// Adds all points of the request to the builder and returns its batch. Vectors are copied once,
// from the message to the matrices of the batch. Payloads and names are not copied. Requires: the
// builder was made for the number of points, and the message outlives the batch.
absl::StatusOr<service::PreparedUpsert> UpsertFromProto(const v1::UpsertRequest& request,
                                                        service::UpsertBuilder builder);

// Returns the edit, or InvalidArgument when the request has none. Storage checks whether the edit
// is valid.
absl::StatusOr<storage::PayloadEdit> EditFromProto(const v1::UpdatePayloadRequest& request);

void ResultToProto(const storage::UpsertResult& result, v1::UpsertResponse* proto);
// InvalidArgument for paths of the payload that cannot be parsed, and for paths without the
// payload.
absl::StatusOr<storage::Select> SelectFromProto(const v1::PointSelector& select);

// Move points to messages. Each point is freed after its conversion, so that no answer is in memory
// twice.
void PointsToProto(std::vector<storage::PointRecord> points,
                   google::protobuf::RepeatedPtrField<v1::Point>* proto);
void HitsToProto(std::vector<storage::PointRecord> hits,
                 google::protobuf::RepeatedPtrField<v1::ScoredPoint>* proto);

}  // namespace tqdb::server

#endif  // TQDB_SERVER_GRPC_CONVERT_POINTS_H_
