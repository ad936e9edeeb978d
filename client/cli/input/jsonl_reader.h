// Reads points from JSON lines, plain or gzip. Each line is one object:
//
// clang-format off
//   {"id": 7, "vector": [0.1, ...], "payload": {"title": "..."}}
//   {"id": "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "vectors": {"image": [...], "text": [...]}}
// clang-format on
//
// Either all lines have an "id" or none has. Without ids, lines are numbered from `id_start`. Bad
// lines are counted too. So the others keep their ids when a bad line is mended and the file is
// imported again. Blank lines are skipped and not counted.
#ifndef TQDB_CLIENT_CLI_INPUT_JSONL_READER_H_
#define TQDB_CLIENT_CLI_INPUT_JSONL_READER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/input/line_reader.h"
#include "client/cli/input/vector_source.h"

namespace tqdb::client {

// An open file of JSON lines.
class JsonlReader : public VectorSource {
 public:
  using OnBadLine = std::function<void(const absl::Status&)>;

  // Opens a file and reads its first point, to know the vector spaces. A bad line is reported to
  // `on_bad_line` and skipped. It is an error if `on_bad_line` is empty.
  static absl::StatusOr<std::unique_ptr<VectorSource>> Open(const std::string& path,
                                                            uint64_t id_start,
                                                            OnBadLine on_bad_line = nullptr);

  const std::vector<SourceSpace>& spaces() const override { return spaces_; }
  std::vector<std::string> sparse_spaces() const override { return sparse_spaces_; }
  std::optional<uint64_t> total_rows() const override { return std::nullopt; }
  double fraction_read() const override { return lines_->fraction_read(); }
  absl::StatusOr<bool> Next(Point& point) override;

 private:
  JsonlReader(std::unique_ptr<LineReader> lines, uint64_t id_start, OnBadLine on_bad_line);
  // Reads the next good point from the file; false at the end.
  absl::StatusOr<bool> Parse(Point& point);
  // Returns the point of line_.
  absl::StatusOr<Point> ParseLine();

  const std::unique_ptr<LineReader> lines_;
  const uint64_t id_start_;
  const OnBadLine on_bad_line_;
  std::string line_;
  std::vector<SourceSpace> spaces_;
  std::vector<std::string> sparse_spaces_;
  std::optional<Point> first_;          // point that Open has read, until Next returns it
  uint64_t rows_ = 0;                   // number of lines read that are not blank
  std::optional<bool> lines_have_ids_;  // whether the first good line has an id
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_INPUT_JSONL_READER_H_
