// Vectors from a .npy file, or from an array within a .npz: two-dimensional, or one-dimensional as
// a single row, of numbers of any type, byte order and layout.
#ifndef TQDB_CLIENT_CLI_INPUT_NPY_MATRIX_H_
#define TQDB_CLIENT_CLI_INPUT_NPY_MATRIX_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "base/file_reader.h"
#include "base/npy_reader.h"
#include "client/cli/input/matrix_reader.h"

namespace tqdb::client {

class NpyMatrix : public MatrixReader {
 public:
  // Returns InvalidArgument for a file of another kind, and DataLoss when the file is shorter or
  // longer than its header says.
  static absl::StatusOr<std::unique_ptr<MatrixReader>> Open(FileReader file) {
    absl::StatusOr<NpyReader> reader = NpyReader::Open(std::move(file), kAllNpyTypes);
    if (!reader.ok()) return reader.status();
    return std::unique_ptr<MatrixReader>(new NpyMatrix(*std::move(reader)));
  }

  uint64_t rows() const override { return reader_.header().rows; }
  uint32_t dim() const override { return reader_.header().dim; }
  absl::Status ReadRow(std::vector<float>& row) override {
    row.resize(dim());
    return reader_.ReadRow(absl::MakeSpan(row));
  }
  void Seek(uint64_t row) override { reader_.Seek(row); }

 private:
  explicit NpyMatrix(NpyReader reader) : reader_(std::move(reader)) {}

  NpyReader reader_;
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_INPUT_NPY_MATRIX_H_
