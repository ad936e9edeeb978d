// Writes float32 rows as a .npy file (version 1.0). The number of rows is known only at the end,
// but the format wants it at the start. So the header has a fixed size and is overwritten at the
// end.
#ifndef TQDB_CLIENT_CLI_OUTPUT_NPY_WRITER_H_
#define TQDB_CLIENT_CLI_OUTPUT_NPY_WRITER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "client/cli/output/output_file.h"

namespace tqdb::client {

// The file appears under its name when Finish succeeds, never half written.
//
// Not thread-safe.
class NpyWriter {
 public:
  // Requires: dim > 0.
  static absl::StatusOr<NpyWriter> Open(const std::string& path, uint32_t dim);

  // Appends a row. InvalidArgument if it has another dim.
  absl::Status Append(absl::Span<const float> row);
  // Writes the header and gives the file its name. No call may follow.
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
