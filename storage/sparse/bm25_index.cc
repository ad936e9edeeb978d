#include "storage/sparse/bm25_index.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/words.h"

namespace tqdb::storage {

absl::Status ValidateBm25Options(const Bm25Options& options, absl::string_view field) {
  if (!(options.k1 >= 0 && options.k1 <= kMaxBm25K1)) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ".k1 is ", options.k1, "; need 0 to ", kMaxBm25K1));
  }
  if (!(options.b >= 0 && options.b <= 1)) {
    return absl::InvalidArgumentError(absl::StrCat(field, ".b is ", options.b, "; need 0 to 1"));
  }
  return absl::OkStatus();
}

absl::Status ValidateQueryText(absl::string_view query, absl::string_view field) {
  size_t count = 0;
  for (WordReader words(query, WordSide::kQuery); count <= kMaxQueryWords && words.Next();) ++count;
  if (count <= kMaxQueryWords) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, " has more than ", kMaxQueryWords,
                                                 " words; need at most ", kMaxQueryWords));
}

bool Bm25Index::Add(uint64_t row, const PointId& id, absl::Span<const absl::string_view> texts) {
  if (Contains(row)) return false;  // checked before new words get numbers
  words_.clear();
  for (const absl::string_view text : texts) {
    for (WordReader words(text, WordSide::kText); words.Next();)
      words_.push_back(vocabulary_->Add(words.word()));
  }
  // Sorted, equal words lie together: each run is a term and its count.
  std::sort(words_.begin(), words_.end());
  terms_.clear();
  counts_.clear();
  for (size_t i = 0, next; i < words_.size(); i = next) {
    next = i + 1;
    while (next < words_.size() && words_[next] == words_[i]) ++next;
    terms_.push_back(words_[i]);
    constexpr size_t kMaxCount = std::numeric_limits<uint16_t>::max();
    counts_.push_back(static_cast<uint16_t>(std::min(next - i, kMaxCount)));
  }
  return index_.Add(row, id, terms_, counts_, static_cast<uint32_t>(words_.size()));
}

bool Bm25Index::Remove(uint64_t row) {
  if (!index_.Remove(row)) return false;
  // Looking for unused words takes about as long as adding 5,000 rows. So it is done at most once
  // in 5,000 removals. In large indexes it is done once in as many removals as there are rows.
  if (++removed_ >= std::max<uint64_t>(5000, rows())) TrimVocabulary();
  return true;
}

void Bm25Index::Compact() {
  index_.Compact();
  TrimVocabulary();
}

void Bm25Index::TrimVocabulary() {
  removed_ = 0;
  const std::vector<bool> used = index_.UsedTerms(vocabulary_->size());
  const auto count = static_cast<size_t>(std::count(used.begin(), used.end(), true));
  if (count * 2 > used.size()) return;
  // Kept words keep their order, so that terms still ascend in every segment.
  auto kept = std::make_unique<Vocabulary>();
  std::vector<uint32_t> numbers(used.size());
  for (uint32_t term = 0; term < used.size(); ++term) {
    if (used[term]) numbers[term] = kept->Add(vocabulary_->Word(term));
  }
  index_.RenumberTerms(numbers);
  vocabulary_ = std::move(kept);
}

uint64_t Bm25Index::Frequency(absl::string_view word) const {
  const std::optional<uint32_t> term = vocabulary_->Find(word);
  return term.has_value() ? index_.Frequency(*term) : 0;
}

absl::StatusOr<std::vector<Hit>> Bm25Index::Search(absl::string_view query,
                                                   const SparseSearchOptions& options,
                                                   SparseSearchStats* stats) const {
  // Terms are added up in the alphabetical order of their words. Their numbers depend on the order
  // in which rows came. Scores must not depend on it, not even in the last bit.
  std::map<std::string, size_t> counts;
  for (WordReader words(query, WordSide::kQuery); words.Next();) ++counts[words.word()];
  std::vector<QueryTerm> terms;
  for (const auto& [word, count] : counts) {
    const std::optional<uint32_t> term = vocabulary_->Find(word);
    if (!term.has_value()) continue;
    const double idf = InverseDocumentFrequency(rows(), index_.Frequency(*term));
    terms.push_back({*term, static_cast<float>(idf * static_cast<double>(count))});
  }
  return index_.Search(terms, options, stats);
}

std::optional<float> Bm25Index::Score(absl::string_view query,
                                      absl::Span<const absl::string_view> texts) const {
  std::map<std::string, size_t> counts;  // of the words of the query, in the order of Search
  for (WordReader words(query, WordSide::kQuery); words.Next();) ++counts[words.word()];
  std::map<std::string, uint16_t> frequencies;
  uint32_t length = 0;
  for (const absl::string_view text : texts) {
    for (WordReader words(text, WordSide::kText); words.Next(); ++length) {
      if (!counts.contains(words.word())) continue;
      uint16_t& frequency = frequencies[words.word()];
      if (frequency < std::numeric_limits<uint16_t>::max()) ++frequency;
    }
  }
  if (frequencies.empty()) return std::nullopt;
  const Bm25Scoring scoring = index_.CurrentScoring();
  double score = 0;
  for (const auto& [word, count] : counts) {
    const auto own = frequencies.find(word);
    if (own == frequencies.end()) continue;
    const double idf = InverseDocumentFrequency(rows(), Frequency(word));
    const auto weight = static_cast<float>(idf * static_cast<double>(count));
    score += static_cast<double>(weight) * scoring.Impact<double>(own->second, length);
  }
  return static_cast<float>(score);
}

}  // namespace tqdb::storage
