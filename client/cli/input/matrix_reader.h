// Reads rows of floats from a file, in order.
#ifndef TQDB_CLIENT_CLI_INPUT_MATRIX_READER_H_
#define TQDB_CLIENT_CLI_INPUT_MATRIX_READER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tqdb::client {

// A file of vectors. Opening it validates its size, so that a truncated file is found before its
// first row is used.
//
// Not thread-safe.
class MatrixReader {
 public:
  virtual ~MatrixReader() = default;

  virtual uint64_t rows() const = 0;
  virtual uint32_t dim() const = 0;  // above 0
  // Reads the next row into `row`, which gets dim() values. OutOfRange after the last row.
  virtual absl::Status ReadRow(std::vector<float>& row) = 0;
  // Makes ReadRow continue with `row`. Requires: row <= rows().
  virtual void Seek(uint64_t row) = 0;
};

// Opens a file by the ending of its name: .npy or .fvecs. InvalidArgument for other names.
absl::StatusOr<std::unique_ptr<MatrixReader>> OpenMatrix(const std::string& path);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_INPUT_MATRIX_READER_H_
