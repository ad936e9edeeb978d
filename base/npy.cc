#include "base/npy.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace tqdb {
namespace {

static_assert(std::endian::native == std::endian::little,
              "lengths are read as they are in the file");

constexpr absl::string_view kMagic = "\x93NUMPY";
constexpr size_t kMaxHeaderBytes = 1 << 20;
constexpr size_t kPreambleBytes = 128;

struct ItemType {
  NpyType type;
  absl::string_view descr;
  absl::string_view name;
  size_t item_bytes;
};

// In the order of NpyType.
constexpr ItemType kItemTypes[] = {
    {NpyType::kFloat16, "<f2", "float16", 2}, {NpyType::kFloat32, "<f4", "float32", 4},
    {NpyType::kFloat64, "<f8", "float64", 8}, {NpyType::kInt8, "|i1", "int8", 1},
    {NpyType::kUint8, "|u1", "uint8", 1},     {NpyType::kInt16, "<i2", "int16", 2},
    {NpyType::kUint16, "<u2", "uint16", 2},   {NpyType::kInt32, "<i4", "int32", 4},
    {NpyType::kUint32, "<u4", "uint32", 4},   {NpyType::kInt64, "<i8", "int64", 8},
    {NpyType::kUint64, "<u8", "uint64", 8},   {NpyType::kBool, "|b1", "bool", 1},
};

const ItemType& ItemTypeOf(NpyType type) { return kItemTypes[static_cast<size_t>(type)]; }

// Returns null when none of `allowed` is written like this, in either byte order. The first
// character of a dictionary's type is its byte order, '=' is that of the writer's machine, and
// types of one byte have any.
const ItemType* FindType(absl::string_view descr, absl::Span<const NpyType> allowed) {
  if (descr.empty() || !absl::StrContains("<>=|", descr.substr(0, 1))) return nullptr;
  for (NpyType type : allowed) {
    const ItemType& item = ItemTypeOf(type);
    if (item.descr.substr(1) != descr.substr(1)) continue;
    if (descr[0] == '|' && item.item_bytes > 1) continue;
    return &item;
  }
  return nullptr;
}

// Returns the types as dictionaries spell them: '<f2', '<f4'.
std::string DescrsOf(absl::Span<const NpyType> types) {
  return absl::StrJoin(types, ", ", [](std::string* out, NpyType type) {
    absl::StrAppend(out, "'", ItemTypeOf(type).descr, "'");
  });
}

// Returns the types in words, and "float" once: float16, 32, 64.
std::string NamesOf(absl::Span<const NpyType> types) {
  std::string names;
  bool after_float = false;
  for (NpyType type : types) {
    absl::string_view name = ItemTypeOf(type).name;
    const bool is_float = absl::StartsWith(name, "float");
    if (after_float) name = absl::StripPrefix(name, "float");
    absl::StrAppend(&names, names.empty() ? "" : ", ", name);
    after_float = is_float;
  }
  return names;
}

// Returns the text of the file, cut and escaped for a message.
std::string Found(absl::string_view text) {
  constexpr size_t kMaxShown = 48;
  const bool cut = text.size() > kMaxShown;
  return absl::StrCat("\"", absl::CHexEscape(text.substr(0, kMaxShown)), cut ? "..." : "", "\"");
}

// Reads the dictionary from left to right. Leaves `data_offset` of the header to the caller.
class DictionaryParser {
 public:
  DictionaryParser(absl::string_view text, absl::Span<const NpyType> allowed)
      : rest_(text), allowed_(allowed) {}

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
        return absl::InvalidArgumentError(absl::StrCat(
            "descr: structured types are not supported; allowed are ", DescrsOf(allowed_)));
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
    const ItemType* type = FindType(*descr_, allowed_);
    if (type == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("descr: ", Found(*descr_), "; allowed are ",
                                                     DescrsOf(allowed_), " (", NamesOf(allowed_),
                                                     ")"));
    }
    NpyHeader header;
    header.type = type->type;
    header.item_bytes = type->item_bytes;
    header.big_endian = type->item_bytes > 1 && (*descr_)[0] == '>';
    const std::string shape = absl::StrCat("(", absl::StrJoin(*shape_, ", "), ")");
    if (shape_->size() != 1 && shape_->size() != 2) {
      return absl::InvalidArgumentError(absl::StrCat("shape: ", shape, " has ", shape_->size(),
                                                     " dimensions; allowed are 1 or 2"));
    }
    // Order means nothing with one dimension.
    header.column_major = *fortran_order_ && shape_->size() == 2;
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
  const absl::Span<const NpyType> allowed_;
  std::optional<std::string> descr_;
  std::optional<bool> fortran_order_;
  std::optional<std::vector<uint64_t>> shape_;
};

}  // namespace

absl::StatusOr<NpyHeader> ReadNpyHeader(const FileReader& file, absl::Span<const NpyType> allowed) {
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
  if (major < 1 || major > 3 || minor != 0) {
    return bad(
        absl::StrCat("version ", major, ".", minor, " of .npy; allowed are 1.0, 2.0 and 3.0"));
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
  absl::StatusOr<NpyHeader> header = DictionaryParser(text, allowed).Parse();
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

std::string NpyPreamble(uint64_t rows, uint32_t dim) {
  std::string dictionary =
      absl::StrCat("{'descr': '<f4', 'fortran_order': False, 'shape': (", rows, ", ", dim, "), }");
  std::string out("\x93NUMPY\x01\x00", 8);
  dictionary.resize(kPreambleBytes - out.size() - sizeof(uint16_t) - 1, ' ');
  dictionary.push_back('\n');
  out.push_back(static_cast<char>(dictionary.size() & 0xff));
  out.push_back(static_cast<char>(dictionary.size() >> 8));
  return out + dictionary;
}

}  // namespace tqdb
