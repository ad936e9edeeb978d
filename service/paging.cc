#include "service/paging.h"

#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/quoted.h"
#include "base/sha1.h"
#include "base/status_macros.h"
#include "service/order_token.h"
#include "values/filter_json.h"

namespace tqdb::service {

namespace {

// Digits of the hash of a walk.
constexpr size_t kHashDigits = 16;

// Begins the text of every token, for example "p1:". The number is the version of the form.
std::string Prefix(PageKind kind, int version) {
  return absl::StrCat(std::string(1, static_cast<char>(kind)), version, ":");
}

absl::Status BadPageToken(absl::string_view token) {
  return absl::InvalidArgumentError(
      absl::StrCat("page_token is ", storage::Quoted(token),
                   "; need next_page_token of the page before, or nothing"));
}

std::string Escaped(const std::string& text) {
  std::string token;
  absl::WebSafeBase64Escape(text, &token);
  return token;
}

std::string MakeWalkToken(PageKind kind, absl::string_view walk, absl::string_view last) {
  return Escaped(absl::StrCat(Prefix(kind, 2), walk, ":", last));
}

absl::StatusOr<std::string> ParseWalkToken(PageKind kind, absl::string_view walk,
                                           absl::string_view token) {
  std::string text;
  const std::string prefix = Prefix(kind, 2);
  if (!absl::WebSafeBase64Unescape(token, &text) || text.compare(0, prefix.size(), prefix) != 0) {
    return ParsePageToken(kind, token);
  }
  const size_t colon = prefix.size() + kHashDigits;
  if (text.size() <= colon || text[colon] != ':') return BadPageToken(token);
  if (text.compare(prefix.size(), kHashDigits, walk.data(), walk.size()) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("page_token is ", storage::Quoted(token),
                     "; it is of a walk over another collection, or with another order or filter, "
                     "which must be the same for all pages"));
  }
  return text.substr(colon + 1);
}

}  // namespace

std::string MakePageToken(PageKind kind, absl::string_view last) {
  return Escaped(absl::StrCat(Prefix(kind, 1), last));
}

absl::StatusOr<std::string> ParsePageToken(PageKind kind, absl::string_view token) {
  std::string text;
  const std::string prefix = Prefix(kind, 1);
  if (!absl::WebSafeBase64Unescape(token, &text) || text.compare(0, prefix.size(), prefix) != 0) {
    return BadPageToken(token);
  }
  return text.substr(prefix.size());
}

std::string WalkHash(absl::string_view collection, const storage::OrderSpec* order,
                     const storage::Filter* filter) {
  // A line each; names and keys with a line break in them cannot be mistaken for others because
  // their lengths come first.
  std::string text = absl::StrCat(collection.size(), " ", collection, "\n");
  if (order != nullptr) {
    absl::StrAppend(&text, order->key.size(), order->descending ? " down " : " up ",
                    order->once ? "once " : "", order->key);
  }
  absl::StrAppend(&text, "\n", filter != nullptr ? storage::FilterToJson(*filter) : "");
  const Sha1Digest digest = Sha1(text);
  return absl::BytesToHexString({reinterpret_cast<const char*>(digest.data()), kHashDigits / 2});
}

std::string PointPageToken(const PointId& last, absl::string_view walk) {
  return MakeWalkToken(PageKind::kPoints, walk, last.ToString());
}

absl::StatusOr<PointId> ParsePointPageToken(absl::string_view token, absl::string_view walk) {
  TQDB_ASSIGN_OR_RETURN(const std::string text, ParseWalkToken(PageKind::kPoints, walk, token));
  absl::StatusOr<PointId> id = PointId::Parse(text);
  if (!id.ok()) return BadPageToken(token);
  return id;
}

std::string OrderedPageToken(const storage::OrderedPosition& last, absl::string_view walk) {
  return MakeWalkToken(PageKind::kOrderedPoints, walk, ToText(last));
}

absl::StatusOr<storage::OrderedPosition> ParseOrderedPageToken(absl::string_view token,
                                                               absl::string_view walk) {
  TQDB_ASSIGN_OR_RETURN(const std::string text,
                        ParseWalkToken(PageKind::kOrderedPoints, walk, token));
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
