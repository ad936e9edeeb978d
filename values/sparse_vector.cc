#include "values/sparse_vector.h"

#include <cmath>

#include "absl/strings/str_cat.h"

namespace tqdb::storage {

absl::Status ValidateSparseVector(SparseVectorView vector, absl::string_view field) {
  const absl::Span<const uint32_t> indices = vector.indices;
  const absl::Span<const float> values = vector.values;
  if (indices.size() != values.size()) {
    return absl::InvalidArgumentError(absl::StrCat(field, " has ", indices.size(), " indices and ",
                                                   values.size(), " values; need one of each"));
  }
  if (indices.size() > kMaxNonZeros) {
    return absl::InvalidArgumentError(absl::StrCat(
        field, " has ", indices.size(), " entries; at most ", kMaxNonZeros, " are allowed"));
  }
  for (size_t i = 0; i < indices.size(); ++i) {
    if (i > 0 && indices[i] == indices[i - 1]) {
      return absl::InvalidArgumentError(
          absl::StrCat(field, ".indices has ", indices[i], " twice; indices must be distinct"));
    }
    if (i > 0 && indices[i] < indices[i - 1]) {
      return absl::InvalidArgumentError(absl::StrCat(field, ".indices[", i, "] is ", indices[i],
                                                     " after ", indices[i - 1],
                                                     "; indices must ascend"));
    }
    // False for NaN, too.
    if (!(std::fabs(values[i]) <= kMaxSparseValue)) {
      return absl::InvalidArgumentError(absl::StrCat(field, ".values[", i, "] is ", values[i],
                                                     "; need a number of magnitude at most ",
                                                     kMaxSparseValue));
    }
  }
  return absl::OkStatus();
}

}  // namespace tqdb::storage
