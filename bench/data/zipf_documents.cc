#include "bench/data/zipf_documents.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "bench/data/gaussian.h"
#include "core/codec/prng.h"

namespace tqdb::bench {

namespace {

enum Stream : uint64_t { kWords = 1, kWeights = 2, kQueries = 3 };

}  // namespace

uint32_t ZipfDocuments::Draw(uint64_t random, double first, double end) {
  const double uniform = static_cast<double>(random >> 11) * 0x1p-53;
  // Inverts the distribution function, which is log(rank + 1) up to a constant.
  return static_cast<uint32_t>((first + 1) * std::pow((end + 1) / (first + 1), uniform)) - 1;
}

std::vector<uint32_t> ZipfDocuments::Words(uint64_t document) const {
  const uint64_t key = RandomWord(RandomWord(options_.seed, kWords), document);
  const size_t half = options_.words / 2;
  std::vector<uint32_t> words(std::max<size_t>(1, half + RandomWord(key, 0) % (2 * half + 1)));
  for (size_t i = 0; i < words.size(); ++i) {
    words[i] = Draw(RandomWord(key, i + 1), 0, static_cast<double>(options_.vocabulary));
  }
  return words;
}

std::string ZipfDocuments::TextOf(const std::vector<uint32_t>& words) {
  std::string text;
  for (const uint32_t word : words) absl::StrAppend(&text, "Word", word, " ");
  return text;
}

storage::SparseVector ZipfDocuments::Vector(uint64_t document) const {
  return VectorOf(Words(document), document);
}

storage::SparseVector ZipfDocuments::VectorOf(std::vector<uint32_t> words, uint64_t key) const {
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  storage::SparseVector vector;
  vector.values.resize(words.size());
  FillGaussian(RandomWord(RandomWord(options_.seed, kWeights), key), vector.values.data(),
               words.size());
  for (float& value : vector.values) value = std::fabs(value);
  vector.indices = std::move(words);
  return vector;
}

std::vector<uint32_t> ZipfDocuments::QueryWords(uint64_t query, size_t count,
                                                bool only_middle) const {
  const uint64_t key = RandomWord(RandomWord(options_.seed, kQueries), query);
  const double end = static_cast<double>(options_.vocabulary);
  std::vector<uint32_t> words;
  for (uint64_t i = 0; words.size() < count && i < 1000 + 100 * count; ++i) {
    const uint32_t word =
        only_middle ? Draw(RandomWord(key, i), std::min(100.0, end / 2), std::min(10'000.0, end))
                    : Draw(RandomWord(key, i), 0, end);
    if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
  }
  return words;
}

}  // namespace tqdb::bench
