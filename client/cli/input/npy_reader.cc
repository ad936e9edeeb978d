#include "client/cli/input/npy_reader.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/float16.h"

namespace tqdb::client {
namespace {

static_assert(std::endian::native == std::endian::little, "items are read as they are in the file");

constexpr absl::string_view kMagic = "\x93NUMPY";
constexpr size_t kMaxHeaderBytes = 1 << 20;
constexpr size_t kBufferBytes = 1 << 20;

// What was found, short and printable.
std::string Found(absl::string_view text) {
  constexpr size_t kMaxShown = 48;
  const bool cut = text.size() > kMaxShown;
  return absl::StrCat("\"", absl::CHexEscape(text.substr(0, kMaxShown)), cut ? "..." : "", "\"");
}

// Reads the dictionary from left to right.
class DictionaryParser {
 public:
  explicit DictionaryParser(absl::string_view text) : rest_(text) {}

  absl::StatusOr<NpyHeader> Parse() {
    if (!Take('{')) return Unexpected("'{'");
    while (!Take('}')) {
      absl::StatusOr<std::string> key = TakeString();
      if (!key.ok()) return key.status();
      if (!Take(':')) return Unexpected("':'");
      absl::Status status = TakeValue(*key);
      if (!status.ok()) return status;
      if (Take(',')) continue;
      if (!Take('}')) return Unexpected("',' or '}'");
      break;
    }
    SkipSpace();
    if (!rest_.empty()) return Unexpected("the end");
    return Build();
  }

 private:
  void SkipSpace() { rest_ = absl::StripLeadingAsciiWhitespace(rest_); }

  bool Take(char c) {
    SkipSpace();
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool TakeWord(absl::string_view word) {
    SkipSpace();
    if (!absl::StartsWith(rest_, word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  absl::Status Unexpected(absl::string_view wanted) const {
    return absl::InvalidArgumentError(absl::StrCat("header: expected ", wanted, ", found ",
                                                   rest_.empty() ? "the end" : Found(rest_)));
  }

  absl::StatusOr<std::string> TakeString() {
    SkipSpace();
    if (rest_.empty() || (rest_.front() != '\'' && rest_.front() != '"')) {
      return Unexpected("a string");
    }
    const size_t end = rest_.find(rest_.front(), 1);
    if (end == rest_.npos) return Unexpected("a closed string");
    std::string value(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    return value;
  }

  absl::Status TakeValue(const std::string& key) {
    SkipSpace();
    if (key == "descr" && !descr_.has_value()) {
      if (!rest_.empty() && rest_.front() == '[') {
        return absl::InvalidArgumentError(
            "descr: structured types are not supported; allowed are '<f2', '<f4', '<f8'");
      }
      absl::StatusOr<std::string> descr = TakeString();
      if (!descr.ok()) return descr.status();
      descr_ = *std::move(descr);
      return absl::OkStatus();
    }
    if (key == "fortran_order" && !fortran_order_.has_value()) {
      if (TakeWord("True")) {
        fortran_order_ = true;
      } else if (TakeWord("False")) {
        fortran_order_ = false;
      } else {
        return Unexpected("True or False");
      }
      return absl::OkStatus();
    }
    if (key == "shape" && !shape_.has_value()) return TakeShape();
    return absl::InvalidArgumentError(
        absl::StrCat("header: key ", Found(key),
                     " is repeated or is none of 'descr', 'fortran_order', 'shape'"));
  }

  absl::Status TakeShape() {
    if (!Take('(')) return Unexpected("'('");
    shape_.emplace();
    while (!Take(')')) {
      SkipSpace();
      const size_t digits = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
      uint64_t extent = 0;
      if (!absl::SimpleAtoi(rest_.substr(0, digits), &extent)) {
        return Unexpected("an extent below 2^64");
      }
      rest_.remove_prefix(digits);
      shape_->push_back(extent);
      if (Take(',')) continue;
      if (!Take(')')) return Unexpected("',' or ')'");
      break;
    }
    return absl::OkStatus();
  }

  absl::StatusOr<NpyHeader> Build() const {
    if (!descr_ || !fortran_order_ || !shape_) {
      return absl::InvalidArgumentError(absl::StrCat("header: no '",
                                                     !descr_           ? "descr"
                                                     : !fortran_order_ ? "fortran_order"
                                                                       : "shape",
                                                     "'"));
    }
    NpyHeader header;
    if (*descr_ == "<f2") {
      header.type = NpyType::kFloat16;
      header.item_bytes = 2;
    } else if (*descr_ == "<f4") {
      header.type = NpyType::kFloat32;
      header.item_bytes = 4;
    } else if (*descr_ == "<f8") {
      header.type = NpyType::kFloat64;
      header.item_bytes = 8;
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("descr: ", Found(*descr_),
                       "; allowed are '<f2', '<f4', '<f8' (little-endian float16, 32, 64)"));
    }
    const std::string shape = absl::StrCat("(", absl::StrJoin(*shape_, ", "), ")");
    if (shape_->size() != 1 && shape_->size() != 2) {
      return absl::InvalidArgumentError(absl::StrCat("shape: ", shape, " has ", shape_->size(),
                                                     " dimensions; allowed are 1 or 2"));
    }
    // Order means nothing with one dimension.
    if (*fortran_order_ && shape_->size() == 2) {
      return absl::InvalidArgumentError(
          "fortran_order: True; save the array in row-major order (numpy.ascontiguousarray)");
    }
    header.rows = shape_->size() == 2 ? shape_->front() : 1;
    const uint64_t dim = shape_->back();
    if (dim == 0 || dim > std::numeric_limits<uint32_t>::max() / 8) {
      return absl::InvalidArgumentError(
          absl::StrCat("shape: ", shape, ": rows of ", dim, " values"));
    }
    header.dim = static_cast<uint32_t>(dim);
    if (header.rows > std::numeric_limits<int64_t>::max() / header.row_bytes()) {
      return absl::InvalidArgumentError(absl::StrCat("shape: ", shape, " is larger than any file"));
    }
    return header;
  }

  absl::string_view rest_;
  std::optional<std::string> descr_;
  std::optional<bool> fortran_order_;
  std::optional<std::vector<uint64_t>> shape_;
};

absl::StatusOr<NpyHeader> ReadHeader(const FileReader& file) {
  const auto bad = [&](absl::string_view reason) {
    return absl::InvalidArgumentError(absl::StrCat(file.path(), ": ", reason));
  };
  char start[12] = {};
  const size_t start_bytes = std::min<uint64_t>(file.bytes(), sizeof(start));
  if (absl::Status status = file.Read(0, start_bytes, start); !status.ok()) return status;
  const absl::string_view view(start, start_bytes);
  if (!absl::StartsWith(view, kMagic)) {
    return bad(absl::StrCat("not a .npy file: starts with ",
                            Found(view.substr(0, std::min<size_t>(view.size(), 8)))));
  }
  if (start_bytes < sizeof(start)) return bad("truncated within the header");
  const int major = static_cast<unsigned char>(start[6]);
  const int minor = static_cast<unsigned char>(start[7]);
  if ((major != 1 && major != 2) || minor != 0) {
    return bad(absl::StrCat("version ", major, ".", minor, " of .npy; allowed are 1.0 and 2.0"));
  }
  uint64_t length = 0;
  std::memcpy(&length, start + 8, major == 1 ? 2 : 4);
  const uint64_t data_offset = (major == 1 ? 10 : 12) + length;
  if (length > kMaxHeaderBytes) {
    return bad(absl::StrCat("header of ", length, " bytes; at most ", kMaxHeaderBytes));
  }
  if (data_offset > file.bytes()) {
    return absl::DataLossError(absl::StrCat(
        file.path(), ": truncated within the header: ", file.bytes(), " bytes of ", data_offset));
  }
  std::string text(length, '\0');
  if (absl::Status s = file.Read(data_offset - length, length, text.data()); !s.ok()) return s;
  absl::StatusOr<NpyHeader> header = ParseNpyDictionary(text);
  if (!header.ok()) return bad(header.status().message());
  header->data_offset = data_offset;
  const uint64_t present = file.bytes() - data_offset;
  const uint64_t wanted = header->rows * header->row_bytes();
  if (present != wanted) {
    return absl::DataLossError(absl::StrCat(
        file.path(), ": ", present < wanted ? "truncated: " : "bytes after the array: ", present,
        " bytes of data where ", header->rows, " x ", header->dim, " items of ", header->item_bytes,
        " bytes need ", wanted));
  }
  return header;
}

template <typename Item, typename Convert>
void ConvertRow(const char* bytes, std::vector<float>& row, Convert convert) {
  for (size_t i = 0; i < row.size(); ++i) {
    Item item;
    std::memcpy(&item, bytes + i * sizeof(Item), sizeof(Item));
    row[i] = convert(item);
  }
}

}  // namespace

absl::StatusOr<NpyHeader> ParseNpyDictionary(absl::string_view text) {
  return DictionaryParser(text).Parse();
}

NpyReader::NpyReader(FileReader file, NpyHeader header) : file_(std::move(file)), header_(header) {}

absl::StatusOr<std::unique_ptr<MatrixReader>> NpyReader::Open(const std::string& path) {
  absl::StatusOr<FileReader> file = FileReader::Open(path);
  if (!file.ok()) return file.status();
  absl::StatusOr<NpyHeader> header = ReadHeader(*file);
  if (!header.ok()) return header.status();
  return std::unique_ptr<MatrixReader>(new NpyReader(*std::move(file), *header));
}

absl::Status NpyReader::ReadRow(std::vector<float>& row) {
  if (next_row_ >= header_.rows) {
    return absl::OutOfRangeError(absl::StrCat(file_.path(), ": has ", header_.rows, " rows"));
  }
  const uint64_t row_bytes = header_.row_bytes();
  if (next_row_ < buffer_begin_ || next_row_ >= buffer_end_) {
    const uint64_t count =
        std::min(std::max<uint64_t>(kBufferBytes / row_bytes, 1), header_.rows - next_row_);
    buffer_.resize(count * row_bytes);
    buffer_begin_ = buffer_end_ = 0;
    absl::Status status =
        file_.Read(header_.data_offset + next_row_ * row_bytes, buffer_.size(), buffer_.data());
    if (!status.ok()) return status;
    buffer_begin_ = next_row_;
    buffer_end_ = next_row_ + count;
  }
  const char* bytes = buffer_.data() + (next_row_ - buffer_begin_) * row_bytes;
  row.resize(header_.dim);
  switch (header_.type) {
    case NpyType::kFloat16: ConvertRow<uint16_t>(bytes, row, HalfToFloat); break;
    case NpyType::kFloat32: std::memcpy(row.data(), bytes, row_bytes); break;
    case NpyType::kFloat64:
      ConvertRow<double>(bytes, row, [](double item) { return static_cast<float>(item); });
      break;
  }
  ++next_row_;
  return absl::OkStatus();
}

}  // namespace tqdb::client
