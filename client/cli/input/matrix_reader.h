// Reads rows of floats from a file, in order.
#ifndef TQDB_CLIENT_CLI_INPUT_MATRIX_READER_H_
#define TQDB_CLIENT_CLI_INPUT_MATRIX_READER_H_

#include <cstdint>
#include <functional>
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

// A file of vectors to open.
struct MatrixFile {
  std::string path = {};    // "-": the standard input
  std::string format = {};  // npy, npz, fvecs, bvecs or ivecs; empty: by the ending of the path
  std::string array = {};   // array of a .npz; empty: the only one
  std::function<bool()> interrupted = nullptr;  // asked while a pipe is waited for
};

// Opens a file; a pipe is copied to a temporary one. InvalidArgument if the name does not tell the
// format.
absl::StatusOr<std::unique_ptr<MatrixReader>> OpenMatrix(const MatrixFile& file);

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_INPUT_MATRIX_READER_H_
