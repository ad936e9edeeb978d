// The texts of one payload key, in memory, found by the words of a query and ranked by BM25. Exact.
//
// The simple idea: cut every text into words. Keep, for each word, the rows that have it and how
// often (inverted_index.h). A query adds up the impacts of its words, and rare words weigh more
// (scoring.h). Example: of 1,000 rows all have "the" and 10 have "fox". For the query "the fox" the
// weight of "the" is 0.0005 and the weight of "fox" is 4.6. So the rows with "fox" come first, and
// among these the short ones and the ones that repeat "fox".
//
// Words are cut as base/words.h says: runs of letters, numbers and marks, whatever their case. A
// text is found here by the same words as by MatchText.
//
// Left out:
// - Stemming: "cats" does not find "cat". A stemmer is right for one language, and a collection
//   holds many. A dense vector of the same text finds the other forms.
// - Stop words: a word that nearly all rows have weighs next to nothing anyway.
// - Positions: "new york" finds rows with both words anywhere.
//
// Not thread-safe; const methods may run at the same time. The owner keeps writers out during
// searches.
#ifndef TQDB_STORAGE_SPARSE_BM25_INDEX_H_
#define TQDB_STORAGE_SPARSE_BM25_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
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
inline constexpr size_t kMaxQueryWords = 4096;  // of one query, repetitions counted

// Parameters of the formula.
struct Bm25Options {
  // Weight of repetitions of a word, 0 to kMaxBm25K1. With 0 they do not count.
  double k1 = kDefaultBm25K1;
  // Weight of the length of a text, 0 to 1. With 0 it does not count. With 1 a text of twice the
  // average length needs a word twice as often for the same impact.
  double b = kDefaultBm25B;
};

// Returns InvalidArgument, with `field` named, for options outside of these ranges.
absl::Status ValidateBm25Options(const Bm25Options& options, absl::string_view field);
// Returns InvalidArgument, with `field` named, if a query has more than kMaxQueryWords. A query
// without words is valid, and finds nothing.
absl::Status ValidateQueryText(absl::string_view query, absl::string_view field);

// The index of one key.
class Bm25Index {
 public:
  // Requires: ValidateBm25Options accepts the options.
  explicit Bm25Index(const Bm25Options& options)
      : index_(Bm25Scoring(options.k1, options.b)), vocabulary_(std::make_unique<Vocabulary>()) {}

  // Adds a row of the point `id`, with the words of all its texts; there may be none. Returns
  // false, without effect, if the row is there. Rows come in any order, and a row that was removed
  // may come again. A word that a row has more often than 65,535 times counts 65,535 times.
  bool Add(uint64_t row, const PointId& id, absl::Span<const absl::string_view> texts);
  // Takes a row out of the statistics; it can be hit until it is removed. Returns false if it is
  // not there or was retired before.
  bool Retire(uint64_t row) { return index_.Retire(row); }
  // Removes a row, and retires it first. Returns false if it is not there.
  bool Remove(uint64_t row);
  bool Contains(uint64_t row) const { return index_.Contains(row); }
  // Drops every removed row, and words without rows, from memory at once.
  void Compact();

  // Statistics of the scores, over the rows that are neither retired nor removed. `word` is as
  // base/words.h cuts it.
  uint64_t rows() const { return index_.rows(); }
  double average_length() const { return index_.average_length(); }  // words of a row
  uint64_t Frequency(absl::string_view word) const;                  // rows that have the word
  uint64_t held_rows() const { return index_.held_rows(); }          // in memory, removed ones too
  size_t memory_bytes() const { return index_.memory_bytes() + vocabulary_->memory_bytes(); }
  size_t vocabulary_size() const { return vocabulary_->size(); }

  // Returns the best rows for the words of a query, by descending score; equal scores are ordered
  // by id. A hit has at least one of the words. A word that occurs twice in the query counts
  // twice. CANCELLED if options.cancelled returned true; ABORTED as options.yield says.
  absl::StatusOr<std::vector<Hit>> Search(absl::string_view query,
                                          const SparseSearchOptions& options,
                                          SparseSearchStats* stats = nullptr) const;

  // Returns the score that these texts would have, by the statistics of the rows that count;
  // nullopt if the texts have none of the words.
  std::optional<float> Score(absl::string_view query,
                             absl::Span<const absl::string_view> texts) const;

 private:
  // Drops words that no row has any more, if they are at least half of all words.
  void TrimVocabulary();

  InvertedIndex<Bm25Scoring> index_;
  std::unique_ptr<Vocabulary> vocabulary_;
  uint64_t removed_ = 0;  // rows removed since the last TrimVocabulary
  // Scratch memory of Add, kept to save allocations.
  std::vector<uint32_t> words_;
  std::vector<uint32_t> terms_;
  std::vector<uint16_t> counts_;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_SPARSE_BM25_INDEX_H_
