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
// more lines than rows is an error: its lines probably do not belong to the rows. Regular files are
// counted, and ids are looked at, before the first row is given; pipes only as they are read.
class MatrixSource : public VectorSource {
 public:
  // Opens the accompanying files. Requires: Validate accepts the options.
  static absl::StatusOr<std::unique_ptr<VectorSource>> Open(std::unique_ptr<MatrixReader> matrix,
                                                            const SourceOptions& options);

  const std::vector<SourceSpace>& spaces() const override { return spaces_; }
  std::optional<uint64_t> total_rows() const override { return end_ - options_.skip; }
  double fraction_read() const override;
  absl::StatusOr<bool> Next(Point& point) override;
  RowPlace place() const override { return {row_ - 1, 0}; }
  std::string Describe(const RowPlace& place) const override;

 private:
  MatrixSource(std::unique_ptr<MatrixReader> matrix, const SourceOptions& options);
  // Opens one of the accompanying files; null without a path.
  absl::Status OpenLines(const std::string& path, bool ids, std::unique_ptr<LineReader>& lines);
  // Checks that a regular file has a line for each row, and with `ids` that each is an id.
  absl::Status CheckLines(const std::string& path, bool ids) const;
  absl::Status SkipRows();
  // Reads the next line into `line`. InvalidArgument at the end of the file.
  absl::Status TakeLine(LineReader& lines, std::string& line) const;
  // Returns InvalidArgument if another line follows that is not blank.
  absl::Status ExpectEnd(LineReader& lines) const;
  // Sets the payload of the row from payload_line_, and its id from there if `id_field` is set.
  absl::Status ReadPayload(Point& point) const;
  absl::Status ReadId(Point& point) const;

  const std::unique_ptr<MatrixReader> matrix_;
  const SourceOptions options_;
  const std::vector<SourceSpace> spaces_;
  const uint64_t end_;  // number of the row after the last one to read
  // The accompanying files, or null.
  std::unique_ptr<LineReader> payloads_;
  std::unique_ptr<LineReader> ids_;
  std::string payload_line_;
  std::string id_line_;
  uint64_t row_ = 0;  // number of the next row
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_INPUT_MATRIX_SOURCE_H_
