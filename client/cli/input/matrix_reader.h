// Rows of floats from a file, in order.
#ifndef TQDB_CLIENT_CLI_INPUT_MATRIX_READER_H_
#define TQDB_CLIENT_CLI_INPUT_MATRIX_READER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tqdb::client {

// Not thread-safe. The size is validated on opening, so a truncated file is found before its first
// row is used.
class MatrixReader {
 public:
  virtual ~MatrixReader() = default;

  virtual uint64_t rows() const = 0;
  virtual uint32_t dim() const = 0;  // above zero
  // The next row into `row`, resized to dim. OutOfRange after the last.
  virtual absl::Status ReadRow(std::vector<float>& row) = 0;
  // The row that ReadRow returns next; `row` <= rows().
  virtual void Seek(uint64_t row) = 0;
};

// By the ending of the name: .npy or .fvecs; InvalidArgument otherwise.
absl::StatusOr<std::unique_ptr<MatrixReader>> OpenMatrix(const std::string& path);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_INPUT_MATRIX_READER_H_
