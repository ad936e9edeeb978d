// Words of a text, for MatchText and the text index.
//
// A word is a run of letters and digits, in lower case. Both sides use this reader, a filter for
// its query and an index for its texts, so they always agree.
//
// clang-format off
//   letters      ASCII letters and digits, and everything beyond ASCII except for spaces and
//                punctuation of Latin-1, General Punctuation (U+2000..206F), CJK punctuation
//                (U+3000..303F) and its compatibility and wide forms
//   lower case   Latin, Greek and Cyrillic capitals of the blocks below U+0530 that have one
//                lower-case partner
//   one by one   Han characters and Hiragana, which are written without spaces, are a word each,
//                as in UAX #29
// clang-format on
//
// Example: "Two Cups, 3 Teas" has the words "two", "cups", "3" and "teas".
//
// This file leaves out stemming and stop words. Thai and other scripts without spaces are not taken
// apart. Bytes that are not UTF-8 count as letters.
#ifndef TQDB_BASE_WORDS_H_
#define TQDB_BASE_WORDS_H_

#include <string>

#include "absl/strings/string_view.h"

namespace tqdb::storage {

// Reads the words of a text one after the other:
//   for (WordReader words(text); words.Next();) Use(words.word());
class WordReader {
 public:
  // Requires: `text` outlives the reader.
  explicit WordReader(absl::string_view text) : rest_(text) {}

  // Moves to the next word. Returns false after the last one.
  bool Next();
  // Returns the current word. Valid until the next call of Next.
  const std::string& word() const { return word_; }

 private:
  absl::string_view rest_;  // text after the current word
  std::string word_;
};

}  // namespace tqdb::storage

#endif  // TQDB_BASE_WORDS_H_
