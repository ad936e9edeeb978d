#include "storage/disk/digest.h"

#include <bit>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace tqdb::storage {

static_assert(std::endian::native == std::endian::little,
              "words are read as they lie in memory; a big-endian port swaps them here");

namespace {

constexpr uint64_t kLow = 0xa4093822299f31d0;
constexpr uint64_t kHigh = 0x082efa98ec4e6c89;

// The 128 bits of a product, folded to 64: every bit of both factors has its part in it.
uint64_t Fold(uint64_t a, uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

}  // namespace

void Hasher::Mix(uint64_t a, uint64_t b) {
  // A factor of zero would forget everything before it, hence the state is also carried over as it
  // is.
  low_ = Fold(low_ ^ a, b ^ kLow) ^ std::rotl(low_, 23);
  high_ = Fold(high_ ^ b, a ^ kHigh) ^ std::rotl(high_, 41);
}

void Hasher::Add(absl::string_view bytes) {
  const char* at = bytes.data();
  size_t left = bytes.size();
  uint64_t words[2];
  for (; left >= sizeof(words); left -= sizeof(words), at += sizeof(words)) {
    std::memcpy(words, at, sizeof(words));
    Mix(words[0], words[1]);
  }
  // The last bytes are filled up with zeros. The length that follows tells them from a text that
  // ends with zeros.
  if (left > 0) {
    words[0] = words[1] = 0;
    std::memcpy(words, at, left);
    Mix(words[0], words[1]);
  }
  Mix(bytes.size(), kHigh);
}

Digest Hasher::Finish() const {
  // A copy, so that fields can still be added to the original. Two more rounds spread the last
  // field over all bits.
  Hasher last = *this;
  last.Mix(high_, low_);
  last.Mix(kLow, kHigh);
  return {last.low_ ^ std::rotl(last.high_, 32), last.high_};
}

std::string Digest::ToString() const {
  return absl::StrCat(absl::Hex(high, absl::kZeroPad16), absl::Hex(low, absl::kZeroPad16));
}

Digest NextDigest(const Digest& before, uint64_t sequence, const Digest& content,
                  const Digest& outcome) {
  Hasher hasher;
  hasher.Add(before);
  hasher.Add(sequence);
  hasher.Add(content);
  hasher.Add(outcome);
  return hasher.Finish();
}

}  // namespace tqdb::storage
