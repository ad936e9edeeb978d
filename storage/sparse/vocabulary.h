// Numbers for words: 0, 1, 2, ... in the order in which the words come.
//
// Postings name a term by 32 bits, so each word gets a number. All words lie in one string, one
// after the other. The hash table holds only numbers, and hashes and compares them as their words.
// So a word costs its own bytes and some 20 more; a map of strings costs about three times that.
//
// Not thread-safe; const methods may run at the same time.
#ifndef TQDB_STORAGE_SPARSE_VOCABULARY_H_
#define TQDB_STORAGE_SPARSE_VOCABULARY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"
#include "base/ending_allocator.h"

namespace tqdb::storage {

class Vocabulary {
 public:
  Vocabulary() : numbers_(0, Hash{this}, Equal{this}) {}
  Vocabulary(const Vocabulary&) = delete;
  Vocabulary& operator=(const Vocabulary&) = delete;

  // Returns the number of a word; gives it the next number if it is new.
  uint32_t Add(absl::string_view word);
  // Returns the number of a word, or nullopt if it is unknown.
  std::optional<uint32_t> Find(absl::string_view word) const;
  // Returns the word of a number. The text moves when a word is added.
  absl::string_view Word(uint32_t number) const {
    const uint64_t begin = number == 0 ? 0 : ends_[number - 1];
    return absl::string_view(text_).substr(begin, ends_[number] - begin);
  }
  size_t size() const { return ends_.size(); }
  size_t memory_bytes() const;

 private:
  // Both are transparent: the table is asked with words and holds numbers. They point to the
  // vocabulary, which therefore can be neither copied nor moved.
  struct Hash {
    using is_transparent = void;
    const Vocabulary* words;
    size_t operator()(absl::string_view word) const { return absl::HashOf(word); }
    size_t operator()(uint32_t number) const { return absl::HashOf(words->Word(number)); }
  };
  struct Equal {
    using is_transparent = void;
    const Vocabulary* words;
    bool operator()(uint32_t a, uint32_t b) const { return a == b; }
    bool operator()(uint32_t a, absl::string_view b) const { return words->Word(a) == b; }
    bool operator()(absl::string_view a, uint32_t b) const { return a == words->Word(b); }
  };

  std::string text_;            // all words, one after the other
  std::vector<uint64_t> ends_;  // end of each word in text_
  EndingHashSet<uint32_t, Hash, Equal> numbers_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_SPARSE_VOCABULARY_H_
