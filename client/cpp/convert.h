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

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "client/cpp/filter.h"
#include "client/cpp/payload.h"
#include "client/cpp/query.h"
#include "client/cpp/types.h"
#include "tqdb/v1/admin.pb.h"
#include "tqdb/v1/collections.pb.h"
#include "tqdb/v1/filter.pb.h"
#include "tqdb/v1/points.pb.h"
#include "tqdb/v1/types.pb.h"

namespace tqdb::client {

// Each ToProto fills an empty message.
void ToProto(const PointId& id, v1::PointId* out);
void ToProto(const Point& point, v1::Point* out);
void ToProto(const CollectionConfig& config, v1::CollectionConfig* out);
// Defined in convert_filter.cc.
void ToProto(const Filter& filter, v1::Filter* proto);
// The next three are defined in convert_query.cc. They leave the name of the collection, and for
// edits also the target, to the caller.
// InvalidArgument when a query has more than one thing to find: a message has room for one. `field`
// is the path of the query in messages, such as "queries[3]".
absl::Status ToProto(const Query& query, absl::string_view field, v1::SearchQuery* out);
absl::Status ToProto(const HybridQuery& query, v1::SearchHybridRequest* out);
void ToProto(const PayloadEdit& edit, v1::UpdatePayloadRequest* out);
void VectorToProto(const std::vector<float>& values, v1::Vector* out);
void ToProto(const SparseVector& vector, v1::SparseVector* out);
void ToProto(const Select& select, v1::PointSelector* out);
v1::Durability ToProto(Durability durability);

// Each FromProto returns DataLoss if a message breaks the protocol. Examples are a point without an
// id, a vector with half a number, or a sparse vector with more indices than values.
absl::StatusOr<PointId> FromProto(const v1::PointId& id);
absl::StatusOr<Point> FromProto(v1::Point&& point);
absl::StatusOr<ScoredPoint> FromProto(v1::ScoredPoint&& point);
absl::StatusOr<std::vector<ScoredPoint>> FromProto(v1::SearchResponse&& response);
// The next two are defined in convert_query.cc.
absl::StatusOr<FacetCount> FromProto(v1::FacetCount&& count);
absl::StatusOr<PointGroup> FromProto(v1::PointGroup&& group);
PayloadIndexInfo FromProto(const v1::PayloadIndexInfo& info);
CollectionInfo FromProto(const v1::CollectionInfo& info);
ServerInfo FromProto(const v1::GetServerInfoResponse& info);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CPP_CONVERT_H_
