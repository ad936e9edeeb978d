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
constexpr uint64_t kGatherBufferBytes = 64 << 20;

template <typename Item>
float ToFloat(Item item) {
  return static_cast<float>(item);
}

template <typename Item>
void ConvertItems(const char* bytes, bool big_endian, absl::Span<float> row,
                  float (*convert)(Item) = &ToFloat<Item>) {
  for (size_t i = 0; i < row.size(); ++i) {
    char item_bytes[sizeof(Item)];
    std::memcpy(item_bytes, bytes + i * sizeof(Item), sizeof(Item));
    if (big_endian) std::reverse(item_bytes, item_bytes + sizeof(Item));
    Item item;
    std::memcpy(&item, item_bytes, sizeof(Item));
    row[i] = convert(item);
  }
}

}  // namespace

NpyReader::NpyReader(FileReader file, NpyHeader header) : file_(std::move(file)), header_(header) {}

absl::StatusOr<NpyReader> NpyReader::Open(const std::string& path,
                                          absl::Span<const NpyType> allowed) {
  absl::StatusOr<FileReader> file = FileReader::Open(path);
  if (!file.ok()) return file.status();
  return Open(*std::move(file), allowed);
}

absl::StatusOr<NpyReader> NpyReader::Open(FileReader file, absl::Span<const NpyType> allowed) {
  absl::StatusOr<NpyHeader> header = ReadNpyHeader(file, allowed);
  if (!header.ok()) return header.status();
  return NpyReader(std::move(file), *header);
}

absl::Status NpyReader::GatherRows(uint64_t count) {
  const size_t item_bytes = header_.item_bytes;
  std::vector<char> column(count * item_bytes);
  for (uint64_t c = 0; c < header_.dim; ++c) {
    const uint64_t offset = header_.data_offset + (c * header_.rows + next_row_) * item_bytes;
    if (absl::Status s = file_.Read(offset, column.size(), column.data()); !s.ok()) return s;
    for (uint64_t r = 0; r < count; ++r) {
      std::memcpy(buffer_.data() + (r * header_.dim + c) * item_bytes,
                  column.data() + r * item_bytes, item_bytes);
    }
  }
  return absl::OkStatus();
}

absl::Status NpyReader::FillBuffer() {
  const uint64_t row_bytes = header_.row_bytes();
  const uint64_t buffer_bytes = header_.column_major ? kGatherBufferBytes : kNpyBufferBytes;
  const uint64_t count =
      std::min(std::max<uint64_t>(buffer_bytes / row_bytes, 1), header_.rows - next_row_);
  buffer_.resize(count * row_bytes);
  buffer_begin_ = buffer_end_ = 0;
  const uint64_t offset = header_.data_offset + next_row_ * row_bytes;
  const absl::Status read =
      header_.column_major ? GatherRows(count) : file_.Read(offset, buffer_.size(), buffer_.data());
  if (!read.ok()) return read;
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
  const bool big = header_.big_endian;
  switch (header_.type) {
    case NpyType::kFloat16: ConvertItems<uint16_t>(bytes, big, row, &HalfToFloat); break;
    case NpyType::kFloat32:
      if (big) {
        ConvertItems<float>(bytes, big, row);
      } else {
        std::memcpy(row.data(), bytes, row_bytes);
      }
      break;
    case NpyType::kFloat64: ConvertItems<double>(bytes, big, row); break;
    case NpyType::kInt8: ConvertItems<int8_t>(bytes, big, row); break;
    case NpyType::kUint8:
    case NpyType::kBool: ConvertItems<uint8_t>(bytes, big, row); break;
    case NpyType::kInt16: ConvertItems<int16_t>(bytes, big, row); break;
    case NpyType::kUint16: ConvertItems<uint16_t>(bytes, big, row); break;
    case NpyType::kInt32: ConvertItems<int32_t>(bytes, big, row); break;
    case NpyType::kUint32: ConvertItems<uint32_t>(bytes, big, row); break;
    case NpyType::kInt64: ConvertItems<int64_t>(bytes, big, row); break;
    case NpyType::kUint64: ConvertItems<uint64_t>(bytes, big, row); break;
  }
  ++next_row_;
  return absl::OkStatus();
}

}  // namespace tqdb
