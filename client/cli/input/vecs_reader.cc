#include "client/cli/input/vecs_reader.h"

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

// In the order of VecsItem.
constexpr const char* kNames[] = {".fvecs", ".bvecs", ".ivecs"};
constexpr size_t kItemBytes[] = {sizeof(float), sizeof(uint8_t), sizeof(int32_t)};

const char* NameOf(VecsItem item) { return kNames[static_cast<size_t>(item)]; }

uint64_t RowBytes(VecsItem item, uint32_t dim) {
  return sizeof(int32_t) + uint64_t{dim} * kItemBytes[static_cast<size_t>(item)];
}

}  // namespace

VecsReader::VecsReader(FileReader file, VecsItem item, uint32_t dim, uint64_t rows)
    : file_(std::move(file)), item_(item), dim_(dim), rows_(rows) {}

absl::StatusOr<std::unique_ptr<MatrixReader>> VecsReader::Open(FileReader file, VecsItem item) {
  const std::string& path = file.path();
  if (file.bytes() < sizeof(int32_t)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": not a ", NameOf(item), " file: ", file.bytes(), " bytes"));
  }
  int32_t dim = 0;
  if (absl::Status status = file.Read(0, sizeof(dim), &dim); !status.ok()) return status;
  if (dim <= 0 || dim > kMaxPlausibleDim) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": not a ", NameOf(item),
                                                   " file: its first row has dim ", dim,
                                                   "; allowed are 1..", kMaxPlausibleDim));
  }
  const uint64_t row_bytes = RowBytes(item, static_cast<uint32_t>(dim));
  if (file.bytes() % row_bytes != 0) {
    return absl::DataLossError(
        absl::StrCat(path, ": truncated or not a ", NameOf(item), " file: ", file.bytes(),
                     " bytes are no multiple of rows of ", row_bytes, " bytes (dim ", dim, ")"));
  }
  const uint64_t rows = file.bytes() / row_bytes;
  return std::unique_ptr<MatrixReader>(
      new VecsReader(std::move(file), item, static_cast<uint32_t>(dim), rows));
}

absl::Status VecsReader::ReadRow(std::vector<float>& row) {
  if (next_row_ >= rows_) {
    return absl::OutOfRangeError(absl::StrCat(file_.path(), ": has ", rows_, " rows"));
  }
  const uint64_t row_bytes = RowBytes(item_, dim_);
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
  const char* items = bytes + sizeof(dim);
  switch (item_) {
    case VecsItem::kFloat: std::memcpy(row.data(), items, dim_ * sizeof(float)); break;
    case VecsItem::kByte:
      for (uint32_t i = 0; i < dim_; ++i) row[i] = static_cast<unsigned char>(items[i]);
      break;
    case VecsItem::kInt:
      for (uint32_t i = 0; i < dim_; ++i) {
        int32_t value = 0;
        std::memcpy(&value, items + i * sizeof(value), sizeof(value));
        row[i] = static_cast<float>(value);
      }
      break;
  }
  ++next_row_;
  return absl::OkStatus();
}

}  // namespace tqdb::client
