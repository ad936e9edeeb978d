#include "client/cpp/types.h"

namespace tqdb::client {

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
    case CollectionStatus::kUnavailable: return "unavailable";
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

}  // namespace tqdb::client
