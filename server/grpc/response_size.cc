#include "server/grpc/response_size.h"

#include "absl/strings/str_cat.h"
#include "server/grpc/convert_points.h"

namespace tqdb::server {

absl::Status CheckVectorBytes(size_t points, const storage::CollectionConfig& config,
                              size_t max_message_bytes) {
  const size_t bytes = points * VectorBytesPerPoint(config);
  if (bytes <= max_message_bytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      "the vectors of up to ", points, " hits take ", bytes, " bytes; a message has at most ",
      max_message_bytes, " (--max-message-mb); lower limit or do without select.with_vectors"));
}

absl::Status CheckResponseBytes(size_t bytes, size_t max_message_bytes) {
  if (bytes <= max_message_bytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("the response has more than ", max_message_bytes,
                   " bytes (--max-message-mb); ask for fewer points or select less"));
}

}  // namespace tqdb::server
