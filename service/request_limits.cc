#include "service/request_limits.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "storage/api/options.h"
#include "storage/search/hybrid.h"

namespace tqdb::service {

namespace {

absl::Status CheckCount(absl::string_view field, size_t count, size_t max) {
  if (count >= 1 && count <= max) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, " has ", count, " entries; allowed: 1..", max));
}

}  // namespace

absl::Status CheckIdCount(size_t count) {
  return CheckCount("ids", count, storage::kMaxBatchPoints);
}

absl::Status CheckDeleteTarget(size_t ids, bool has_filter) {
  if (!has_filter) return CheckIdCount(ids);
  if (ids == 0) return absl::OkStatus();
  return absl::InvalidArgumentError("both ids and filter are set; set one of them");
}

absl::Status CheckEditTarget(size_t ids, bool has_filter) {
  if (ids > 0) return CheckIdCount(ids);
  if (has_filter) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "neither ids nor filter is set; to edit all payloads, set an empty filter");
}

absl::Status CheckQueryCount(size_t count) {
  return CheckCount("queries", count, storage::kMaxQueries);
}

absl::Status CheckPartCount(size_t count) {
  return CheckCount("parts", count, storage::kMaxHybridParts);
}

}  // namespace tqdb::service
