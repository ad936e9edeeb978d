// Reads .fvecs files. A row is its dim as a little-endian int32, followed by dim little-endian
// float32. The format has no header, and all rows must have the dim of the first one.
#ifndef TQDB_CLIENT_CLI_INPUT_FVECS_READER_H_
#define TQDB_CLIENT_CLI_INPUT_FVECS_READER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/file_reader.h"
#include "client/cli/input/matrix_reader.h"

namespace tqdb::client {

// An open .fvecs file. Rows are read a megabyte at a time.
class FvecsReader : public MatrixReader {
 public:
  // Opens a file. InvalidArgument for an empty file or an impossible dim. DataLoss if the size is
  // not a multiple of the size of a row. A row of another dim is found by ReadRow.
  static absl::StatusOr<std::unique_ptr<MatrixReader>> Open(const std::string& path);

  uint64_t rows() const override { return rows_; }
  uint32_t dim() const override { return dim_; }
  absl::Status ReadRow(std::vector<float>& row) override;
  void Seek(uint64_t row) override { next_row_ = row; }

 private:
  FvecsReader(FileReader file, uint32_t dim, uint64_t rows);

  FileReader file_;
  uint32_t dim_;
  uint64_t rows_;
  uint64_t next_row_ = 0;
  // Bytes of the rows [buffer_begin_, buffer_end_), as they are in the file.
  std::vector<char> buffer_;
  uint64_t buffer_begin_ = 0;
  uint64_t buffer_end_ = 0;
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_INPUT_FVECS_READER_H_
