// A float matrix that owns its memory.
#ifndef TQDB_BENCH_DATA_MATRIX_H_
#define TQDB_BENCH_DATA_MATRIX_H_

#include <cstddef>
#include <vector>

#include "base/matrix_view.h"

namespace tqdb::bench {

struct Matrix {
  Matrix() = default;
  Matrix(size_t rows, size_t dim) : rows(rows), dim(dim), values(rows * dim) {}

  MatrixView view() const { return {values.data(), rows, dim}; }
  float* row(size_t i) { return values.data() + i * dim; }
  const float* row(size_t i) const { return values.data() + i * dim; }
  // Drops all rows but the first `count`.
  void Truncate(size_t count) {
    if (count >= rows) return;
    rows = count;
    values.resize(count * dim);
  }

  size_t rows = 0;
  size_t dim = 0;
  std::vector<float> values;  // (rows, dim) row-major
};

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_DATA_MATRIX_H_
