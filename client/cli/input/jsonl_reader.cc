#include "client/cli/input/jsonl_reader.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/cli/output/point_json.h"

namespace tqdb::client {

JsonlReader::JsonlReader(std::unique_ptr<LineReader> lines, uint64_t id_start,
                         OnBadLine on_bad_line)
    : lines_(std::move(lines)), id_start_(id_start), on_bad_line_(std::move(on_bad_line)) {}

absl::StatusOr<std::unique_ptr<VectorSource>> JsonlReader::Open(const std::string& path,
                                                                uint64_t id_start,
                                                                OnBadLine on_bad_line) {
  absl::StatusOr<std::unique_ptr<LineReader>> lines = LineReader::Open(path);
  if (!lines.ok()) return lines.status();
  std::unique_ptr<JsonlReader> reader(
      new JsonlReader(*std::move(lines), id_start, std::move(on_bad_line)));
  Point first;
  absl::StatusOr<bool> present = reader->Parse(first);
  if (!present.ok()) return present.status();
  if (*present) {
    for (const NamedVector& vector : first.vectors) {
      reader->spaces_.push_back({vector.name, static_cast<uint32_t>(vector.values.size())});
    }
    for (const NamedSparseVector& sparse : first.sparse_vectors) {
      reader->sparse_spaces_.push_back(sparse.name);
    }
    reader->first_ = std::move(first);
  }
  return reader;
}

absl::StatusOr<bool> JsonlReader::Next(Point& point) {
  if (first_.has_value()) {
    point = *std::move(first_);
    first_.reset();
    return true;
  }
  return Parse(point);
}

absl::StatusOr<bool> JsonlReader::Parse(Point& point) {
  while (true) {
    absl::StatusOr<bool> more = lines_->Next(line_);
    if (!more.ok() || !*more) return more;
    if (absl::StripAsciiWhitespace(line_).empty()) continue;
    absl::StatusOr<Point> parsed = ParseLine();
    ++rows_;
    if (parsed.ok()) {
      point = *std::move(parsed);
      return true;
    }
    const absl::Status bad(
        parsed.status().code(),
        absl::StrCat(lines_->path(), ":", lines_->line_number(), ": ", parsed.status().message()));
    if (on_bad_line_ == nullptr) return bad;
    on_bad_line_(bad);
  }
}

absl::StatusOr<Point> JsonlReader::ParseLine() {
  absl::StatusOr<PointLine> parsed = PointFromLine(line_);
  if (!parsed.ok()) return parsed.status();
  if (!lines_have_ids_.has_value()) lines_have_ids_ = parsed->has_id;
  if (parsed->has_id != *lines_have_ids_) {
    return absl::InvalidArgumentError(parsed->has_id ? "has an \"id\" and earlier lines have none"
                                                     : "has no \"id\" and earlier lines have one");
  }
  if (!parsed->has_id) parsed->point.id = PointId::Number(id_start_ + rows_);
  return std::move(parsed->point);
}

}  // namespace tqdb::client
