#include "values/types.h"

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace tqdb {

namespace {

// Value of a hexadecimal digit, or -1.
int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

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
  const bool digits = text.find_first_not_of("0123456789") == absl::string_view::npos;
  if (digits && absl::SimpleAtoi(text, &number)) return Number(number);
  if (text.size() != 36) {
    return absl::InvalidArgumentError(
        absl::StrCat("point id ", Quoted(text),
                     " is neither an unsigned 64-bit integer nor a UUID "
                     "like 6ba7b810-9dad-11d1-80b4-00c04fd430c8"));
  }
  uint64_t halves[2] = {0, 0};
  int nibbles = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const int digit = HexDigit(text[i]);
    if (dash ? text[i] != '-' : digit < 0) {
      return absl::InvalidArgumentError(absl::StrCat("point id ", Quoted(text), " is not a UUID"));
    }
    if (dash) continue;
    halves[nibbles / 16] = halves[nibbles / 16] << 4 | static_cast<uint64_t>(digit);
    ++nibbles;
  }
  return Uuid(halves[0], halves[1]);
}

std::string PointId::ToString() const {
  if (!is_uuid()) return absl::StrCat(low);
  std::string text =
      absl::StrCat(absl::Hex(high, absl::kZeroPad16), absl::Hex(low, absl::kZeroPad16));
  for (const size_t dash : {8, 13, 18, 23}) text.insert(dash, 1, '-');
  return text;
}

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
