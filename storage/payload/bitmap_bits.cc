#include "storage/payload/bitmap_bits.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstring>

namespace tqdb::storage {

namespace {

static_assert(std::endian::native == std::endian::little, "the format is read as it lies");

[[maybe_unused]] constexpr uint32_t kCookie = 12'346;  // only an assertion uses it
constexpr uint32_t kCookieWithRuns = 12'347;
constexpr size_t kMinOffsetsWithRuns = 4;  // with runs, fewer containers have no table of offsets
constexpr size_t kMaxArray = 4'096;        // numbers of a container; above it they are bits
constexpr int64_t kContainerNumbers = 1 << 16;
constexpr int64_t kContainerWords = kContainerNumbers / 64;

template <typename Integer>
Integer Load(const char* from) {
  Integer value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

// Takes an integer off the front of `at`. The format aligns nothing, so integers are copied.
template <typename Integer>
Integer Next(const char*& at) {
  at += sizeof(Integer);
  return Load<Integer>(at - sizeof(Integer));
}

// Sets the bits first..last, both included.
void SetRange(int64_t first, int64_t last, absl::Span<uint64_t> words) {
  for (int64_t word = first / 64; word <= last / 64; ++word) {
    uint64_t bits = ~uint64_t{0};
    if (word == first / 64) bits &= ~uint64_t{0} << (first % 64);
    if (word == last / 64) bits &= ~uint64_t{0} >> (63 - last % 64);
    words[static_cast<size_t>(word)] |= bits;
  }
}

// Copies the 1,024 words of a container of plain bits to `words`, from word `to` on. Words outside
// of `words` are skipped: the caller promises that they have no bits. This happens at the ends of
// a range, whose bounds are multiples of 64 but not of 65,536.
void Copy(const char* bits, int64_t to, absl::Span<uint64_t> words) {
  const int64_t from = std::max<int64_t>(-to, 0);
  const int64_t end = std::min(kContainerWords, static_cast<int64_t>(words.size()) - to);
  if (from < end) {
    std::memcpy(&words[static_cast<size_t>(to + from)], bits + from * 8,
                static_cast<size_t>(end - from) * 8);
  }
}

}  // namespace

void SetBits(absl::string_view portable, int64_t offset, absl::Span<uint64_t> words) {
  assert(offset % 64 == 0);
  const char* at = portable.data();
  const auto cookie = Next<uint32_t>(at);
  const bool runs = (cookie & 0xffff) == kCookieWithRuns;
  assert(runs || cookie == kCookie);
  const size_t count = runs ? (cookie >> 16) + 1 : Next<uint32_t>(at);
  const char* const is_run = at;  // a bit for each container
  if (runs) at += (count + 7) / 8;
  const char* const keys = at;  // for each container: upper half of its numbers, count less one
  at += 4 * count;
  if (!runs || count >= kMinOffsetsWithRuns) at += 4 * count;
  for (size_t i = 0; i < count; ++i) {
    const int64_t base = int64_t{Load<uint16_t>(keys + 4 * i)} * kContainerNumbers + offset;
    const size_t size = size_t{Load<uint16_t>(keys + 4 * i + 2)} + 1;
    if (runs && (is_run[i / 8] >> (i % 8) & 1) != 0) {
      for (auto left = Next<uint16_t>(at); left > 0; --left) {
        const int64_t first = base + Next<uint16_t>(at);
        SetRange(first, first + Next<uint16_t>(at), words);
      }
    } else if (size <= kMaxArray) {
      for (size_t left = size; left > 0; --left) {
        const int64_t bit = base + Next<uint16_t>(at);
        words[static_cast<size_t>(bit) / 64] |= uint64_t{1} << (bit % 64);
      }
    } else {
      Copy(at, base / 64, words);
      at += kContainerNumbers / 8;
    }
  }
  assert(at == portable.data() + portable.size());
}

}  // namespace tqdb::storage
