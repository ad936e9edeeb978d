// Texts of a collection, in memory, found by the words of a query and ranked by BM25. Exact.
//
// Words are those of storage/payload/words: runs of letters and digits in lower case, accents and
// all, so that a text is found here by the words by which MatchText finds it. Nothing is stemmed
// ("cats" does not find "cat"): a stemmer is right for one language, a collection holds many, and a
// dense vector beside the text is what finds the other forms. No word is left out: one that nearly
// all rows have weighs next to nothing.
//
// Not thread-safe; const methods may run together. The owner keeps writers out during searches.
#ifndef TQDB_STORAGE_SPARSE_BM25_INDEX_H_
#define TQDB_STORAGE_SPARSE_BM25_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "storage/sparse/inverted_index.h"
#include "storage/sparse/vocabulary.h"

namespace tqdb::storage {

inline constexpr double kDefaultBm25K1 = 1.2;
inline constexpr double kDefaultBm25B = 0.75;
inline constexpr double kMaxBm25K1 = 1000;
inline constexpr size_t kMaxQueryWords = 4096;  // of one query

struct Bm25Options {
  double k1 = kDefaultBm25K1;  // 0 to kMaxBm25K1: how much repetition of a word counts; 0: nothing
  double b = kDefaultBm25B;    // 0 to 1: how much a long text is held against it; 0: nothing
};

// InvalidArgument, naming `field`, outside these ranges.
absl::Status ValidateBm25Options(const Bm25Options& options, absl::string_view field);
// InvalidArgument, naming `field`, when a query has no word or more than kMaxQueryWords.
absl::Status ValidateQueryText(absl::string_view query, absl::string_view field);

class Bm25Index {
 public:
  // Valid options.
  explicit Bm25Index(const Bm25Options& options)
      : index_(Bm25Scoring(options.k1, options.b)), vocabulary_(std::make_unique<Vocabulary>()) {}

  // The words of all texts of the row; there may be none. False, and no effect, when the row is
  // there. Any order of rows; one that was removed may come again. A word counts at most
  // 65,535 times.
  bool Add(uint64_t row, absl::Span<const absl::string_view> texts);
  // False when the row is not there.
  bool Remove(uint64_t row);
  bool Contains(uint64_t row) const { return index_.Contains(row); }
  void Compact();

  uint64_t rows() const { return index_.rows(); }
  size_t memory_bytes() const { return index_.memory_bytes() + vocabulary_->memory_bytes(); }
  // The statistics of scores, as inverted_index.h says.
  uint64_t held_rows() const { return index_.held_rows(); }
  double average_length() const { return index_.average_length(); }  // in words
  uint64_t Frequency(absl::string_view word) const;                  // `word` in lower case
  size_t vocabulary_size() const { return vocabulary_->size(); }

  // The best rows for the words of a query, best first; equal scores by ascending row. A hit has at
  // least one of the words; a word that the query repeats counts as often. CANCELLED when
  // options.cancelled said so.
  absl::StatusOr<std::vector<RowHit>> Search(absl::string_view query,
                                             const SparseSearchOptions& options,
                                             SparseSearchStats* stats = nullptr) const;

 private:
  // Forgets words that no row has any more, when they are most.
  void TrimVocabulary();

  InvertedIndex<Bm25Scoring> index_;
  std::unique_ptr<Vocabulary> vocabulary_;
  uint64_t removed_ = 0;  // rows, since TrimVocabulary
  // Scratch of Add.
  std::vector<uint32_t> words_;
  std::vector<uint32_t> terms_;
  std::vector<uint16_t> counts_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_SPARSE_BM25_INDEX_H_
