// A borrowed row-major float matrix: the convention of every batch in this project.
#ifndef TQDB_BASE_MATRIX_VIEW_H_
#define TQDB_BASE_MATRIX_VIEW_H_

#include <cassert>
#include <cstddef>

#include "absl/types/span.h"

namespace tqdb {

// A view of (rows, dim) float32, row-major, rows contiguous. It does not own the floats, which must
// outlive it. Zero rows are allowed.
class MatrixView {
 public:
  MatrixView() = default;
  MatrixView(const float* data, size_t rows, size_t dim) : data_(data), rows_(rows), dim_(dim) {}

  size_t rows() const { return rows_; }
  size_t dim() const { return dim_; }
  const float* data() const { return data_; }
  // Returns row i. Requires: i < rows().
  absl::Span<const float> row(size_t i) const {
    assert(i < rows_);
    return {data_ + i * dim_, dim_};
  }
  // Returns the rows [first, first + count). Requires: they exist.
  MatrixView Slice(size_t first, size_t count) const {
    assert(first + count <= rows_);
    return {data_ + first * dim_, count, dim_};
  }

 private:
  const float* data_ = nullptr;
  size_t rows_ = 0;
  size_t dim_ = 0;
};

}  // namespace tqdb

#endif  // TQDB_BASE_MATRIX_VIEW_H_
