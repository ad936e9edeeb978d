// Reads points from a file of vectors, with ids and payloads from files that accompany it.
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

// Row i goes with line i of the payloads file and with line i of the ids file. A payload line is a
// JSON object, stored as it is written; a blank line means no payload. The id comes from the ids
// file, or else from `id_field` of the payload, or else it is id_start + i. A file with fewer or
// more lines than rows is an error: its lines probably do not belong to the rows.
class MatrixSource : public VectorSource {
 public:
  // Opens the accompanying files. Requires: Validate accepts the options.
  static absl::StatusOr<std::unique_ptr<VectorSource>> Open(std::unique_ptr<MatrixReader> matrix,
                                                            const SourceOptions& options);

  const std::vector<SourceSpace>& spaces() const override { return spaces_; }
  std::optional<uint64_t> total_rows() const override { return matrix_->rows(); }
  double fraction_read() const override;
  absl::StatusOr<bool> Next(Point& point) override;
  absl::Status Skip(uint64_t rows) override;

 private:
  MatrixSource(std::unique_ptr<MatrixReader> matrix, const SourceOptions& options);
  // Reads the next line into line_. InvalidArgument at the end of the file.
  absl::Status TakeLine(LineReader& lines);
  // Returns InvalidArgument if another line follows that is not blank.
  absl::Status ExpectEnd(LineReader& lines);
  // Reads the payload of the row, and its id from there if `id_field` is set.
  absl::Status ReadPayload(Point& point);

  const std::unique_ptr<MatrixReader> matrix_;
  const SourceOptions options_;
  const std::vector<SourceSpace> spaces_;
  // The accompanying files, or null.
  std::unique_ptr<LineReader> payloads_;
  std::unique_ptr<LineReader> ids_;
  std::string line_;
  uint64_t row_ = 0;
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_INPUT_MATRIX_SOURCE_H_
