// Points from a file of vectors, with ids and payloads from files beside it.
#ifndef TQDB_CLIENT_CLI_INPUT_MATRIX_SOURCE_H_
#define TQDB_CLIENT_CLI_INPUT_MATRIX_SOURCE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/input/line_reader.h"
#include "client/cli/input/matrix_reader.h"
#include "client/cli/input/vector_source.h"

namespace tqdb::client {

// Row i takes line i of the payloads (a JSON object, stored as it is; a blank line means none) and
// line i of the ids. The id comes from the ids file, else from `id_field` of the payload, else it
// is id_start + i. Fewer or more lines than rows are an error.
class MatrixSource : public VectorSource {
 public:
  // Requires valid options.
  static absl::StatusOr<std::unique_ptr<VectorSource>> Open(std::unique_ptr<MatrixReader> matrix,
                                                            const SourceOptions& options);

  const std::vector<SourceSpace>& spaces() const override { return spaces_; }
  std::optional<uint64_t> total_rows() const override { return matrix_->rows(); }
  double fraction_read() const override;
  absl::StatusOr<bool> Next(Point& point) override;
  absl::Status Skip(uint64_t rows) override;

 private:
  MatrixSource(std::unique_ptr<MatrixReader> matrix, const SourceOptions& options);
  absl::Status TakeLine(LineReader& lines);
  absl::Status ExpectEnd(LineReader& lines);
  absl::Status ReadPayload(Point& point);

  const std::unique_ptr<MatrixReader> matrix_;
  const SourceOptions options_;
  const std::vector<SourceSpace> spaces_;
  std::unique_ptr<LineReader> payloads_;  // may be null
  std::unique_ptr<LineReader> ids_;       // may be null
  std::string line_;
  uint64_t row_ = 0;
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_INPUT_MATRIX_SOURCE_H_
