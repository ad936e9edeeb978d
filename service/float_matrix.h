// A matrix of floats that begins on a cache line, which the codec reads fastest.
#ifndef TQDB_SERVICE_FLOAT_MATRIX_H_
#define TQDB_SERVICE_FLOAT_MATRIX_H_

#include <cstddef>
#include <memory>

#include "absl/types/span.h"
#include "base/matrix_view.h"

namespace tqdb::service {

// A matrix of shape (rows, dim), row-major. Move-only. Belongs to one thread at a time.
class FloatMatrix {
 public:
  FloatMatrix() = default;
  // Leaves the numbers uninitialised, because every row is written right after.
  FloatMatrix(size_t rows, size_t dim);

  MatrixView view() const { return {data_.get(), rows_, dim_}; }
  absl::Span<float> row(size_t i) { return {data_.get() + i * dim_, dim_}; }
  size_t rows() const { return rows_; }

 private:
  struct Deleter {
    void operator()(float* data) const;
  };
  std::unique_ptr<float[], Deleter> data_;
  size_t rows_ = 0;
  size_t dim_ = 0;
};

}  // namespace tqdb::service

#endif  // TQDB_SERVICE_FLOAT_MATRIX_H_
