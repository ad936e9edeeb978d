// Conversions between the plain types of the library and the messages of the protocol. Internal to
// the library.
//
// To the server, values are passed on as they are: the server checks them and its messages name the
// field. From the server, everything is checked, because a caller must never see half a point.
//
// Thread-safe: functions without state.
#ifndef TQDB_CLIENT_CPP_CONVERT_H_
#define TQDB_CLIENT_CPP_CONVERT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "client/cpp/payload.h"
#include "client/cpp/query.h"
#include "client/cpp/types.h"
#include "tqdb/v1/admin.pb.h"
#include "tqdb/v1/collections.pb.h"
#include "tqdb/v1/points.pb.h"
#include "tqdb/v1/types.pb.h"

namespace tqdb::client {

// Each ToProto fills an empty message.
void ToProto(const PointId& id, v1::PointId* out);
void ToProto(const Point& point, v1::Point* out);
void ToProto(const CollectionConfig& config, v1::CollectionConfig* out);
void VectorToProto(const std::vector<float>& values, v1::Vector* out);
void ToProto(const SparseVector& vector, v1::SparseVector* out);
void ToProto(const Select& select, v1::PointSelector* out);
v1::Durability ToProto(Durability durability);
v1::UpsertMode ToProto(UpsertMode mode);
UpsertResult FromProto(const v1::UpsertResponse& response);

// Each FromProto returns DataLoss if a message breaks the protocol. Examples are a point without an
// id, a vector with half a number, or a sparse vector with more indices than values.
absl::StatusOr<PointId> FromProto(const v1::PointId& id);
absl::StatusOr<Point> FromProto(v1::Point&& point);
absl::StatusOr<ScoredPoint> FromProto(v1::ScoredPoint&& point);
absl::StatusOr<std::vector<ScoredPoint>> FromProto(v1::SearchResponse&& response);
PayloadIndexInfo FromProto(const v1::PayloadIndexInfo& info);
CollectionInfo FromProto(const v1::CollectionInfo& info);
ServerInfo FromProto(const v1::GetServerInfoResponse& info);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CPP_CONVERT_H_
