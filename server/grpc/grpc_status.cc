#include "server/grpc/grpc_status.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "service/overload.h"

namespace tqdb::server {

namespace {

// ToGrpc casts codes, because gRPC and Abseil number them alike. These checks hold codes from all
// parts of the range to it.
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

void AddRetryAfter(const absl::Status& status, grpc::ServerContextBase* context) {
  if (const std::optional<int> retry_after_s = service::RetryAfterS(status)) {
    context->AddTrailingMetadata("retry-after", absl::StrCat(*retry_after_s));
  }
}

}  // namespace tqdb::server
