// Compares Bm25Index with the formula, which is computed word by word from the texts themselves.
#include "storage/sparse/bm25_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tests/support/random.h"

namespace tqdb::storage {
namespace bm25_index_test {

using testing::Gaussian;

// Words w0, w1, ...; low numbers are the frequent ones.
std::string RandomText(Gaussian& random, size_t words) {
  std::vector<std::string> text;
  for (size_t i = 0; i < words; ++i) {
    const double u = random.Uniform();
    text.push_back(absl::StrCat("w", static_cast<uint32_t>(3000 * u * u * u * u)));
  }
  return absl::StrJoin(text, " ");
}

// Rows of these tests are those of points with a lower id, the higher the row is.
PointId IdOf(uint64_t row) { return PointId::Number(~row); }

bool AddText(Bm25Index& index, uint64_t row, absl::string_view text) {
  return index.Add(row, IdOf(row), {text});
}

struct Document {
  std::map<std::string, double> counts;
  double length = 0;
};
using Model = std::map<uint64_t, Document>;

class Bm25IndexModelTest : public ::testing::TestWithParam<Bm25Options> {
 protected:
  void Add(uint64_t row, size_t words) {
    const std::string text = RandomText(random_, words);
    Document document;
    for (const auto& word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
      ++document.counts[std::string(word)];
      ++document.length;
    }
    const bool is_new = model_.try_emplace(row, document).second;
    ASSERT_EQ(AddText(index_, row, text), is_new);
    if (is_new) Count(document, 1);
  }
  // Adds a document to the statistics, or with -1 takes it out of them.
  void Count(const Document& document, double sign) {
    for (const auto& [word, count] : document.counts) frequencies_[word] += sign;
    length_ += sign * document.length;
  }
  void RemoveOne() {
    auto it = model_.lower_bound(random_.Below(2'000'000));
    if (it == model_.end()) it = model_.begin();
    if (random_.Below(3) == 0 && retired_.insert(it->first).second) {
      ASSERT_TRUE(index_.Retire(it->first));
      Count(it->second, -1);
      return;
    }
    Remove(it->first);
  }
  void Remove(uint64_t row) {
    ASSERT_TRUE(index_.Remove(row));
    if (retired_.erase(row) == 0) Count(model_.at(row), -1);
    model_.erase(row);
  }
  // Returns the number of rows that count, and their average length.
  size_t CountedRows() const { return model_.size() - retired_.size(); }
  double AverageLength() const {
    return CountedRows() == 0 ? 0 : length_ / static_cast<double>(CountedRows());
  }
  std::map<uint64_t, double> Scores(const std::string& query) const {
    std::map<uint64_t, double> scores;
    const double average = AverageLength();
    for (const auto& word : absl::StrSplit(query, ' ', absl::SkipEmpty())) {
      const auto n = static_cast<double>(CountedRows());
      const auto frequency = frequencies_.find(std::string(word));
      const double df = frequency != frequencies_.end() ? frequency->second : 0;
      const double idf = std::log(1 + (n - df + 0.5) / (df + 0.5));
      for (const auto& [row, document] : model_) {
        const auto it = document.counts.find(std::string(word));
        if (it == document.counts.end()) continue;
        const double tf = it->second, k1 = GetParam().k1, b = GetParam().b;
        scores[row] += idf * tf * (k1 + 1) / (tf + k1 * (1 - b + b * document.length / average));
      }
    }
    return scores;
  }
  void Search() {
    const std::string query = RandomText(random_, 1 + random_.Below(8));
    SparseSearchOptions options;
    options.top_k = 1 + random_.Below(random_.Below(4) == 0 ? 1000 : 12);
    if (random_.Below(3) == 0) options.score_threshold = static_cast<float>(5 * random_.Uniform());
    const size_t one_in = 1 + random_.Below(random_.Below(2) == 0 ? 3 : 500);
    RowFilter filter(0, 2'000'000);
    if (random_.Below(2) == 0) {
      for (const auto& [row, document] : model_) {
        if (random_.Below(one_in) == 0) filter.Allow(row);
      }
      options.filter = &filter;
    }
    std::map<uint64_t, double> scores = Scores(query);
    std::erase_if(scores, [&](const auto& each) {
      return options.filter != nullptr && !filter.Allows(each.first);
    });
    const auto hits = index_.Search(query, options);
    ASSERT_TRUE(hits.ok());
    // Each hit has the score of the model and is as good as the model's of that rank.
    std::vector<double> best;
    for (const auto& [row, score] : scores) best.push_back(score);
    std::sort(best.begin(), best.end(), std::greater<>());
    const double error = 1e-6 * (best.empty() ? 0 : best[0]);
    ASSERT_LE(hits->size(), std::min(options.top_k, best.size()));
    for (size_t i = 0; i < hits->size(); ++i) {
      const Hit& hit = (*hits)[i];
      ASSERT_TRUE(scores.contains(hit.row)) << query;
      ASSERT_NEAR(hit.score, scores[hit.row], error) << query;
      ASSERT_NEAR(hit.score, best[i], error) << query;
      if (i == 0) continue;
      const Hit& before = (*hits)[i - 1];
      ASSERT_TRUE(before.score > hit.score || (before.score == hit.score && before.id < hit.id));
    }
    // The hits that are left out are below the threshold.
    if (hits->size() < std::min(options.top_k, best.size())) {
      ASSERT_LT(best[hits->size()], options.score_threshold + error) << query;
    }
  }

  Gaussian random_{20'241'120};
  Bm25Index index_{GetParam()};
  Model model_;
  std::set<uint64_t> retired_;  // rows of the model that do not count
  // Numbers of the rows that count and have a word, and the words of all rows that count.
  std::map<std::string, double> frequencies_;
  double length_ = 0;
};

// Lengths of texts change over time, so the average rises and falls. Bounds that were taken under
// an older average must stay bounds.
TEST_P(Bm25IndexModelTest, HitsAreThoseOfTheFormula) {
  Search();
  for (size_t step = 0; step < 40; ++step) {
    const size_t lengths[] = {4, 40, 10, 1};
    const size_t length = lengths[step / 5 % 4];
    for (size_t i = 0; i < 450; ++i) {
      Add(1'000'000 + step * 450 + i, random_.Below(2 * length));
      if (i % 4 == 0) Add(random_.Below(1'000'000), length);
      if (i % 8 == 0) {  // the text of a row changes: the row is removed and added again
        const auto row = model_.lower_bound(random_.Below(1'000'000))->first;
        Remove(row);
        Add(row, length);
      }
    }
    for (size_t i = 0; i < (step < 20 ? 100 : 600); ++i) RemoveOne();
    ASSERT_EQ(index_.rows(), CountedRows());
    EXPECT_DOUBLE_EQ(index_.average_length(), AverageLength());
    for (size_t i = 0; i < 3; ++i) Search();
    if (HasFatalFailure()) return;
  }
  index_.Compact();
  ASSERT_EQ(index_.held_rows(), model_.size());
  for (size_t i = 0; i < 20; ++i) Search();
  // Rows that no longer count can be hit though nothing else is left.
  std::erase_if(model_, [this](const auto& each) {
    return !retired_.contains(each.first) && index_.Remove(each.first);
  });
  ASSERT_EQ(index_.rows(), 0u);
  const auto hits = index_.Search("w0 w1 w2 w3", {.top_k = 1'000'000});
  ASSERT_TRUE(hits.ok());
  EXPECT_FALSE(hits->empty());
}

INSTANTIATE_TEST_SUITE_P(Options, Bm25IndexModelTest,
                         ::testing::Values(Bm25Options{}, Bm25Options{.k1 = 0, .b = 0.75},
                                           Bm25Options{.k1 = 2, .b = 1},
                                           Bm25Options{.k1 = 0.9, .b = 0}));

std::vector<std::pair<uint64_t, float>> Pairs(const std::vector<Hit>& hits) {
  std::vector<std::pair<uint64_t, float>> pairs;
  for (const Hit& hit : hits) pairs.push_back({hit.row, hit.score});
  return pairs;
}

std::vector<uint64_t> RowsFor(const Bm25Index& index, absl::string_view query) {
  const auto hits = index.Search(query, {});
  std::vector<uint64_t> rows;
  for (const Hit& hit : *hits) rows.push_back(hit.row);
  return rows;
}

using Rows = std::vector<uint64_t>;

TEST(Bm25Index, WordsAreFoundWhateverTheirCaseAndPunctuation) {
  Bm25Index index({});
  ASSERT_TRUE(AddText(index, 1, "The QUICK-brown fox: 3.14!"));
  ASSERT_TRUE(AddText(index, 2, "\u00c9COLE \u041c\u043e\u0441\u043a\u0432\u0430 \u6771\u4eac"));
  ASSERT_TRUE(AddText(index, 3, ""));
  ASSERT_TRUE(AddText(index, 4, "... \u2014 !"));
  EXPECT_EQ(RowsFor(index, "quick"), Rows{1});
  EXPECT_EQ(RowsFor(index, "BROWN?"), Rows{1});
  EXPECT_EQ(RowsFor(index, "14"), Rows{1});
  EXPECT_EQ(RowsFor(index, "quickbrown"), Rows{});
  EXPECT_EQ(RowsFor(index, "\u00e9cole"), Rows{2});
  EXPECT_EQ(RowsFor(index, "ecole"), Rows{});  // accents count
  EXPECT_EQ(RowsFor(index, "\u043c\u041e\u0421\u043a\u0432\u0430"), Rows{2});
  EXPECT_EQ(RowsFor(index, "\u6771\u4eac"), Rows{2});
  EXPECT_EQ(RowsFor(index, "\u6771"), Rows{2});       // a word by itself
  EXPECT_EQ(RowsFor(index, "\u4eac\u6771"), Rows{});  // both, but not one after the other
  EXPECT_EQ(RowsFor(index, "quic"), Rows{});          // no part of a word
  EXPECT_EQ(RowsFor(index, "foxes"), Rows{});         // nothing is stemmed
  EXPECT_EQ(RowsFor(index, ""), Rows{});
  EXPECT_EQ(index.rows(), 4u);
  EXPECT_EQ(index.average_length(), 11 / 4.0);  // Han: two letters and their pair
}

TEST(Bm25Index, BytesThatAreNotUtf8Separate) {
  Bm25Index index({});
  ASSERT_TRUE(AddText(index, 1, "a\xff\xfe b"));
  EXPECT_EQ(RowsFor(index, "A\xff\xfe"), Rows{1});
  EXPECT_EQ(RowsFor(index, "a"), Rows{1});
  EXPECT_EQ(RowsFor(index, "\xff"), Rows{});
}

// As reported of full-text searches: words with emoji, foreign punctuation or capitals beside them
// were not found, by queries or by filters.
TEST(Bm25Index, EmojiPunctuationAndCapitalsOfEveryScriptLeaveWordsFound) {
  Bm25Index index({});
  const char* const texts[] = {"Great👍 phone", "مرحبا، كيف الحال", "ĐẠI HỌC",     "Άνθρωπος",
                               "A→B",          "iPhone™",          "नमस्ते। दुनिया", "cafe\u0301",
                               "ฉันชอบกินข้าวผัด"};
  const char* const queries[] = {"great",  "مرحبا", "đại",  "ΆΝΘΡΩΠΟΣ", "b",
                                 "iphone", "नमस्ते",  "CAFÉ", "ข้าว"};
  for (uint64_t row = 0; row < std::size(texts); ++row)
    ASSERT_TRUE(AddText(index, row, texts[row]));
  for (uint64_t row = 0; row < std::size(queries); ++row) {
    EXPECT_EQ(RowsFor(index, queries[row]), Rows{row}) << queries[row];
  }
}

TEST(Bm25Index, TextsOfARowAreOne) {
  Bm25Index index({});
  ASSERT_TRUE(index.Add(1, IdOf(1), {"red green", "red blue"}));
  ASSERT_TRUE(index.Add(2, IdOf(2), {"red green red blue"}));
  ASSERT_TRUE(index.Add(3, IdOf(3), {}));
  ASSERT_FALSE(index.Add(1, IdOf(1), {"white"}));
  const auto hits = index.Search("red", {});
  ASSERT_TRUE(hits.ok());
  ASSERT_EQ(hits->size(), 2u);
  EXPECT_EQ((*hits)[0].score, (*hits)[1].score);
  EXPECT_EQ((*hits)[0].row, 2u);  // the lower id
  EXPECT_EQ(RowsFor(index, "white"), Rows{});
}

// A text that is not in the index is scored as if it were, to the last bit.
TEST(Bm25Index, ScoresOfTextsAreThoseOfHits) {
  Gaussian random(21);
  Bm25Index index{Bm25Options()};
  std::vector<std::string> texts;
  for (uint64_t row = 0; row < 300; ++row) {
    texts.push_back(RandomText(random, 1 + random.Below(30)));
    ASSERT_TRUE(index.Add(row, IdOf(row), {texts.back(), "w1 two texts"}));
  }
  for (int round = 0; round < 50; ++round) {
    const std::string query = RandomText(random, 1 + random.Below(6));
    const auto hits = index.Search(query, {.top_k = 300});
    ASSERT_TRUE(hits.ok());
    std::map<uint64_t, float> scores;
    for (const Hit& hit : *hits) scores[hit.row] = hit.score;
    for (uint64_t row = 0; row < 300; ++row) {
      const std::optional<float> score = index.Score(query, {texts[row], "w1 two texts"});
      ASSERT_EQ(score.has_value(), scores.contains(row)) << query;
      if (score) {
        ASSERT_EQ(*score, scores[row]) << query;
      }
    }
  }
}

TEST(Bm25Index, RepeatedWordsOfAQueryCount) {
  Bm25Index index({});
  ASSERT_TRUE(AddText(index, 1, "red"));
  ASSERT_TRUE(AddText(index, 2, "blue"));
  const float once = index.Search("red", {})->front().score;
  const float twice = index.Search("red Red", {})->front().score;
  EXPECT_FLOAT_EQ(twice, 2 * once);
}

TEST(Bm25Index, CountsOfAWordStopAt65535) {
  Bm25Index index({.k1 = 100, .b = 0});
  std::string text;
  for (size_t i = 0; i < 70'000; ++i) text += "a ";
  ASSERT_TRUE(AddText(index, 1, text));
  const double idf = std::log(1 + 0.5 / 1.5);
  EXPECT_FLOAT_EQ(index.Search("a", {})->front().score,
                  static_cast<float>(idf * 65'535 * 101 / (65'535 + 100)));
  EXPECT_EQ(index.average_length(), 70'000);
}

// Scores must not depend on when words were first seen.
TEST(Bm25Index, ScoresDoNotDependOnTheOrderOfRows) {
  Gaussian random(20'241'121);
  std::vector<std::string> texts(9000);
  for (std::string& text : texts) text = RandomText(random, 1 + random.Below(30));
  Bm25Index ascending({}), descending({});
  for (uint64_t row = 0; row < texts.size(); ++row) {
    ASSERT_TRUE(AddText(ascending, row, texts[row]));
    ASSERT_TRUE(AddText(descending, texts.size() - 1 - row, texts[texts.size() - 1 - row]));
  }
  for (size_t q = 0; q < 100; ++q) {
    const std::string query = RandomText(random, 6);
    EXPECT_EQ(Pairs(*ascending.Search(query, {.top_k = 50})),
              Pairs(*descending.Search(query, {.top_k = 50})));
  }
}

TEST(Bm25Index, WordsThatNoRowHasAreForgotten) {
  Bm25Index index({});
  constexpr uint64_t kRows = 6000;
  for (uint64_t row = 0; row < 10 * kRows; ++row) {
    ASSERT_TRUE(AddText(index, row, absl::StrCat("common unique", row)));
    ASSERT_EQ(index.Remove(row - kRows), row >= kRows);
  }
  EXPECT_EQ(index.rows(), kRows);
  EXPECT_LT(index.vocabulary_size(), 5 * kRows);
  index.Compact();
  EXPECT_LE(index.vocabulary_size(), 2 * (kRows + 1));
  for (uint64_t row = 9 * kRows; row < 10 * kRows; row += 100) {
    EXPECT_EQ(RowsFor(index, absl::StrCat("unique", row)), Rows{row});
  }
  EXPECT_EQ(RowsFor(index, "unique7"), Rows{});
  EXPECT_EQ(index.Frequency("common"), kRows);
}

TEST(Bm25Options, MessagesNameFieldAndValue) {
  EXPECT_TRUE(ValidateBm25Options({}, "bm25").ok());
  EXPECT_TRUE(ValidateBm25Options({.k1 = 0, .b = 1}, "bm25").ok());
  EXPECT_EQ(ValidateBm25Options({.k1 = -1}, "bm25").message(), "bm25.k1 is -1; need 0 to 1000");
  EXPECT_EQ(ValidateBm25Options({.k1 = std::nan("")}, "bm25").message(),
            "bm25.k1 is nan; need 0 to 1000");
  EXPECT_EQ(ValidateBm25Options({.b = 1.5}, "bm25").message(), "bm25.b is 1.5; need 0 to 1");
}

TEST(QueryText, MayHaveNoWordsButNotTooMany) {
  EXPECT_TRUE(ValidateQueryText("one", "query").ok());
  EXPECT_TRUE(ValidateQueryText(" ! ", "query").ok());
  std::string text;
  for (size_t i = 0; i < kMaxQueryWords; ++i) text += "a ";
  EXPECT_TRUE(ValidateQueryText(text, "query").ok());
  EXPECT_EQ(ValidateQueryText(text + "a", "query").message(),
            "query has more than 4096 words; need at most 4096");
}

}  // namespace bm25_index_test
}  // namespace tqdb::storage
