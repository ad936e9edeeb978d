// Adds up what is selected of the points that one call returns.
#ifndef TQDB_STORAGE_API_SELECTED_BYTES_H_
#define TQDB_STORAGE_API_SELECTED_BYTES_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "storage/api/collection.h"

namespace tqdb::storage {

class SelectedBytes {
 public:
  explicit SelectedBytes(const Select& select) : max_bytes_(select.max_bytes) {}

  // ResourceExhausted when all of them together have more than select.max_bytes.
  absl::Status Add(absl::Span<const PointRecord> records);

 private:
  const size_t max_bytes_;
  size_t bytes_ = 0;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_API_SELECTED_BYTES_H_
