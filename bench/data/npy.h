// NumPy's .npy files: read as a whole into float32, and written as float32.
//
// The reader accepts versions 1.0 and 2.0 of the format. Arrays have one or two dimensions, in
// row-major order, of little-endian float16, float32 or int8. A one-dimensional array is one row.
#ifndef TQDB_BENCH_DATA_NPY_H_
#define TQDB_BENCH_DATA_NPY_H_

#include <cstddef>
#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bench/data/matrix.h"

namespace tqdb::bench {

// Returns the array of a file. NotFound if the file cannot be opened. InvalidArgument for other
// formats than the above. DataLoss if the file is shorter or longer than its header says. Messages
// name the path.
absl::StatusOr<Matrix> ReadNpy(const std::string& path);

// Writes an array of float32 piece by piece. Not thread-safe.
class NpyWriter {
 public:
  // Replaces the file `path` by the header of a (rows, dim) array. NotFound if it cannot be made.
  static absl::StatusOr<NpyWriter> Create(const std::string& path, size_t rows, size_t dim);

  // Writes the next rows. Requires: the matrix has the dim of the array.
  void Append(const Matrix& rows);
  // Completes the file. DataLoss if a write failed, or if the number of rows is not the announced
  // one.
  absl::Status Close();

 private:
  NpyWriter(std::string path, std::ofstream out, size_t rows);

  std::string path_;
  std::ofstream out_;
  size_t missing_rows_;
};

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_DATA_NPY_H_
