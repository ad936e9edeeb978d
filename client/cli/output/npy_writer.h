// Writes float32 rows as a .npy file (version 1.0) whose number of rows is known only at the end.
#ifndef TQDB_CLIENT_CLI_OUTPUT_NPY_WRITER_H_
#define TQDB_CLIENT_CLI_OUTPUT_NPY_WRITER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "client/cli/output/output_file.h"

namespace tqdb::client {

// Not thread-safe. The file appears under its name when Finish succeeds, never half written.
class NpyWriter {
 public:
  // `dim` > 0.
  static absl::StatusOr<NpyWriter> Open(const std::string& path, uint32_t dim);

  // InvalidArgument when the row has another dim.
  absl::Status Append(absl::Span<const float> row);
  absl::Status Finish();
  uint64_t rows() const { return rows_; }

 private:
  NpyWriter(OutputFile file, uint32_t dim);

  OutputFile file_;
  uint32_t dim_;
  uint64_t rows_ = 0;
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_OUTPUT_NPY_WRITER_H_
