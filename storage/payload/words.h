// Words of a text, for MatchText and the text index.
//
// A word is a run of letters and digits in lower case. Letters are those of ASCII and everything
// beyond it but spaces and punctuation of Latin-1, General Punctuation (U+2000..206F) and CJK
// punctuation (U+3000..303F). Lower-cased are the Latin, Greek and Cyrillic capitals of the blocks
// below U+0530 that have one lower-case partner. Nothing is stemmed and no word is left out; a text
// without spaces, as Chinese is written, is one word. Bytes that are not UTF-8 count as letters.
#ifndef TQDB_STORAGE_PAYLOAD_WORDS_H_
#define TQDB_STORAGE_PAYLOAD_WORDS_H_

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

#endif  // TQDB_STORAGE_PAYLOAD_WORDS_H_
