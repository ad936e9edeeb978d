// Reads points from JSON lines, plain or gzip. point_line.h shows a line.
//
// Either all lines have an id or none has. Without ids, lines are numbered from `id_start`. Bad
// lines are counted too. So the others keep their ids when a bad line is mended and the file is
// imported again. Blank lines are skipped and not counted.
#ifndef TQDB_CLIENT_CLI_INPUT_JSONL_READER_H_
#define TQDB_CLIENT_CLI_INPUT_JSONL_READER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/input/line_reader.h"
#include "client/cli/input/point_line.h"
#include "client/cli/input/vector_source.h"

namespace tqdb::client {

// An open file of JSON lines.
class JsonlReader : public VectorSource {
 public:
  // Opens a file, passes over `skip` rows, and reads the first point, to know the vector spaces.
  static absl::StatusOr<std::unique_ptr<VectorSource>> Open(const SourceOptions& options);

  const std::vector<SourceSpace>& spaces() const override { return spaces_; }
  std::vector<std::string> sparse_spaces() const override { return sparse_spaces_; }
  std::optional<uint64_t> total_rows() const override { return std::nullopt; }
  double fraction_read() const override;
  bool Await(absl::Time deadline) override;
  absl::StatusOr<bool> Next(Point& point) override;
  RowPlace place() const override { return place_; }
  std::string Describe(const RowPlace& place) const override;

 private:
  JsonlReader(std::unique_ptr<LineReader> lines, const SourceOptions& options);
  // Reads the next line that is not blank into line_. Returns false after the last row.
  absl::StatusOr<bool> TakeRow();
  absl::Status SkipRows();
  // Reads the next good point from the file into `point`, and its place into `place`.
  absl::StatusOr<bool> Parse(Point& point, RowPlace& place);
  // Returns the point of line_, which is that of `row`.
  absl::StatusOr<Point> ParseLine(uint64_t row);

  const std::unique_ptr<LineReader> lines_;
  const SourceOptions options_;
  const LineFields fields_;
  std::string line_;
  std::vector<SourceSpace> spaces_;
  std::vector<std::string> sparse_spaces_;
  std::optional<Point> first_;  // point that Open has read, until Next returns it
  RowPlace first_place_;
  RowPlace place_;
  uint64_t rows_ = 0;                   // number of lines read that are not blank
  std::optional<bool> lines_have_ids_;  // whether the first good line has an id
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_INPUT_JSONL_READER_H_
