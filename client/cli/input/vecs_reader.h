// Reads .fvecs, .bvecs and .ivecs files. A row is its dim as a little-endian int32, followed by dim
// items: float32, bytes from 0 to 255, or int32, all little-endian. The formats have no header, and
// all rows must have the dim of the first one.
#ifndef TQDB_CLIENT_CLI_INPUT_VECS_READER_H_
#define TQDB_CLIENT_CLI_INPUT_VECS_READER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/file_reader.h"
#include "client/cli/input/matrix_reader.h"

namespace tqdb::client {

// Type of an item.
enum class VecsItem { kFloat, kByte, kInt };

// An open file. Rows are read a megabyte at a time.
class VecsReader : public MatrixReader {
 public:
  // Reads an open file. InvalidArgument for an empty file or an impossible dim. DataLoss if the
  // size is not a multiple of the size of a row. A row of another dim is found by ReadRow.
  static absl::StatusOr<std::unique_ptr<MatrixReader>> Open(FileReader file, VecsItem item);

  uint64_t rows() const override { return rows_; }
  uint32_t dim() const override { return dim_; }
  // Integers beyond 2^24 are rounded to the nearest float32.
  absl::Status ReadRow(std::vector<float>& row) override;
  void Seek(uint64_t row) override { next_row_ = row; }

 private:
  VecsReader(FileReader file, VecsItem item, uint32_t dim, uint64_t rows);

  FileReader file_;
  VecsItem item_;
  uint32_t dim_;
  uint64_t rows_;
  uint64_t next_row_ = 0;
  // Bytes of the rows [buffer_begin_, buffer_end_), as they are in the file.
  std::vector<char> buffer_;
  uint64_t buffer_begin_ = 0;
  uint64_t buffer_end_ = 0;
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_INPUT_VECS_READER_H_
