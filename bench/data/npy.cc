#include "bench/data/npy.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/float16.h"
#include "base/status_macros.h"

namespace tqdb::bench {
namespace {

constexpr char kMagic[] = "\x93NUMPY";
constexpr size_t kMagicBytes = 6;
constexpr size_t kMaxHeaderBytes = 1 << 16;
constexpr uint64_t kMaxItems = uint64_t{1} << 40;

struct Header {
  std::string type;  // "<f2", "<f4" or "|i1"
  uint64_t rows = 1;
  uint64_t dim = 0;
  size_t item_bytes() const { return type == "<f2" ? 2 : type == "<f4" ? 4 : 1; }
};

absl::Status Bad(const std::string& path, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", what));
}

absl::StatusOr<std::string> ReadHeaderText(const std::string& path, std::ifstream& in) {
  char start[kMagicBytes + 2];
  if (!in.read(start, sizeof(start)) || std::memcmp(start, kMagic, kMagicBytes) != 0) {
    return Bad(path, "not a .npy file: it does not begin with \\x93NUMPY");
  }
  const int version = start[kMagicBytes];
  if (version != 1 && version != 2) {
    return Bad(path, absl::StrCat(".npy version ", version, " is not known; allowed are 1 and 2"));
  }
  unsigned char length_bytes[4] = {};
  in.read(reinterpret_cast<char*>(length_bytes), version == 1 ? 2 : 4);
  const size_t length = length_bytes[0] | size_t{length_bytes[1]} << 8 |
                        size_t{length_bytes[2]} << 16 | size_t{length_bytes[3]} << 24;
  if (length > kMaxHeaderBytes) return Bad(path, absl::StrCat("header of ", length, " bytes"));
  std::string text(length, '\0');
  if (!in.read(text.data(), static_cast<std::streamsize>(length))) {
    return absl::DataLossError(absl::StrCat(path, ": ends within its header"));
  }
  return text;
}

absl::StatusOr<Header> ParseHeader(const std::string& path, const std::string& text) {
  static const std::regex kType("'descr'\\s*:\\s*'([^']*)'");
  static const std::regex kOrder("'fortran_order'\\s*:\\s*False");
  static const std::regex kShape("'shape'\\s*:\\s*\\(\\s*(\\d+)\\s*,\\s*(\\d+)?\\s*,?\\s*\\)");
  Header header;
  std::smatch match;
  if (!std::regex_search(text, match, kType)) return Bad(path, "header has no 'descr'");
  header.type = match[1];
  if (header.type != "<f2" && header.type != "<f4" && header.type != "|i1") {
    return Bad(path, absl::StrCat("items are '", header.type, "'; allowed are <f2, <f4 and |i1"));
  }
  if (!std::regex_search(text, kOrder)) return Bad(path, "not in row-major order");
  if (!std::regex_search(text, match, kShape)) {
    return Bad(path, "shape is neither (dim,) nor (rows, dim)");
  }
  const std::string first = match[1], second = match[2];
  const bool parsed = second.empty() ? absl::SimpleAtoi(first, &header.dim)
                                     : absl::SimpleAtoi(first, &header.rows) &&
                                           absl::SimpleAtoi(second, &header.dim);
  if (!parsed || header.dim == 0 || header.rows > kMaxItems || header.dim > kMaxItems ||
      header.rows > kMaxItems / header.dim) {
    return Bad(path, absl::StrCat("shape (", first, ", ", second, ") is out of range"));
  }
  return header;
}

}  // namespace

absl::StatusOr<Matrix> ReadNpy(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return absl::NotFoundError(absl::StrCat(path, ": ", std::strerror(errno)));
  TQDB_ASSIGN_OR_RETURN(const std::string text, ReadHeaderText(path, in));
  TQDB_ASSIGN_OR_RETURN(const Header header, ParseHeader(path, text));

  const std::streamoff data_begin = in.tellg();
  in.seekg(0, std::ios::end);
  const uint64_t stored = static_cast<uint64_t>(in.tellg() - data_begin);
  const uint64_t expected = header.rows * header.dim * header.item_bytes();
  if (stored != expected) {
    return absl::DataLossError(absl::StrCat(path, ": ", stored, " bytes of items, but its shape (",
                                            header.rows, ", ", header.dim, ") needs ", expected));
  }
  in.seekg(data_begin);

  Matrix matrix(header.rows, header.dim);
  std::vector<char> buffer(header.dim * header.item_bytes());
  for (size_t r = 0; r < matrix.rows; ++r) {
    if (!in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()))) {
      return absl::DataLossError(absl::StrCat(path, ": row ", r, " cannot be read"));
    }
    float* row = matrix.row(r);
    if (header.type == "<f4") {
      std::memcpy(row, buffer.data(), buffer.size());
    } else if (header.type == "<f2") {
      for (size_t i = 0; i < matrix.dim; ++i) {
        uint16_t half;
        std::memcpy(&half, buffer.data() + i * sizeof(half), sizeof(half));
        row[i] = HalfToFloat(half);
      }
    } else {
      for (size_t i = 0; i < matrix.dim; ++i) row[i] = static_cast<signed char>(buffer[i]);
    }
  }
  return matrix;
}

NpyWriter::NpyWriter(std::string path, std::ofstream out, size_t rows)
    : path_(std::move(path)), out_(std::move(out)), missing_rows_(rows) {}

absl::StatusOr<NpyWriter> NpyWriter::Create(const std::string& path, size_t rows, size_t dim) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  if (!out) return absl::NotFoundError(absl::StrCat(path, ": ", std::strerror(errno)));
  std::string text =
      absl::StrCat("{'descr': '<f4', 'fortran_order': False, 'shape': (", rows, ", ", dim, "), }");
  // Magic, version, length and text together are a multiple of 64, and the text ends in a newline.
  const size_t before = kMagicBytes + 4;
  text.append((before + text.size() + 1 + 63) / 64 * 64 - before - text.size() - 1, ' ');
  text += '\n';
  out.write(kMagic, kMagicBytes).put('\x01').put('\x00');
  out.put(static_cast<char>(text.size() & 0xff)).put(static_cast<char>(text.size() >> 8));
  out << text;
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
