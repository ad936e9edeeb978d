#include "client/cpp/types.h"

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace tqdb::client {
namespace {

constexpr size_t kUuidLength = 36;

bool IsDash(size_t position) {
  return position == 8 || position == 13 || position == 18 || position == 23;
}

// Returns the beginning of a text: an error message must stay readable, whatever was passed in.
std::string Excerpt(absl::string_view text) {
  constexpr size_t kMaxShown = 80;
  if (text.size() <= kMaxShown) return std::string(text);
  return absl::StrCat(text.substr(0, kMaxShown), "... (", text.size(), " bytes)");
}

}  // namespace

absl::string_view MetricName(Metric metric) {
  switch (metric) {
    case Metric::kCosine: return "cosine";
    case Metric::kDot: return "dot";
    case Metric::kL2: return "l2";
  }
  return "unknown";
}

absl::string_view ResidualName(Residual residual) {
  switch (residual) {
    case Residual::kNone: return "none";
    case Residual::kQjl: return "qjl";
  }
  return "unknown";
}

absl::string_view CenteringName(Centering centering) {
  switch (centering) {
    case Centering::kOff: return "off";
    case Centering::kAuto: return "auto";
  }
  return "unknown";
}

absl::string_view StoreVectorsName(StoreVectors store) {
  switch (store) {
    case StoreVectors::kNone: return "none";
    case StoreVectors::kF16: return "f16";
    case StoreVectors::kF32: return "f32";
  }
  return "unknown";
}

absl::string_view CollectionStatusName(CollectionStatus status) {
  switch (status) {
    case CollectionStatus::kUnknown: return "unknown";
    case CollectionStatus::kReady: return "ready";
    case CollectionStatus::kReadOnly: return "read-only";
    case CollectionStatus::kQuarantined: return "quarantined";
  }
  return "unknown";
}

absl::string_view PayloadIndexKindName(PayloadIndexKind kind) {
  switch (kind) {
    case PayloadIndexKind::kUnknown: return "unknown";
    case PayloadIndexKind::kKeyword: return "keyword";
    case PayloadIndexKind::kInteger: return "integer";
    case PayloadIndexKind::kFloat: return "float";
    case PayloadIndexKind::kBool: return "bool";
    case PayloadIndexKind::kDatetime: return "datetime";
    case PayloadIndexKind::kText: return "text";
  }
  return "unknown";
}

absl::string_view SparseModifierName(SparseModifier modifier) {
  switch (modifier) {
    case SparseModifier::kNone: return "none";
    case SparseModifier::kIdf: return "idf";
  }
  return "unknown";
}

absl::StatusOr<PointId> PointId::Uuid(absl::string_view text) {
  bool valid = text.size() == kUuidLength;
  for (size_t i = 0; valid && i < text.size(); ++i) {
    valid = IsDash(i) ? text[i] == '-' : absl::ascii_isxdigit(static_cast<unsigned char>(text[i]));
  }
  if (!valid) {
    return absl::InvalidArgumentError(
        absl::StrCat("id: \"", Excerpt(text),
                     "\" is not a UUID of the form 6ba7b810-9dad-11d1-80b4-00c04fd430c8"));
  }
  return PointId(0, absl::AsciiStrToLower(text));
}

absl::StatusOr<PointId> PointId::Parse(absl::string_view text) {
  uint64_t number = 0;
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == text.npos;
  if (digits && absl::SimpleAtoi(text, &number)) return Number(number);
  if (text.size() == kUuidLength) return Uuid(text);
  return absl::InvalidArgumentError(absl::StrCat(
      "id: \"", Excerpt(text),
      "\" is neither a number in 0..18446744073709551615 nor a UUID of 36 characters"));
}

std::string PointId::ToString() const { return is_uuid() ? uuid_ : absl::StrCat(number_); }

}  // namespace tqdb::client
