#include "bench/data/npy.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "base/npy_reader.h"
#include "base/status_macros.h"

namespace tqdb::bench {
namespace {

constexpr NpyType kMeasured[] = {NpyType::kFloat16, NpyType::kFloat32, NpyType::kInt8};

}  // namespace

absl::StatusOr<Matrix> ReadNpy(const std::string& path) {
  TQDB_ASSIGN_OR_RETURN(NpyReader reader, NpyReader::Open(path, kMeasured));
  Matrix matrix(reader.header().rows, reader.header().dim);
  for (size_t r = 0; r < matrix.rows; ++r) {
    TQDB_RETURN_IF_ERROR(reader.ReadRow(absl::MakeSpan(matrix.row(r), matrix.dim)));
  }
  return matrix;
}

NpyWriter::NpyWriter(std::string path, std::ofstream out, size_t rows)
    : path_(std::move(path)), out_(std::move(out)), missing_rows_(rows) {}

absl::StatusOr<NpyWriter> NpyWriter::Create(const std::string& path, size_t rows, size_t dim) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  if (!out) return absl::NotFoundError(absl::StrCat(path, ": ", std::strerror(errno)));
  out << NpyPreamble(rows, static_cast<uint32_t>(dim));
  return NpyWriter(path, std::move(out), rows);
}

void NpyWriter::Append(const Matrix& rows) {
  out_.write(reinterpret_cast<const char*>(rows.values.data()),
             static_cast<std::streamsize>(rows.values.size() * sizeof(float)));
  missing_rows_ -= rows.rows;
}

absl::Status NpyWriter::Close() {
  out_.close();
  if (!out_) return absl::DataLossError(absl::StrCat(path_, ": cannot be written"));
  if (missing_rows_ != 0) return absl::DataLossError(absl::StrCat(path_, ": rows are missing"));
  return absl::OkStatus();
}

}  // namespace tqdb::bench
