#include "client/cli/input/matrix_source.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/cli/output/point_json.h"

namespace tqdb::client {
namespace {

// Returns the status with file and line in front.
absl::Status At(const LineReader& lines, const absl::Status& status) {
  return absl::Status(status.code(),
                      absl::StrCat(lines.path(), ":", lines.line_number(), ": ", status.message()));
}

}  // namespace

MatrixSource::MatrixSource(std::unique_ptr<MatrixReader> matrix, const SourceOptions& options)
    : matrix_(std::move(matrix)),
      options_(options),
      spaces_({{options.vector_name, matrix_->dim()}}) {}

absl::StatusOr<std::unique_ptr<VectorSource>> MatrixSource::Open(
    std::unique_ptr<MatrixReader> matrix, const SourceOptions& options) {
  std::unique_ptr<MatrixSource> source(new MatrixSource(std::move(matrix), options));
  if (!options.payloads_path.empty()) {
    absl::StatusOr<std::unique_ptr<LineReader>> lines = LineReader::Open(options.payloads_path);
    if (!lines.ok()) return lines.status();
    source->payloads_ = *std::move(lines);
  }
  if (!options.ids_path.empty()) {
    absl::StatusOr<std::unique_ptr<LineReader>> lines = LineReader::Open(options.ids_path);
    if (!lines.ok()) return lines.status();
    source->ids_ = *std::move(lines);
  }
  return source;
}

double MatrixSource::fraction_read() const {
  return matrix_->rows() == 0 ? 1.0
                              : static_cast<double>(row_) / static_cast<double>(matrix_->rows());
}

absl::Status MatrixSource::TakeLine(LineReader& lines) {
  absl::StatusOr<bool> more = lines.Next(line_);
  if (!more.ok()) return more.status();
  if (*more) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(lines.path(), ": ends after ", lines.line_number(),
                                                 " lines; ", options_.path, " has ",
                                                 matrix_->rows(), " rows"));
}

absl::Status MatrixSource::ExpectEnd(LineReader& lines) {
  while (true) {
    absl::StatusOr<bool> more = lines.Next(line_);
    if (!more.ok()) return more.status();
    if (!*more) return absl::OkStatus();
    if (absl::StripAsciiWhitespace(line_).empty()) continue;
    return absl::InvalidArgumentError(absl::StrCat(lines.path(), ":", lines.line_number(),
                                                   ": more lines than the ", matrix_->rows(),
                                                   " rows of ", options_.path));
  }
}

absl::Status MatrixSource::ReadPayload(Point& point) {
  if (absl::Status status = TakeLine(*payloads_); !status.ok()) return status;
  point.payload = std::string(absl::StripAsciiWhitespace(line_));
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
  absl::StatusOr<PointId> id = PointIdFromJson(*field);
  if (!id.ok()) return At(*payloads_, id.status());
  point.id = *std::move(id);
  return absl::OkStatus();
}

absl::StatusOr<bool> MatrixSource::Next(Point& point) {
  if (row_ == matrix_->rows()) {
    for (LineReader* lines : {payloads_.get(), ids_.get()}) {
      if (lines == nullptr) continue;
      if (absl::Status status = ExpectEnd(*lines); !status.ok()) return status;
    }
    return false;
  }
  point.id = PointId::Number(options_.id_start + row_);
  point.payload.clear();
  point.vectors.resize(1);
  point.vectors[0].name = options_.vector_name;
  if (absl::Status status = matrix_->ReadRow(point.vectors[0].values); !status.ok()) return status;
  if (payloads_ != nullptr) {
    if (absl::Status status = ReadPayload(point); !status.ok()) return status;
  }
  if (ids_ != nullptr) {
    if (absl::Status status = TakeLine(*ids_); !status.ok()) return status;
    absl::StatusOr<PointId> id = PointId::Parse(absl::StripAsciiWhitespace(line_));
    if (!id.ok()) return At(*ids_, id.status());
    point.id = *std::move(id);
  }
  ++row_;
  return true;
}

absl::Status MatrixSource::Skip(uint64_t rows) {
  const uint64_t target = row_ + std::min(rows, matrix_->rows() - row_);
  for (; row_ < target; ++row_) {
    for (LineReader* lines : {payloads_.get(), ids_.get()}) {
      if (lines == nullptr) continue;
      if (absl::Status status = TakeLine(*lines); !status.ok()) return status;
    }
  }
  matrix_->Seek(row_);
  return absl::OkStatus();
}

}  // namespace tqdb::client
