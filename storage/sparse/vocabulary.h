// Numbers of words: 0, 1, 2, ... in the order in which they come. Some 20 bytes a word beside its
// own.
//
// Not thread-safe; const methods may run together.
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

  // The number of a word, a new one if need be.
  uint32_t Add(absl::string_view word);
  std::optional<uint32_t> Find(absl::string_view word) const;
  absl::string_view Word(uint32_t number) const {
    const uint64_t begin = number == 0 ? 0 : ends_[number - 1];
    return absl::string_view(text_).substr(begin, ends_[number] - begin);
  }
  size_t size() const { return ends_.size(); }
  size_t memory_bytes() const;

 private:
  // A number is hashed and compared as its word.
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

  std::string text_;            // of all words, one after the other
  std::vector<uint64_t> ends_;  // of each
  EndingHashSet<uint32_t, Hash, Equal> numbers_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_SPARSE_VOCABULARY_H_
