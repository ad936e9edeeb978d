#include "client/cli/input/vector_source.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/cli/input/fvecs_reader.h"
#include "client/cli/input/jsonl_reader.h"
#include "client/cli/input/matrix_source.h"
#include "client/cli/input/npy_matrix.h"

namespace tqdb::client {
namespace {

// Returns npy, fvecs or jsonl. The standard input has no name, so it is JSON lines.
absl::StatusOr<std::string> FormatOf(const SourceOptions& options) {
  if (!options.format.empty()) return options.format;
  const std::string& path = options.path;
  if (absl::EndsWithIgnoreCase(path, ".npy")) return "npy";
  if (absl::EndsWithIgnoreCase(path, ".fvecs")) return "fvecs";
  if (path == "-" || absl::EndsWithIgnoreCase(path, ".jsonl") ||
      absl::EndsWithIgnoreCase(path, ".ndjson") || absl::EndsWithIgnoreCase(path, ".jsonl.gz")) {
    return "jsonl";
  }
  return absl::InvalidArgumentError(
      absl::StrCat(path,
                   ": the name ends in none of .npy, .fvecs, .jsonl, .jsonl.gz, .ndjson; "
                   "give --format"));
}

// Returns about the bytes of a point in a message.
size_t PointBytes(const Point& point) {
  size_t bytes = point.payload.size();
  for (const NamedVector& vector : point.vectors) bytes += vector.values.size() * sizeof(float);
  for (const NamedSparseVector& sparse : point.sparse_vectors) {
    bytes += sparse.vector.values.size() * (sizeof(uint32_t) + sizeof(float));
  }
  return bytes;
}

}  // namespace

absl::Status Validate(const SourceOptions& options) {
  absl::StatusOr<std::string> format = FormatOf(options);
  if (!format.ok()) return format.status();
  if (*format == "jsonl" && (!options.payloads_path.empty() || !options.ids_path.empty() ||
                             !options.vector_name.empty() || !options.id_field.empty())) {
    return absl::InvalidArgumentError(
        "--payloads, --ids, --id-field and --vector-name go with .npy and .fvecs; JSON lines hold "
        "ids, names and payloads themselves");
  }
  if (!options.id_field.empty() && options.payloads_path.empty()) {
    return absl::InvalidArgumentError("--id-field needs --payloads");
  }
  if (!options.id_field.empty() && !options.ids_path.empty()) {
    return absl::InvalidArgumentError("--id-field and --ids: give one of them");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<VectorSource>> VectorSource::Open(const SourceOptions& options) {
  if (absl::Status status = Validate(options); !status.ok()) return status;
  absl::StatusOr<std::string> format = FormatOf(options);
  if (!format.ok()) return format.status();
  if (*format == "jsonl") {
    return JsonlReader::Open(options.path, options.id_start, options.on_bad_line);
  }
  absl::StatusOr<std::unique_ptr<MatrixReader>> matrix =
      *format == "npy" ? NpyMatrix::Open(options.path) : FvecsReader::Open(options.path);
  if (!matrix.ok()) return matrix.status();
  return MatrixSource::Open(*std::move(matrix), options);
}

absl::Status VectorSource::Skip(uint64_t rows) {
  Point point;
  for (uint64_t i = 0; i < rows; ++i) {
    absl::StatusOr<bool> more = Next(point);
    if (!more.ok()) return more.status();
    if (!*more) break;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Point>> ReadBatch(VectorSource& source, const BatchLimits& limits) {
  std::vector<Point> batch;
  size_t bytes = 0;
  while (batch.empty() || (batch.size() < limits.points && bytes < limits.bytes)) {
    Point point;
    absl::StatusOr<bool> more = source.Next(point);
    if (!more.ok()) return more.status();
    if (!*more) break;
    bytes += PointBytes(point);
    batch.push_back(std::move(point));
  }
  return batch;
}

}  // namespace tqdb::client
