// Words of a text, for MatchText and the text index.
//
// A word is a run of letters, numbers and marks of Unicode. Everything else separates words. Case,
// width and the way in which an accent is written do not count. Both sides use this reader, a
// filter or a search for its query and an index for its texts, so they always agree.
//
// Example: "Two Cups, 3 Teas" has the words "two", "cups", "3" and "teas".
//
// The rule in full:
//
// 1. Characters of the general categories L, N and M make words. All others separate them: spaces,
//    punctuation, symbols, emoji, and bytes that are not UTF-8.
// 2. Characters that are not to be seen (Default_Ignorable_Code_Point) are dropped and separate
//    nothing: soft hyphens, joiners, spaces of no width, variation selectors.
// 3. Each run of such characters is brought to the form NFKC_Casefold(NFD) of Unicode. So "CAFÉ" is
//    "café", however its accent is encoded. "ﬁne" is "fine", "Straße" is "strasse", and full-width
//    letters are letters. What a form has besides L, N and M separates again: "½" is "1" and "2".
// 4. A mark that follows no letter or number belongs to no word.
// 5. Han, kana, and the scripts that UAX #14 gives class SA (Thai, Lao, Khmer, Burmese and others)
//    are written without spaces. A letter or number of theirs with its marks is a cluster. A text
//    has each cluster as a word, and each two adjacent ones as a word, too. A query has each two
//    adjacent ones, and a cluster by itself only when it stands alone.
//
// clang-format off
//   text     words as a text                       words as a query
//   東京都    東, 東京, 京, 京都, 都                   東京, 京都
//   東       東                                    東
// clang-format on
//
// Why pairs, and not the words of a dictionary: how a dictionary cuts a sentence depends on what
// stands beside a word, and its words change with its version, so a query for a word that is in a
// sentence would sometimes miss it. Pairs never miss: whatever part of a text is asked for, all its
// pairs are in the text. They find a little too much, texts that have all pairs of a word in
// different places, and such a text has double the number of words.
//
// This file leaves out stemming and stop words. Accents count: "café" is not "cafe". Capital dotted
// I is "i" with a dot, as in Unicode's folding for all languages but Turkish. Unicode is that of
// the ICU in use: 15.0 on Debian 12, 16.0 on Debian 13.
#ifndef TQDB_BASE_WORDS_H_
#define TQDB_BASE_WORDS_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace tqdb::storage {

// What a text is read for. The words of a part of a text, read as a query, are words of the text,
// if the part begins and ends at words, or at clusters of scripts without spaces.
enum class WordSide : uint8_t { kText, kQuery };

// Reads the words of a text one after the other:
//   for (WordReader words(text, WordSide::kText); words.Next();) Use(words.word());
// Words are UTF-8, whatever the text is. Texts are at most 1 GiB.
class WordReader {
 public:
  // Requires: `text` outlives the reader.
  WordReader(absl::string_view text, WordSide side) : rest_(text), side_(side) {}

  // Moves to the next word. Returns false after the last one. Throws std::bad_alloc without memory;
  // the reader is then of no use any more.
  bool Next();
  // Returns the current word. Valid until the next call of Next.
  const std::string& word() const { return word_; }

 private:
  // Moves the run at the head of the text, which has a character beyond ASCII, to run_.
  void ReadRun();
  // Moves to the next word of run_. Returns false after the last one.
  bool NextOfRun();
  // Returns the end of the cluster of a script without spaces that begins at `at` in run_; `at` if
  // there is none.
  size_t EndOfCluster(size_t at) const;
  // Makes a part of run_ the current word.
  void Take(size_t begin, size_t end) { word_.assign(run_, begin, end - begin); }

  absl::string_view rest_;  // text after the current word or run
  WordSide side_;
  std::string word_;
  // Form of the current run. Empty for a run of ASCII, which is a word.
  std::string run_;
  size_t at_ = 0;  // end of what has been read of run_
  bool run_is_word_ = false;
  // Begin of the cluster that has just been a word, and may be one with the next; of texts alone.
  size_t single_ = std::string::npos;
  // Whether the cluster at at_ was in the last word; of queries alone.
  bool paired_ = false;
};

}  // namespace tqdb::storage

#endif  // TQDB_BASE_WORDS_H_
