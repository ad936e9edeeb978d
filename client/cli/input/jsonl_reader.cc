#include "client/cli/input/jsonl_reader.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace tqdb::client {

JsonlReader::JsonlReader(std::unique_ptr<LineReader> lines, const SourceOptions& options)
    : lines_(std::move(lines)),
      options_(options),
      fields_{.id = options.id_field,
              .vector = options.vector_field,
              .payload_rest = options.payload_rest,
              .hash_ids = options.hash_ids} {}

absl::StatusOr<std::unique_ptr<VectorSource>> JsonlReader::Open(const SourceOptions& options) {
  absl::StatusOr<std::unique_ptr<LineReader>> lines =
      LineReader::Open(options.path, options.interrupted);
  if (!lines.ok()) return lines.status();
  std::unique_ptr<JsonlReader> reader(new JsonlReader(*std::move(lines), options));
  if (absl::Status status = reader->SkipRows(); !status.ok()) return status;
  Point first;
  absl::StatusOr<bool> present = reader->Parse(first, reader->first_place_);
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

std::string JsonlReader::Describe(const RowPlace& place) const {
  return absl::StrCat(lines_->path(), ":", place.line);
}

double JsonlReader::fraction_read() const {
  if (options_.rows == 0) return lines_->fraction_read();
  const double of_rows =
      static_cast<double>(rows_ - options_.skip) / static_cast<double>(options_.rows);
  return std::max(of_rows, lines_->fraction_read());
}

bool JsonlReader::Await(absl::Time deadline) {
  return first_.has_value() || lines_->Await(deadline);
}

absl::StatusOr<bool> JsonlReader::Next(Point& point) {
  if (first_.has_value()) {
    point = *std::move(first_);
    place_ = first_place_;
    first_.reset();
    return true;
  }
  return Parse(point, place_);
}

absl::StatusOr<bool> JsonlReader::TakeRow() {
  while (true) {
    absl::StatusOr<bool> more = lines_->Next(line_);
    if (!more.ok() || !*more) return more;
    if (absl::StripAsciiWhitespace(line_).empty()) continue;
    ++rows_;
    return true;
  }
}

absl::Status JsonlReader::SkipRows() {
  while (rows_ < options_.skip) {
    absl::StatusOr<bool> more = TakeRow();
    if (!more.ok()) return more.status();
    if (!*more) {
      return absl::OutOfRangeError(
          absl::StrCat("--skip ", options_.skip, ": ", lines_->path(), " has ", rows_, " rows"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> JsonlReader::Parse(Point& point, RowPlace& place) {
  while (true) {
    if (options_.rows > 0 && rows_ - options_.skip >= options_.rows) return false;
    absl::StatusOr<bool> more = TakeRow();
    if (!more.ok() || !*more) return more;
    place = {rows_ - 1, lines_->line_number()};
    absl::StatusOr<Point> parsed = ParseLine(place.row);
    if (parsed.ok()) {
      point = *std::move(parsed);
      return true;
    }
    const absl::Status bad(parsed.status().code(),
                           absl::StrCat(Describe(place), ": ", parsed.status().message()));
    if (options_.on_bad_row == nullptr) return bad;
    options_.on_bad_row(place, bad);
  }
}

absl::StatusOr<Point> JsonlReader::ParseLine(uint64_t row) {
  absl::StatusOr<PointLine> parsed = PointFromLine(line_, fields_);
  if (!parsed.ok()) return parsed.status();
  if (!lines_have_ids_.has_value()) lines_have_ids_ = parsed->has_id;
  const std::string key = fields_.id.empty() ? "id" : fields_.id;
  if (parsed->has_id != *lines_have_ids_) {
    return absl::InvalidArgumentError(
        parsed->has_id ? absl::StrCat("has an \"", key, "\" and earlier lines have none")
                       : absl::StrCat("has no \"", key, "\" and earlier lines have one"));
  }
  if (!parsed->has_id && !options_.id_field.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("has no \"", key, "\" for the id"));
  }
  if (!parsed->has_id) {
    if (row > std::numeric_limits<uint64_t>::max() - options_.id_start) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the id of this row would be beyond 2^64 - 1: --id-start is ", options_.id_start));
    }
    parsed->point.id = PointId::Number(options_.id_start + row);
  }
  return std::move(parsed->point);
}

}  // namespace tqdb::client
