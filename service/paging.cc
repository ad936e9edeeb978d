#include "service/paging.h"

#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/quoted.h"
#include "base/status_macros.h"
#include "service/order_token.h"

namespace tqdb::service {

namespace {

// Begins the text of every token, for example "p1:". The number is the version of the form.
std::string Prefix(PageKind kind) {
  return absl::StrCat(std::string(1, static_cast<char>(kind)), "1:");
}

absl::Status BadPageToken(absl::string_view token) {
  return absl::InvalidArgumentError(
      absl::StrCat("page_token is ", storage::Quoted(token),
                   "; need next_page_token of the page before, or nothing"));
}

}  // namespace

std::string MakePageToken(PageKind kind, absl::string_view last) {
  std::string token;
  absl::WebSafeBase64Escape(absl::StrCat(Prefix(kind), last), &token);
  return token;
}

absl::StatusOr<std::string> ParsePageToken(PageKind kind, absl::string_view token) {
  std::string text;
  const std::string prefix = Prefix(kind);
  if (!absl::WebSafeBase64Unescape(token, &text) || text.compare(0, prefix.size(), prefix) != 0) {
    return BadPageToken(token);
  }
  return text.substr(prefix.size());
}

std::string PointPageToken(const PointId& last) {
  return MakePageToken(PageKind::kPoints, last.ToString());
}

absl::StatusOr<PointId> ParsePointPageToken(absl::string_view token) {
  TQDB_ASSIGN_OR_RETURN(const std::string text, ParsePageToken(PageKind::kPoints, token));
  absl::StatusOr<PointId> id = PointId::Parse(text);
  if (!id.ok()) return BadPageToken(token);
  return id;
}

std::string OrderedPageToken(const storage::OrderedPosition& last) {
  return MakePageToken(PageKind::kOrderedPoints, ToText(last));
}

absl::StatusOr<storage::OrderedPosition> ParseOrderedPageToken(absl::string_view token) {
  TQDB_ASSIGN_OR_RETURN(const std::string text, ParsePageToken(PageKind::kOrderedPoints, token));
  std::optional<storage::OrderedPosition> position = OrderedPositionFromText(text);
  if (!position) return BadPageToken(token);
  return *position;
}

absl::StatusOr<size_t> PageSize(uint32_t size, const PageLimits& limits) {
  if (size == 0) return limits.default_size;
  if (size > limits.max_size) {
    return absl::InvalidArgumentError(absl::StrCat("page_size is ", size, "; allowed: 0 (means ",
                                                   limits.default_size, ") or 1..",
                                                   limits.max_size));
  }
  return size;
}

}  // namespace tqdb::service
