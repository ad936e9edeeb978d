// Documents whose words follow Zipf's law, as in real texts: word r is used in proportion to 1 / (r
// + 1). A document depends only on its number, so any document can be made in any order, without
// state.
#ifndef TQDB_BENCH_DATA_ZIPF_DOCUMENTS_H_
#define TQDB_BENCH_DATA_ZIPF_DOCUMENTS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "values/sparse_vector.h"

namespace tqdb::bench {

// Thread-safe: immutable.
class ZipfDocuments {
 public:
  struct Options {
    size_t words = 100;           // average words of a document; each has 0.5 to 1.5 times as many
    size_t vocabulary = 200'000;  // number of different words
    uint64_t seed = 1;
  };

  explicit ZipfDocuments(const Options& options) : options_(options) {}

  // Returns the numbers of the document's words, in order and with repetitions.
  std::vector<uint32_t> Words(uint64_t document) const;
  // Returns the words as a text.
  std::string Text(uint64_t document) const { return TextOf(Words(document)); }
  // Returns each word once, with a weight of 0 to 4, as sparse encoders give them.
  storage::SparseVector Vector(uint64_t document) const;

  // Returns distinct words of a query. They are drawn as documents draw them, or only from the
  // ranks 100 to 10,000. Users rarely search for the most frequent words.
  std::vector<uint32_t> QueryWords(uint64_t query, size_t count, bool only_middle) const;
  static std::string TextOf(const std::vector<uint32_t>& words);
  // Returns the distinct words in ascending order, with weights from the stream `key`.
  storage::SparseVector VectorOf(std::vector<uint32_t> words, uint64_t key) const;

 private:
  // Returns a word between two ranks, drawn by the law.
  static uint32_t Draw(uint64_t random, double first, double end);

  const Options options_;
};

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_DATA_ZIPF_DOCUMENTS_H_
