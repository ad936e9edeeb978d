#include "storage/api/selected_bytes.h"

#include <cstdint>

#include "absl/strings/str_cat.h"

namespace tqdb::storage {

absl::Status SelectedBytes::Add(absl::Span<const PointRecord> records) {
  for (const PointRecord& record : records) {
    bytes_ += record.payload.size();
    for (const PointVector& vector : record.vectors) {
      bytes_ += vector.values.size() * sizeof(float);
    }
    for (const PointSparseVector& own : record.sparse_vectors) {
      bytes_ += own.vector.indices.size() * (sizeof(uint32_t) + sizeof(float));
    }
  }
  if (bytes_ <= max_bytes_) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat("payloads and vectors take more than ",
                                                   max_bytes_,
                                                   " bytes; ask for fewer points or select less"));
}

}  // namespace tqdb::storage
