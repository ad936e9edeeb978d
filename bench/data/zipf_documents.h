// Documents whose words follow Zipf's law, by counter: any document in any order, without state.
#ifndef TQDB_BENCH_DATA_ZIPF_DOCUMENTS_H_
#define TQDB_BENCH_DATA_ZIPF_DOCUMENTS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "values/sparse_vector.h"

namespace tqdb::bench {

class ZipfDocuments {
 public:
  struct Options {
    size_t words = 100;           // of a document on average; each has half to one and a half of it
    size_t vocabulary = 200'000;  // word r is used in proportion to 1 / (r + 1)
    uint64_t seed = 1;
  };

  explicit ZipfDocuments(const Options& options) : options_(options) {}

  // Numbers of the document's words, in order, repeated as they are.
  std::vector<uint32_t> Words(uint64_t document) const;
  // The words as a text.
  std::string Text(uint64_t document) const { return TextOf(Words(document)); }
  // Each word once, with a weight of 0 to 4 as encoders give them.
  storage::SparseVector Vector(uint64_t document) const;

  // Words of a query: drawn as those of documents, or only from ranks 100 to 10,000. Distinct.
  std::vector<uint32_t> QueryWords(uint64_t query, size_t count, bool only_middle) const;
  static std::string TextOf(const std::vector<uint32_t>& words);
  // Distinct ascending words with weights.
  storage::SparseVector VectorOf(std::vector<uint32_t> words, uint64_t key) const;

 private:
  // A word between two ranks by the law.
  static uint32_t Draw(uint64_t random, double first, double end);

  const Options options_;
};

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_DATA_ZIPF_DOCUMENTS_H_
