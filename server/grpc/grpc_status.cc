#include "server/grpc/grpc_status.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

namespace tqdb::server {

namespace {

constexpr char kRetryAfterPayload[] = "tqdb/retry-after-s";

static_assert(static_cast<int>(absl::StatusCode::kInvalidArgument) ==
              static_cast<int>(grpc::StatusCode::INVALID_ARGUMENT));
static_assert(static_cast<int>(absl::StatusCode::kResourceExhausted) ==
              static_cast<int>(grpc::StatusCode::RESOURCE_EXHAUSTED));
static_assert(static_cast<int>(absl::StatusCode::kDataLoss) ==
              static_cast<int>(grpc::StatusCode::DATA_LOSS));
static_assert(static_cast<int>(absl::StatusCode::kUnauthenticated) ==
              static_cast<int>(grpc::StatusCode::UNAUTHENTICATED));

}  // namespace

std::string StatusMessage(absl::string_view message) {
  constexpr absl::string_view kMark = " ... (cut)";
  if (message.size() <= kMaxStatusMessageBytes) return std::string(message);
  size_t end = kMaxStatusMessageBytes - kMark.size();
  // A byte 10xxxxxx continues a character: step back to its start.
  while (end > 0 && (static_cast<unsigned char>(message[end]) & 0xc0) == 0x80) --end;
  return absl::StrCat(message.substr(0, end), kMark);
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()),
                      StatusMessage(status.message()));
}

absl::Status OverloadedError(absl::string_view message, int retry_after_s) {
  absl::Status status = absl::ResourceExhaustedError(message);
  status.SetPayload(kRetryAfterPayload, absl::Cord(absl::StrCat(retry_after_s)));
  return status;
}

std::optional<std::string> RetryAfter(const absl::Status& status) {
  // Not std::optional on every Abseil that we build with.
  const auto payload = status.GetPayload(kRetryAfterPayload);
  if (!payload.has_value()) return std::nullopt;
  return std::string(*payload);
}

}  // namespace tqdb::server
