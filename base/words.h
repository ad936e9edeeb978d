// Words of a text, for MatchText and the text index.
//
// A word is a run of letters and digits in lower case. Letters are those of ASCII and everything
// beyond it but spaces and punctuation of Latin-1, General Punctuation (U+2000..206F), CJK
// punctuation (U+3000..303F) and its compatibility and wide forms. Lower-cased are the Latin, Greek
// and Cyrillic capitals of the blocks below U+0530 that have one lower-case partner. Han characters
// and Hiragana, which are written without spaces, are a word each, as in UAX #29; Thai and its like
// are not taken apart. Nothing is stemmed and no word is left out. Bytes that are not UTF-8 count
// as letters.
#ifndef TQDB_BASE_WORDS_H_
#define TQDB_BASE_WORDS_H_

#include <string>

#include "absl/strings/string_view.h"

namespace tqdb::storage {

// Walks the words of a text:
//
//   for (WordReader words(text); words.Next();) Use(words.word());
class WordReader {
 public:
  // `text` must outlive the reader.
  explicit WordReader(absl::string_view text) : rest_(text) {}

  // False after the last word.
  bool Next();
  // Valid until the next call of Next.
  const std::string& word() const { return word_; }

 private:
  absl::string_view rest_;
  std::string word_;
};

}  // namespace tqdb::storage

#endif  // TQDB_BASE_WORDS_H_
