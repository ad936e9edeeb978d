#include "client/cli/input/matrix_source.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/cli/input/point_line.h"

namespace tqdb::client {
namespace {

// Returns the status with file and line in front.
absl::Status At(const LineReader& lines, const absl::Status& status) {
  return absl::Status(status.code(),
                      absl::StrCat(lines.path(), ":", lines.line_number(), ": ", status.message()));
}

uint64_t EndRow(uint64_t rows, const SourceOptions& options) {
  const uint64_t left = rows - std::min(options.skip, rows);
  const uint64_t wanted = options.rows == 0 ? left : std::min(options.rows, left);
  return rows - left + wanted;
}

}  // namespace

MatrixSource::MatrixSource(std::unique_ptr<MatrixReader> matrix, const SourceOptions& options)
    : matrix_(std::move(matrix)),
      options_(options),
      spaces_({{options.vector_name, matrix_->dim()}}),
      end_(EndRow(matrix_->rows(), options)) {}

absl::StatusOr<std::unique_ptr<VectorSource>> MatrixSource::Open(
    std::unique_ptr<MatrixReader> matrix, const SourceOptions& options) {
  const uint64_t rows = matrix->rows();
  if (options.skip > rows) {
    return absl::OutOfRangeError(
        absl::StrCat("--skip ", options.skip, ": ", options.path, " has ", rows, " rows"));
  }
  const bool numbered = options.ids_path.empty() && options.id_field.empty();
  if (numbered && rows > 0 && rows - 1 > std::numeric_limits<uint64_t>::max() - options.id_start) {
    return absl::InvalidArgumentError(absl::StrCat("--id-start ", options.id_start, ": the ids of ",
                                                   rows, " rows would go beyond 2^64 - 1"));
  }
  std::unique_ptr<MatrixSource> source(new MatrixSource(std::move(matrix), options));
  absl::Status status = source->OpenLines(options.payloads_path, /*ids=*/false, source->payloads_);
  if (status.ok()) status = source->OpenLines(options.ids_path, /*ids=*/true, source->ids_);
  if (status.ok()) status = source->SkipRows();
  if (!status.ok()) return status;
  return source;
}

absl::Status MatrixSource::OpenLines(const std::string& path, bool ids,
                                     std::unique_ptr<LineReader>& lines) {
  if (path.empty()) return absl::OkStatus();
  absl::StatusOr<std::unique_ptr<LineReader>> opened = LineReader::Open(path, options_.interrupted);
  if (!opened.ok()) return opened.status();
  lines = *std::move(opened);
  return lines->is_regular_file() ? CheckLines(path, ids) : absl::OkStatus();
}

absl::Status MatrixSource::CheckLines(const std::string& path, bool ids) const {
  absl::StatusOr<std::unique_ptr<LineReader>> lines = LineReader::Open(path, options_.interrupted);
  if (!lines.ok()) return lines.status();
  std::string line;
  // Bad ids are found here, unless they are to cost only their rows.
  const bool check_ids = ids && options_.on_bad_row == nullptr;
  for (uint64_t row = 0; row < matrix_->rows(); ++row) {
    if (options_.interrupted && options_.interrupted()) return absl::CancelledError("interrupted");
    if (absl::Status status = TakeLine(**lines, line); !status.ok()) return status;
    if (!check_ids) continue;
    auto id = PointIdFromText(absl::StripAsciiWhitespace(line), options_.hash_ids);
    if (!id.ok()) return At(**lines, id.status());
  }
  return ExpectEnd(**lines);
}

std::string MatrixSource::Describe(const RowPlace& place) const {
  return absl::StrCat(options_.path == "-" ? "standard input" : options_.path, ": row ", place.row);
}

double MatrixSource::fraction_read() const {
  const uint64_t rows = end_ - options_.skip;
  if (rows == 0) return 1;
  return static_cast<double>(row_ - options_.skip) / static_cast<double>(rows);
}

absl::Status MatrixSource::TakeLine(LineReader& lines, std::string& line) const {
  absl::StatusOr<bool> more = lines.Next(line);
  if (!more.ok()) return more.status();
  if (*more) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(lines.path(), ": ends after ", lines.line_number(),
                                                 " lines; ", options_.path, " has ",
                                                 matrix_->rows(), " rows"));
}

absl::Status MatrixSource::ExpectEnd(LineReader& lines) const {
  std::string line;
  while (true) {
    absl::StatusOr<bool> more = lines.Next(line);
    if (!more.ok()) return more.status();
    if (!*more) return absl::OkStatus();
    if (absl::StripAsciiWhitespace(line).empty()) continue;
    return absl::InvalidArgumentError(absl::StrCat(lines.path(), ":", lines.line_number(),
                                                   ": more lines than the ", matrix_->rows(),
                                                   " rows of ", options_.path));
  }
}

absl::Status MatrixSource::SkipRows() {
  for (; row_ < options_.skip; ++row_) {
    for (auto [lines, line] :
         {std::pair(payloads_.get(), &payload_line_), std::pair(ids_.get(), &id_line_)}) {
      if (lines == nullptr) continue;
      if (absl::Status status = TakeLine(*lines, *line); !status.ok()) return status;
    }
  }
  matrix_->Seek(row_);
  return absl::OkStatus();
}

absl::Status MatrixSource::ReadPayload(Point& point) const {
  point.payload = std::string(absl::StripAsciiWhitespace(payload_line_));
  if (point.payload.empty() && options_.id_field.empty()) return absl::OkStatus();
  absl::StatusOr<Json> json = ParseJson(point.payload);
  if (!json.ok()) return At(*payloads_, json.status());
  if (!json->is_object()) {
    return At(*payloads_, absl::InvalidArgumentError("the payload is not a JSON object"));
  }
  if (options_.id_field.empty()) return absl::OkStatus();
  const auto field = json->find(options_.id_field);
  if (field == json->end()) {
    return At(*payloads_, absl::InvalidArgumentError(
                              absl::StrCat("has no field \"", options_.id_field, "\" for the id")));
  }
  absl::StatusOr<PointId> id = PointIdFromJson(*field, options_.hash_ids);
  if (!id.ok()) return At(*payloads_, id.status());
  point.id = *std::move(id);
  return absl::OkStatus();
}

absl::Status MatrixSource::ReadId(Point& point) const {
  absl::StatusOr<PointId> id =
      PointIdFromText(absl::StripAsciiWhitespace(id_line_), options_.hash_ids);
  if (!id.ok()) return At(*ids_, id.status());
  point.id = *std::move(id);
  return absl::OkStatus();
}

absl::StatusOr<bool> MatrixSource::Next(Point& point) {
  while (row_ < end_) {
    const uint64_t row = row_;
    point = {.id = PointId::Number(options_.id_start + row)};
    point.vectors.push_back({.name = options_.vector_name});
    if (absl::Status s = matrix_->ReadRow(point.vectors[0].values); !s.ok()) return s;
    // All lines of the row are taken before one is looked at, so that the rows behind a bad one
    // still go with theirs.
    for (auto [lines, line] :
         {std::pair(payloads_.get(), &payload_line_), std::pair(ids_.get(), &id_line_)}) {
      if (lines == nullptr) continue;
      if (absl::Status s = TakeLine(*lines, *line); !s.ok()) return s;
    }
    ++row_;
    absl::Status bad;
    if (payloads_ != nullptr) bad = ReadPayload(point);
    if (bad.ok() && ids_ != nullptr) bad = ReadId(point);
    if (bad.ok()) return true;
    if (options_.on_bad_row == nullptr) return bad;
    options_.on_bad_row(place(), bad);
  }
  if (end_ < matrix_->rows()) return false;
  for (LineReader* lines : {payloads_.get(), ids_.get()}) {
    if (lines == nullptr) continue;
    if (absl::Status status = ExpectEnd(*lines); !status.ok()) return status;
  }
  return false;
}

}  // namespace tqdb::client
