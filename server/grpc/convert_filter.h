// Makes filters from protobuf. The client does the opposite (client/cpp/convert_filter.cc).
//
// Thread-safe: free functions without state.
#ifndef TQDB_SERVER_GRPC_CONVERT_FILTER_H_
#define TQDB_SERVER_GRPC_CONVERT_FILTER_H_

#include <string>

#include "absl/status/statusor.h"
#include "tqdb/v1/filter.pb.h"
#include "values/filter.h"

namespace tqdb::server {

// Returns a filter that passes storage::ValidateFilter. InvalidArgument names the fault by its
// path, which begins with `field`: "filter" or "queries[3].filter".
absl::StatusOr<storage::Filter> FilterFromProto(const v1::Filter& filter, const std::string& field);

}  // namespace tqdb::server

#endif  // TQDB_SERVER_GRPC_CONVERT_FILTER_H_
