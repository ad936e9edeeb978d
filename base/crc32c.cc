#include "base/crc32c.h"

#include <array>

namespace tqdb {

namespace {

constexpr uint32_t kPolynomial = 0x82f63b78;  // bits in reverse, as the algorithm shifts right

// table[0][b] is the checksum of byte b; table[k][b] that of byte b with k zero bytes behind it.
// With four of them, four bytes are taken a step.
constexpr std::array<std::array<uint32_t, 256>, 4> MakeTables() {
  std::array<std::array<uint32_t, 256>, 4> tables = {};
  for (uint32_t b = 0; b < 256; ++b) {
    uint32_t crc = b;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? kPolynomial : 0);
    tables[0][b] = crc;
  }
  for (size_t k = 1; k < 4; ++k) {
    for (size_t b = 0; b < 256; ++b) {
      const uint32_t before = tables[k - 1][b];
      tables[k][b] = before >> 8 ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr auto kTables = MakeTables();

}  // namespace

uint32_t Crc32c(absl::string_view bytes) {
  uint32_t crc = ~uint32_t{0};
  size_t i = 0;
  const auto byte = [&bytes](size_t at) { return static_cast<uint8_t>(bytes[at]); };
  for (; i + 4 <= bytes.size(); i += 4) {
    crc = kTables[3][(crc ^ byte(i)) & 0xff] ^ kTables[2][(crc >> 8 ^ byte(i + 1)) & 0xff] ^
          kTables[1][(crc >> 16 ^ byte(i + 2)) & 0xff] ^
          kTables[0][(crc >> 24 ^ byte(i + 3)) & 0xff];
  }
  for (; i < bytes.size(); ++i) crc = crc >> 8 ^ kTables[0][(crc ^ byte(i)) & 0xff];
  return ~crc;
}

}  // namespace tqdb
