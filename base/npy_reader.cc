#include "base/npy_reader.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/float16.h"

namespace tqdb {
namespace {

static_assert(std::endian::native == std::endian::little, "items are read as they are in the file");

constexpr uint64_t kNpyBufferBytes = 1 << 20;

template <typename Item, typename Convert>
void ConvertItems(const char* bytes, absl::Span<float> row, Convert convert) {
  for (size_t i = 0; i < row.size(); ++i) {
    Item item;
    std::memcpy(&item, bytes + i * sizeof(Item), sizeof(Item));
    row[i] = convert(item);
  }
}

}  // namespace

NpyReader::NpyReader(FileReader file, NpyHeader header) : file_(std::move(file)), header_(header) {}

absl::StatusOr<NpyReader> NpyReader::Open(const std::string& path,
                                          absl::Span<const NpyType> allowed) {
  absl::StatusOr<FileReader> file = FileReader::Open(path);
  if (!file.ok()) return file.status();
  absl::StatusOr<NpyHeader> header = ReadNpyHeader(*file, allowed);
  if (!header.ok()) return header.status();
  return NpyReader(*std::move(file), *header);
}

absl::Status NpyReader::FillBuffer() {
  const uint64_t row_bytes = header_.row_bytes();
  const uint64_t count =
      std::min(std::max<uint64_t>(kNpyBufferBytes / row_bytes, 1), header_.rows - next_row_);
  buffer_.resize(count * row_bytes);
  buffer_begin_ = buffer_end_ = 0;
  const uint64_t offset = header_.data_offset + next_row_ * row_bytes;
  if (absl::Status s = file_.Read(offset, buffer_.size(), buffer_.data()); !s.ok()) return s;
  buffer_begin_ = next_row_;
  buffer_end_ = next_row_ + count;
  return absl::OkStatus();
}

absl::Status NpyReader::ReadRow(absl::Span<float> row) {
  assert(row.size() == header_.dim);
  if (next_row_ >= header_.rows) {
    return absl::OutOfRangeError(absl::StrCat(file_.path(), ": has ", header_.rows, " rows"));
  }
  if (next_row_ < buffer_begin_ || next_row_ >= buffer_end_) {
    if (absl::Status s = FillBuffer(); !s.ok()) return s;
  }
  const uint64_t row_bytes = header_.row_bytes();
  const char* bytes = buffer_.data() + (next_row_ - buffer_begin_) * row_bytes;
  switch (header_.type) {
    case NpyType::kFloat16: ConvertItems<uint16_t>(bytes, row, HalfToFloat); break;
    case NpyType::kFloat32: std::memcpy(row.data(), bytes, row_bytes); break;
    case NpyType::kFloat64:
      ConvertItems<double>(bytes, row, [](double item) { return static_cast<float>(item); });
      break;
    case NpyType::kInt8:
      ConvertItems<int8_t>(bytes, row, [](int8_t item) { return static_cast<float>(item); });
      break;
  }
  ++next_row_;
  return absl::OkStatus();
}

}  // namespace tqdb
