#include "service/overload.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace tqdb::service {

namespace {

// The key under which the status carries the delay.
constexpr char kRetryAfterPayload[] = "tqdb/retry-after-s";

}  // namespace

absl::Status OverloadedError(absl::string_view message, int retry_after_s) {
  absl::Status status = absl::ResourceExhaustedError(message);
  status.SetPayload(kRetryAfterPayload, absl::Cord(absl::StrCat(retry_after_s)));
  return status;
}

std::optional<int> RetryAfterS(const absl::Status& status) {
  // The type is not std::optional in every Abseil that the project builds with.
  const auto payload = status.GetPayload(kRetryAfterPayload);
  int seconds;
  if (!payload.has_value() || !absl::SimpleAtoi(std::string(*payload), &seconds)) {
    return std::nullopt;
  }
  return seconds;
}

}  // namespace tqdb::service
