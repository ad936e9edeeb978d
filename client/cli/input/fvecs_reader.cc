#include "client/cli/input/fvecs_reader.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tqdb::client {
namespace {

static_assert(std::endian::native == std::endian::little,
              "values are read as they are in the file");

constexpr size_t kBufferBytes = 1 << 20;
// Limit of the dim. It is far above what any server takes, so a larger number means that the file
// is of another kind.
constexpr int32_t kMaxPlausibleDim = 1 << 20;

uint64_t RowBytes(uint32_t dim) { return sizeof(int32_t) + uint64_t{dim} * sizeof(float); }

}  // namespace

FvecsReader::FvecsReader(FileReader file, uint32_t dim, uint64_t rows)
    : file_(std::move(file)), dim_(dim), rows_(rows) {}

absl::StatusOr<std::unique_ptr<MatrixReader>> FvecsReader::Open(const std::string& path) {
  absl::StatusOr<FileReader> file = FileReader::Open(path);
  if (!file.ok()) return file.status();
  if (file->bytes() < sizeof(int32_t)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": not a .fvecs file: ", file->bytes(), " bytes"));
  }
  int32_t dim = 0;
  if (absl::Status status = file->Read(0, sizeof(dim), &dim); !status.ok()) return status;
  if (dim <= 0 || dim > kMaxPlausibleDim) {
    return absl::InvalidArgumentError(absl::StrCat(path,
                                                   ": not a .fvecs file: its first row has dim ",
                                                   dim, "; allowed are 1..", kMaxPlausibleDim));
  }
  const uint64_t row_bytes = RowBytes(static_cast<uint32_t>(dim));
  if (file->bytes() % row_bytes != 0) {
    return absl::DataLossError(
        absl::StrCat(path, ": truncated or not a .fvecs file: ", file->bytes(),
                     " bytes are no multiple of rows of ", row_bytes, " bytes (dim ", dim, ")"));
  }
  const uint64_t rows = file->bytes() / row_bytes;
  return std::unique_ptr<MatrixReader>(
      new FvecsReader(*std::move(file), static_cast<uint32_t>(dim), rows));
}

absl::Status FvecsReader::ReadRow(std::vector<float>& row) {
  if (next_row_ >= rows_) {
    return absl::OutOfRangeError(absl::StrCat(file_.path(), ": has ", rows_, " rows"));
  }
  const uint64_t row_bytes = RowBytes(dim_);
  if (next_row_ < buffer_begin_ || next_row_ >= buffer_end_) {
    const uint64_t count =
        std::min(std::max<uint64_t>(kBufferBytes / row_bytes, 1), rows_ - next_row_);
    buffer_.resize(count * row_bytes);
    buffer_begin_ = buffer_end_ = 0;
    absl::Status status = file_.Read(next_row_ * row_bytes, buffer_.size(), buffer_.data());
    if (!status.ok()) return status;
    buffer_begin_ = next_row_;
    buffer_end_ = next_row_ + count;
  }
  const char* bytes = buffer_.data() + (next_row_ - buffer_begin_) * row_bytes;
  int32_t dim = 0;
  std::memcpy(&dim, bytes, sizeof(dim));
  if (dim != static_cast<int32_t>(dim_)) {
    return absl::InvalidArgumentError(absl::StrCat(file_.path(), ": row ", next_row_, " has dim ",
                                                   dim, "; the first row has ", dim_));
  }
  row.resize(dim_);
  std::memcpy(row.data(), bytes + sizeof(dim), dim_ * sizeof(float));
  ++next_row_;
  return absl::OkStatus();
}

}  // namespace tqdb::client
