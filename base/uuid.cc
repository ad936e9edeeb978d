#include "base/uuid.h"

#include <cstddef>

#include "base/sha1.h"

namespace tqdb {
namespace {

constexpr size_t kUuidChars = 36;

bool IsDashAt(size_t position) {
  return position == 8 || position == 13 || position == 18 || position == 23;
}

// Returns the value of a hexadecimal digit, or -1.
int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<Uuid> ParseUuid(absl::string_view text) {
  if (text.size() != kUuidChars) return std::nullopt;
  uint64_t halves[2] = {0, 0};
  int digits = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (IsDashAt(i)) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    const int digit = HexDigit(text[i]);
    if (digit < 0) return std::nullopt;
    uint64_t& half = halves[digits++ / 16];
    half = half << 4 | static_cast<uint64_t>(digit);
  }
  return Uuid{halves[0], halves[1]};
}

std::string FormatUuid(Uuid uuid) {
  std::string text;
  text.reserve(kUuidChars);
  for (const uint64_t half : {uuid.high, uuid.low}) {
    for (int shift = 60; shift >= 0; shift -= 4) {
      if (IsDashAt(text.size())) text.push_back('-');
      text.push_back("0123456789abcdef"[half >> shift & 0xf]);
    }
  }
  return text;
}

Uuid NameUuid(Uuid space, absl::string_view name) {
  std::string text;
  for (const uint64_t half : {space.high, space.low}) {
    for (int shift = 56; shift >= 0; shift -= 8) text.push_back(static_cast<char>(half >> shift));
  }
  text.append(name.data(), name.size());
  const Sha1Digest digest = Sha1(text);
  Uuid uuid;
  for (size_t i = 0; i < 8; ++i) uuid.high = uuid.high << 8 | digest[i];
  for (size_t i = 8; i < 16; ++i) uuid.low = uuid.low << 8 | digest[i];
  uuid.high = (uuid.high & ~uint64_t{0xf000}) | 0x5000;              // the version
  uuid.low = (uuid.low & ~(uint64_t{3} << 62)) | uint64_t{2} << 62;  // the variant
  return uuid;
}

}  // namespace tqdb
