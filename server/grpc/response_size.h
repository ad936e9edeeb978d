// Bounds of what a response may carry.
#ifndef TQDB_SERVER_GRPC_RESPONSE_SIZE_H_
#define TQDB_SERVER_GRPC_RESPONSE_SIZE_H_

#include <cstddef>

#include "absl/status/status.h"
#include "storage/api/options.h"

namespace tqdb::server {

// RESOURCE_EXHAUSTED when the vectors of so many points would not fit a message: said before they
// are read.
absl::Status CheckVectorBytes(size_t points, const storage::CollectionConfig& config,
                              size_t max_message_bytes);
// RESOURCE_EXHAUSTED when a response of so many bytes would not.
absl::Status CheckResponseBytes(size_t bytes, size_t max_message_bytes);

}  // namespace tqdb::server

#endif  // TQDB_SERVER_GRPC_RESPONSE_SIZE_H_
