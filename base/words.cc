#include "base/words.h"

#include <cstdint>

#include "absl/strings/ascii.h"

namespace tqdb::storage {

namespace {

// Takes one character off the front. Bytes that have the form of UTF-8 are decoded. Any other byte
// is a character of its own, above every code point, so that it can be told apart from letters of
// UTF-8.
uint32_t TakeCharacter(absl::string_view& text) {
  constexpr uint32_t kStrayByte = 0x110000;
  const auto byte = [&text](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  size_t length = 0;
  if (first < 0x80) length = 1;
  // 0xc0 and 0xc1 would encode ASCII in two bytes; bytes from 0xf5 on lie beyond Unicode.
  if (first >= 0xc2 && first < 0xe0) length = 2;
  if (first >= 0xe0 && first < 0xf0) length = 3;
  if (first >= 0xf0 && first < 0xf5) length = 4;
  uint32_t character = length <= 1 ? first : first & (0x7fu >> length);
  bool good = length >= 1 && length <= text.size();
  for (size_t i = 1; good && i < length; ++i) {
    good = (byte(i) & 0xc0) == 0x80;
    character = character << 6 | (byte(i) & 0x3f);
  }
  if (!good) character = kStrayByte + first;
  text.remove_prefix(good ? length : 1);
  return character;
}

// Returns whether a character belongs to words. Above ASCII everything does except for the spaces
// and punctuation that words.h lists. A table of all letters would be large and change with
// Unicode.
bool IsLetter(uint32_t c) {
  if (c < 0x80) return absl::ascii_isalnum(static_cast<unsigned char>(c));
  if (c < 0xc0) return c == 0xaa || c == 0xb5 || c == 0xba;
  if (c < 0x2000) return c != 0xd7 && c != 0xf7;
  const bool punctuation = c <= 0x206f || (c >= 0x3000 && c <= 0x303f && c != 0x3005) ||
                           (c >= 0xfe10 && c <= 0xfe19) || (c >= 0xfe30 && c <= 0xfe6f) ||
                           (c >= 0xff01 && c <= 0xff0f) || (c >= 0xff1a && c <= 0xff20) ||
                           (c >= 0xff3b && c <= 0xff40) || (c >= 0xff5b && c <= 0xff65);
  return !punctuation;
}

// Returns whether a character is a word by itself: Han and Hiragana.
bool IsWord(uint32_t c) {
  if (c < 0x3005) return false;
  return c == 0x3005 || (c >= 0x3040 && c <= 0x309f) || (c >= 0x3400 && c <= 0x4dbf) ||
         (c >= 0x4e00 && c <= 0x9fff) || (c >= 0xf900 && c <= 0xfaff) ||
         (c >= 0x20000 && c <= 0x3ffff);
}

// Returns the lower-case partner of a capital of the blocks below U+0530, else the character
// itself.
uint32_t ToLower(uint32_t c) {
  if (c < 0x80) return static_cast<uint32_t>(absl::ascii_tolower(static_cast<unsigned char>(c)));
  if (c >= 0xc0 && c <= 0xde && c != 0xd7) return c + 0x20;
  // In Latin Extended-A a capital stands at the even place before its partner. From U+0139 and from
  // U+0179 on it stands at the odd place.
  if ((c >= 0x100 && c <= 0x12f) || (c >= 0x132 && c <= 0x137) || (c >= 0x14a && c <= 0x177)) {
    return c | 1;
  }
  if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e)) return c + (c & 1);
  if (c == 0x178) return 0xff;
  if (c >= 0x391 && c <= 0x3a9 && c != 0x3a2) return c + 0x20;  // Greek
  if (c >= 0x400 && c <= 0x40f) return c + 0x50;                // Cyrillic
  if (c >= 0x410 && c <= 0x42f) return c + 0x20;
  if ((c >= 0x460 && c <= 0x481) || (c >= 0x48a && c <= 0x4bf) || (c >= 0x4d0 && c <= 0x52f)) {
    return c | 1;
  }
  return c;
}

// Appends a character as UTF-8.
void Append(uint32_t c, std::string& out) {
  if (c < 0x80) {
    out.push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    out.push_back(static_cast<char>(0xc0 | c >> 6));
    out.push_back(static_cast<char>(0x80 | (c & 0x3f)));
  } else if (c < 0x10000) {
    out.push_back(static_cast<char>(0xe0 | c >> 12));
    out.push_back(static_cast<char>(0x80 | (c >> 6 & 0x3f)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3f)));
  } else if (c < 0x110000) {
    out.push_back(static_cast<char>(0xf0 | c >> 18));
    out.push_back(static_cast<char>(0x80 | (c >> 12 & 0x3f)));
    out.push_back(static_cast<char>(0x80 | (c >> 6 & 0x3f)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3f)));
  } else {
    out.push_back(static_cast<char>(c));  // a stray byte, its value in the low eight bits
  }
}

}  // namespace

bool WordReader::Next() {
  word_.clear();
  while (!rest_.empty()) {
    const absl::string_view here = rest_;
    const uint32_t c = TakeCharacter(rest_);
    if (IsWord(c)) {
      if (word_.empty()) {
        Append(c, word_);
      } else {
        // The word before ends here. The character is put back and becomes the next word.
        rest_ = here;
      }
      return true;
    }
    if (IsLetter(c)) {
      Append(ToLower(c), word_);
    } else if (!word_.empty()) {
      return true;
    }
  }
  return !word_.empty();
}

}  // namespace tqdb::storage
