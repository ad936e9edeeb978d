// The text is padded to blocks of 64 bytes: a byte 0x80, zeros, and the length in bits. Each block
// is expanded to 80 words and mixed into a state of five words in 80 rounds. Names are short, so
// the padded text is built as a whole.
#include "base/sha1.h"

#include <bit>
#include <cstddef>
#include <string>

namespace tqdb {
namespace {

constexpr size_t kBlockBytes = 64;

// Mixes one block into the state.
void MixBlock(const unsigned char* block, std::array<uint32_t, 5>& state) {
  uint32_t words[80];
  for (size_t i = 0; i < 16; ++i) {
    words[i] = uint32_t{block[4 * i]} << 24 | uint32_t{block[4 * i + 1]} << 16 |
               uint32_t{block[4 * i + 2]} << 8 | uint32_t{block[4 * i + 3]};
  }
  for (size_t i = 16; i < 80; ++i) {
    words[i] = std::rotl(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
  }
  auto [a, b, c, d, e] = state;
  for (size_t i = 0; i < 80; ++i) {
    uint32_t mixed = 0;
    uint32_t constant = 0;
    if (i < 20) {
      mixed = (b & c) | (~b & d);
      constant = 0x5a827999;
    } else if (i < 40) {
      mixed = b ^ c ^ d;
      constant = 0x6ed9eba1;
    } else if (i < 60) {
      mixed = (b & c) | (b & d) | (c & d);
      constant = 0x8f1bbcdc;
    } else {
      mixed = b ^ c ^ d;
      constant = 0xca62c1d6;
    }
    const uint32_t next = std::rotl(a, 5) + mixed + e + constant + words[i];
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
}

}  // namespace

Sha1Digest Sha1(absl::string_view text) {
  std::string padded(text);
  padded.push_back('\x80');
  while (padded.size() % kBlockBytes != kBlockBytes - sizeof(uint64_t)) padded.push_back('\0');
  const uint64_t bits = uint64_t{text.size()} * 8;
  for (int shift = 56; shift >= 0; shift -= 8) padded.push_back(static_cast<char>(bits >> shift));

  std::array<uint32_t, 5> state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  for (size_t begin = 0; begin < padded.size(); begin += kBlockBytes) {
    MixBlock(reinterpret_cast<const unsigned char*>(padded.data()) + begin, state);
  }
  Sha1Digest digest;
  for (size_t i = 0; i < digest.size(); ++i) {
    digest[i] = static_cast<uint8_t>(state[i / 4] >> (24 - 8 * (i % 4)));
  }
  return digest;
}

}  // namespace tqdb
