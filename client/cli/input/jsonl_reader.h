// Points from JSON lines, plain or gzip: one object a line,
//   {"id": 7, "vector": [0.1, ...], "payload": {"title": "..."}}
//   {"id": "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "vectors": {"image": [...], "text": [...]}}
// Either all lines have an "id" or none has: then ids count from `id_start`, bad lines included, so
// that the others keep theirs when a bad one is mended. Blank lines are passed over.
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

class JsonlReader : public VectorSource {
 public:
  using OnBadLine = std::function<void(const absl::Status&)>;

  // Reads the first point, to know the vector spaces. A bad line is told to `on_bad_line` and
  // passed over, or is an error when that is empty.
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
  absl::StatusOr<bool> Parse(Point& point);
  absl::StatusOr<Point> ParseLine();

  const std::unique_ptr<LineReader> lines_;
  const uint64_t id_start_;
  const OnBadLine on_bad_line_;
  std::string line_;
  std::vector<SourceSpace> spaces_;
  std::vector<std::string> sparse_spaces_;
  std::optional<Point> first_;          // read by Open, not returned yet
  uint64_t rows_ = 0;                   // lines that are not blank
  std::optional<bool> lines_have_ids_;  // as the first good line
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CLI_INPUT_JSONL_READER_H_
