// NumPy's .npy files, versions 1.0 and 2.0.
//
// A file is: the magic bytes 93 'NUMPY', two version bytes, the length of the header
// (little-endian, 2 bytes in version 1.0 and 4 in 2.0), the header, and the array. The header is a
// Python dictionary in ASCII with exactly the keys 'descr', 'fortran_order' and 'shape'. Accepted
// are two-dimensional arrays, and one-dimensional ones as a single row, in row-major order, of
// little-endian float16, float32 or float64. Everything else is an error that says what was found.
#ifndef TQDB_CLIENT_CLI_INPUT_NPY_READER_H_
#define TQDB_CLIENT_CLI_INPUT_NPY_READER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cli/input/file_reader.h"
#include "client/cli/input/matrix_reader.h"

namespace tqdb::client {

enum class NpyType { kFloat16, kFloat32, kFloat64 };

struct NpyHeader {
  NpyType type = NpyType::kFloat32;
  size_t item_bytes = 4;
  uint64_t rows = 0;
  uint32_t dim = 0;
  uint64_t data_offset = 0;  // of the first item in the file

  uint64_t row_bytes() const { return uint64_t{dim} * item_bytes; }
};

// Parses the dictionary. InvalidArgument on anything that is not as described above; `data_offset`
// is left to the caller. rows * dim * item_bytes of the result fits in 63 bits.
absl::StatusOr<NpyHeader> ParseNpyDictionary(absl::string_view text);

class NpyReader : public MatrixReader {
 public:
  // InvalidArgument for what is not such a file, DataLoss when it is shorter or longer than its
  // header says.
  static absl::StatusOr<std::unique_ptr<MatrixReader>> Open(const std::string& path);

  uint64_t rows() const override { return header_.rows; }
  uint32_t dim() const override { return header_.dim; }
  absl::Status ReadRow(std::vector<float>& row) override;
  void Seek(uint64_t row) override { next_row_ = row; }

  const NpyHeader& header() const { return header_; }

 private:
  NpyReader(FileReader file, NpyHeader header);

  FileReader file_;
  NpyHeader header_;
  uint64_t next_row_ = 0;
  // Rows [buffer_begin_, buffer_end_), as they are in the file.
  std::vector<char> buffer_;
  uint64_t buffer_begin_ = 0;
  uint64_t buffer_end_ = 0;
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_INPUT_NPY_READER_H_
