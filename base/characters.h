// What each character of Unicode means for the words of a text (words.h), by the tables of ICU.
//
// A table holds the answers for the characters up to U+FFFF, 4 bytes each. It is filled at the
// first call, which takes some milliseconds. Characters beyond are looked up in ICU each time.
//
// Thread-safe.
#ifndef TQDB_BASE_CHARACTERS_H_
#define TQDB_BASE_CHARACTERS_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace tqdb::storage {

enum class CharacterRole : uint8_t {
  kSeparator,  // of no other role: space, punctuation, symbol, control, unassigned
  kLetter,     // a letter or a number: general category L or N
  kMark,       // a mark, which belongs to the letter before it: general category M
  kHidden,     // not to be seen, such as a soft hyphen: Default_Ignorable_Code_Point
};

struct Character {
  CharacterRole role;
  // Whether it is a letter of a script that is written without spaces.
  bool unspaced;
  // Whether `folded` is its form, whatever stands before and behind it. A mark that melts into the
  // letter before it is not steady, nor is a letter that becomes several characters.
  bool steady;
  uint32_t folded;  // its form, if it is steady and not hidden
};

// Returns the traits of a code point, 0 to 0x10ffff. Throws std::bad_alloc without memory.
Character CharacterOf(uint32_t code_point);

// Takes one character off the text at `at`, and moves `at` behind it. Returns kNoCharacter for
// bytes that are not UTF-8. Requires: at < text.size().
inline constexpr uint32_t kNoCharacter = 0xffffffff;
uint32_t TakeCharacter(absl::string_view text, size_t& at);

// Appends a code point as UTF-8.
void AppendCharacter(uint32_t code_point, std::string& out);

// Appends the form of a text: NFKC_Casefold of NFD, as Unicode defines them. It is equal for texts
// that differ in case, in hidden characters, in how an accent is written, or in width:
// "Cafe\u0301", "CAFÉ" and "ｃａｆé" all become "café". Requires: the text is UTF-8. Throws
// std::bad_alloc without memory.
void AppendForm(absl::string_view text, std::string& out);

}  // namespace tqdb::storage

#endif  // TQDB_BASE_CHARACTERS_H_
