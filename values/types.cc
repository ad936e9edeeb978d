#include "values/types.h"

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/uuid.h"

namespace tqdb {

namespace {

constexpr char kUuidExample[] = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";

// Shortened and escaped, so that a hostile id cannot flood a log line.
std::string Quoted(absl::string_view text) {
  return absl::StrCat("'", absl::CHexEscape(text.substr(0, 64)), text.size() > 64 ? "..." : "",
                      "'");
}

}  // namespace

absl::StatusOr<PointId> PointId::Parse(absl::string_view text) {
  if (text.empty()) {
    return absl::InvalidArgumentError("point id is empty; need an unsigned integer or a UUID");
  }
  uint64_t number;
  // A number beyond 64 bits is refused below as a UUID: it has no dashes.
  const bool digits = text.find_first_not_of("0123456789") == absl::string_view::npos;
  if (digits && absl::SimpleAtoi(text, &number)) return Number(number);
  if (text.size() != 36) {
    return absl::InvalidArgumentError(
        absl::StrCat("point id ", Quoted(text),
                     " is neither an unsigned 64-bit integer nor a UUID like ", kUuidExample));
  }
  return Uuid(text);
}

absl::StatusOr<PointId> PointId::Uuid(absl::string_view text) {
  const auto uuid = ParseUuid(text);
  if (uuid.has_value()) return Uuid(uuid->high, uuid->low);
  return absl::InvalidArgumentError(
      absl::StrCat("point id ", Quoted(text), " is not a UUID like ", kUuidExample));
}

std::string PointId::uuid() const {
  return is_uuid() ? FormatUuid(tqdb::Uuid{high, low}) : std::string();
}

std::string PointId::ToString() const { return is_uuid() ? uuid() : absl::StrCat(low); }

absl::string_view MetricName(Metric metric) {
  switch (metric) {
    case Metric::kCosine: return "COSINE";
    case Metric::kDot: return "DOT";
    case Metric::kL2: return "L2";
  }
  return "UNKNOWN";
}

absl::string_view ResidualName(Residual residual) {
  switch (residual) {
    case Residual::kNone: return "NONE";
    case Residual::kQjl: return "QJL";
  }
  return "UNKNOWN";
}

absl::string_view CenteringName(Centering centering) {
  switch (centering) {
    case Centering::kOff: return "OFF";
    case Centering::kAuto: return "AUTO";
  }
  return "UNKNOWN";
}

}  // namespace tqdb
