// Compares SparseIndex with a map of vectors that are all scored in double.
#include "storage/sparse/sparse_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/support/random.h"

namespace tqdb::storage {
namespace sparse_index_test {

using testing::Gaussian;

// The kind of values of a data set.
enum class Values { kPositive, kSigned, kFew };  // kFew: three different values, for equal scores

float RandomValue(Gaussian& random, Values values) {
  if (values == Values::kFew) return static_cast<float>(random.Below(3)) - 0.5f;
  const double value = random.Next();
  return static_cast<float>(values == Values::kSigned ? value : std::fabs(value));
}

// Returns a random vector; low indices are frequent.
SparseVector RandomVector(Gaussian& random, size_t entries, Values values) {
  std::set<uint32_t> indices;
  for (size_t i = 0; i < entries; ++i) {
    const double u = random.Uniform();
    indices.insert(static_cast<uint32_t>(2000 * u * u * u * u));
  }
  SparseVector vector;
  vector.indices.assign(indices.begin(), indices.end());
  for (size_t i = 0; i < vector.indices.size(); ++i)
    vector.values.push_back(RandomValue(random, values));
  return vector;
}

using Model = std::map<uint64_t, SparseVector>;

// A row with its score. Rows of these tests are those of points with a lower id, the higher the row
// is: so an order by id cannot be taken for one by row.
using RowScore = std::pair<uint64_t, float>;

PointId IdOf(uint64_t row) { return PointId::Number(~row); }

bool Add(SparseIndex& index, uint64_t row, SparseVectorView vector) {
  return index.Add(row, IdOf(row), vector);
}

// Returns the hits that the index promises, with scores equal to the bit: weights are rounded to
// floats, and a sum is taken in double and rounded once.
std::vector<RowScore> Expected(const Model& model, const SparseVector& weights,
                               const SparseSearchOptions& options) {
  std::vector<RowScore> hits;
  for (const auto& [row, vector] : model) {
    if (options.filter != nullptr && !options.filter->Allows(row)) continue;
    double score = 0;
    bool shares = false;
    for (size_t i = 0, j = 0; i < weights.indices.size() && j < vector.indices.size();) {
      if (weights.indices[i] == vector.indices[j]) {
        score += double{weights.values[i]} * double{vector.values[j]};
        shares = true;
      }
      const bool both = weights.indices[i] == vector.indices[j];
      const bool first = weights.indices[i] < vector.indices[j];
      i += first || both;
      j += !first || both;
    }
    if (shares && static_cast<float>(score) >= options.score_threshold) {
      hits.push_back({row, static_cast<float>(score)});
    }
  }
  std::sort(hits.begin(), hits.end(), [](const RowScore& a, const RowScore& b) {
    return a.second != b.second ? a.second > b.second : IdOf(a.first) < IdOf(b.first);
  });
  hits.resize(std::min(hits.size(), options.top_k));
  return hits;
}

std::vector<RowScore> Pairs(const std::vector<Hit>& hits) {
  std::vector<RowScore> pairs;
  for (const Hit& hit : hits) {
    EXPECT_EQ(hit.id, IdOf(hit.row));
    pairs.push_back({hit.row, hit.score});
  }
  return pairs;
}

struct Case {
  const char* name;
  SparseModifier modifier;
  Values values;
};

class SparseIndexModelTest : public ::testing::TestWithParam<Case> {
 protected:
  static constexpr uint64_t kFirstNewRow = 60'000;

  void AddRandom(uint64_t row) {
    const SparseVector vector = RandomVector(random_, random_.Below(16), GetParam().values);
    ASSERT_EQ(Add(index_, row, vector.view()), !model_.contains(row));
    if (model_.try_emplace(row, vector).second) Count(vector, 1);
  }
  // Adds a vector to the statistics, or with -1 takes it out of them.
  void Count(const SparseVector& vector, int64_t sign) {
    for (const uint32_t index : vector.indices) frequencies_[index] += sign;
  }
  void RemoveSome(size_t count) {
    for (size_t i = 0; i < count && !model_.empty(); ++i) {
      auto it = model_.lower_bound(random_.Below(kFirstNewRow + next_new_row_));
      if (random_.Below(2) != 0) {
        it = model_.lower_bound(kFirstNewRow + random_.Below(next_new_row_ + 1));
      }
      if (it == model_.end()) it = model_.begin();
      // A row that was retired is found until it is removed, and no longer counts.
      if (random_.Below(3) == 0 && retired_.insert(it->first).second) {
        ASSERT_TRUE(index_.Retire(it->first));
        ASSERT_FALSE(index_.Retire(it->first));
        Count(it->second, -1);
        continue;
      }
      ASSERT_TRUE(index_.Remove(it->first));
      ASSERT_FALSE(index_.Remove(it->first));
      ASSERT_FALSE(index_.Retire(it->first));
      if (retired_.erase(it->first) == 0) Count(it->second, -1);
      model_.erase(it);
    }
  }
  // Returns the weights of the query's values.
  SparseVector Weights(const SparseVector& query) const {
    SparseVector weights = query;
    if (GetParam().modifier == SparseModifier::kNone) return weights;
    for (size_t i = 0; i < weights.indices.size(); ++i) {
      const auto n = static_cast<double>(model_.size() - retired_.size());
      const auto df = static_cast<double>(Frequency(weights.indices[i]));
      const double idf = std::log(1 + (n - df + 0.5) / (df + 0.5));
      weights.values[i] = static_cast<float>(weights.values[i] * idf);
    }
    return weights;
  }
  void Search() {
    const SparseVector query = RandomVector(random_, random_.Below(12), GetParam().values);
    const SparseVector weights = Weights(query);
    SparseSearchOptions options;
    options.top_k = 1 + random_.Below(random_.Below(4) == 0 ? 2000 : 12);
    if (random_.Below(3) == 0) options.score_threshold = static_cast<float>(2 * random_.Next());
    // Allows every row, or every 2nd, 11th or 3000th one, from a random row on.
    const size_t selectivities[] = {1, 2, 11, 3000};
    const size_t one_in = selectivities[random_.Below(4)];
    const uint64_t first = random_.Below(2) == 0 ? random_.Below(3000) : kFirstNewRow;
    RowFilter filter(first, kFirstNewRow + random_.Below(next_new_row_ + 1));
    if (random_.Below(2) == 0 && first > 0) {
      for (const auto& [row, vector] : model_) {
        if (row >= first && row < filter.end() && random_.Below(one_in) == 0) filter.Allow(row);
      }
      options.filter = &filter;
    }
    const auto hits = index_.Search(query.view(), options);
    ASSERT_TRUE(hits.ok());
    ASSERT_EQ(Pairs(*hits), Expected(model_, weights, options));
  }
  uint64_t Frequency(uint32_t term) const {
    const auto it = frequencies_.find(term);
    return it != frequencies_.end() ? static_cast<uint64_t>(it->second) : 0;
  }

  Gaussian random_{20'241'110};
  SparseIndex index_{GetParam().modifier};
  Model model_;
  std::set<uint64_t> retired_;               // rows of the model that do not count
  std::map<uint32_t, int64_t> frequencies_;  // of the rows that count
  uint64_t next_new_row_ = 0;
};

TEST_P(SparseIndexModelTest, HitsAreThoseOfScoringEveryRow) {
  Search();  // in an empty index
  // Most rows are added in ascending order and some in random order, between rows with new numbers.
  // Rows are removed all the time.
  for (size_t step = 0; step < 40; ++step) {
    for (size_t i = 0; i < 400; ++i) {
      AddRandom(random_.Below(4) == 0 ? random_.Below(20'000) + 30'000 : step * 400 + i);
      if (HasFatalFailure()) return;
      if (i % 3 == 0) AddRandom(kFirstNewRow + next_new_row_++);
    }
    RemoveSome(step < 25 ? 100 : 900);
    ASSERT_EQ(index_.rows(), model_.size() - retired_.size());
    for (size_t i = 0; i < 5; ++i) Search();
    if (HasFatalFailure()) return;
    // At most a quarter of the rows of each closed segment are dead.
    ASSERT_LE(index_.held_rows(), model_.size() * 4 / 3 + 4096);
    for (size_t i = 0; i < 5; ++i) {
      const uint32_t term = static_cast<uint32_t>(random_.Below(i == 0 ? 2 : 100));
      ASSERT_EQ(index_.Frequency(term), Frequency(term));
    }
  }
  index_.Compact();
  ASSERT_EQ(index_.held_rows(), model_.size());
  for (uint32_t term = 0; term < 100; ++term) ASSERT_EQ(index_.Frequency(term), Frequency(term));
  for (size_t i = 0; i < 20; ++i) Search();
  while (!model_.empty() && !HasFatalFailure()) RemoveSome(1);
  EXPECT_EQ(index_.rows(), 0u);
  EXPECT_LT(index_.held_rows(), 4097u);
  Search();
}

INSTANTIATE_TEST_SUITE_P(
    Values, SparseIndexModelTest,
    ::testing::Values(Case{"Positive", SparseModifier::kNone, Values::kPositive},
                      Case{"Signed", SparseModifier::kNone, Values::kSigned},
                      Case{"Few", SparseModifier::kNone, Values::kFew},
                      Case{"PositiveIdf", SparseModifier::kIdf, Values::kPositive},
                      Case{"SignedIdf", SparseModifier::kIdf, Values::kSigned}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(SparseIndex, HitsShareAnIndexWhateverTheirScore) {
  SparseIndex index(SparseModifier::kNone);
  ASSERT_TRUE(Add(index, 1, SparseVector{{1, 2}, {1, -1}}.view()));
  ASSERT_TRUE(Add(index, 2, SparseVector{{2}, {-3}}.view()));
  ASSERT_TRUE(Add(index, 3, SparseVector{{3}, {1}}.view()));
  ASSERT_TRUE(Add(index, 4, SparseVector{{2, 9}, {0, 5}}.view()));
  ASSERT_TRUE(Add(index, 5, SparseVector{}.view()));
  const SparseVector query{{1, 2}, {1, 1}};
  const auto all = index.Search(query.view(), {});
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(Pairs(*all), (std::vector<RowScore>{{4, 0}, {1, 0}, {2, -3}}));
  const auto best = index.Search(query.view(), {.score_threshold = 0});
  ASSERT_TRUE(best.ok());
  EXPECT_EQ(Pairs(*best), (std::vector<RowScore>{{4, 0}, {1, 0}}));
  EXPECT_TRUE(index.Search(SparseVector{}.view(), {})->empty());
  EXPECT_TRUE(index.Search(SparseVector{{7}, {1}}.view(), {})->empty());
}

TEST(SparseIndex, RowsMayBeAnyNumbers) {
  SparseIndex index(SparseModifier::kNone);
  const std::vector<uint64_t> rows = {uint64_t{1} << 32, 0, ~uint64_t{0}, 5,
                                      (uint64_t{1} << 32) - 1};
  for (const uint64_t row : rows) ASSERT_TRUE(Add(index, row, SparseVector{{7}, {1}}.view()));
  for (const uint64_t row : rows) ASSERT_FALSE(Add(index, row, SparseVector{{8}, {1}}.view()));
  ASSERT_TRUE(index.Remove(5));
  ASSERT_FALSE(index.Remove(6));
  const auto hits = index.Search(SparseVector{{7}, {2}}.view(), {});
  ASSERT_TRUE(hits.ok());
  EXPECT_EQ(Pairs(*hits),
            (std::vector<RowScore>{
                {~uint64_t{0}, 2}, {uint64_t{1} << 32, 2}, {(uint64_t{1} << 32) - 1, 2}, {0, 2}}));
}

TEST(SparseIndex, LargestValuesStayFinite) {
  SparseIndex index(SparseModifier::kIdf);
  SparseVector vector;
  for (uint32_t i = 0; i < kMaxNonZeros; ++i) {
    vector.indices.push_back(i);
    vector.values.push_back(kMaxSparseValue);
  }
  ASSERT_TRUE(Add(index, 0, vector.view()));
  const auto hits = index.Search(vector.view(), {});
  ASSERT_TRUE(hits.ok());
  ASSERT_EQ(hits->size(), 1u);
  EXPECT_TRUE(std::isfinite(hits->front().score));
}

TEST(SparseIndex, ListsThatCannotMatterAreNotAddedUp) {
  Gaussian random(20'241'111);
  SparseIndex index(SparseModifier::kNone);
  // Index 0 is in every row and weighs little; index 1 is in one of a hundred.
  for (uint64_t row = 0; row < 150'000; ++row) {
    const float noise = static_cast<float>(random.Uniform());
    const SparseVector rare{{0, 1}, {noise / 100, 1 + noise}}, common{{0}, {noise / 100}};
    ASSERT_TRUE(Add(index, row, row % 100 == 7 ? rare.view() : common.view()));
  }
  SparseSearchStats stats;
  const auto hits = index.Search(SparseVector{{0, 1}, {1, 1}}.view(), {}, &stats);
  ASSERT_TRUE(hits.ok());
  EXPECT_EQ(hits->size(), 10u);
  EXPECT_EQ(stats.postings, 151'500u);
  EXPECT_LT(stats.added, stats.postings * 2 / 3);
  EXPECT_LT(stats.scored, 1000u);
}

TEST(SparseIndex, CancelledSearchSaysSo) {
  SparseIndex index(SparseModifier::kNone);
  ASSERT_TRUE(Add(index, 1, SparseVector{{1}, {1}}.view()));
  const auto hits = index.Search(SparseVector{{1}, {1}}.view(), {.cancelled = [] { return true; }});
  EXPECT_EQ(hits.status().code(), absl::StatusCode::kCancelled);
}

TEST(SparseIndex, RemovalGivesMemoryBack) {
  Gaussian random(20'241'112);
  SparseIndex index(SparseModifier::kNone);
  constexpr uint64_t kRows = 50'000;
  for (uint64_t row = 0; row < kRows; ++row) {
    ASSERT_TRUE(Add(index, row, RandomVector(random, 30, Values::kPositive).view()));
  }
  const size_t full = index.memory_bytes();
  for (uint64_t row = 0; row < kRows; ++row) {
    ASSERT_TRUE(row % 20 == 0 || index.Remove(row));
  }
  EXPECT_LT(index.memory_bytes(), full / 5);
  index.Compact();
  EXPECT_LT(index.memory_bytes(), full / 8);
}

// Churn: each row is replaced under a new number again and again.
TEST(SparseIndex, ReplacementKeepsMemoryBounded) {
  Gaussian random(20'241'113);
  SparseIndex index(SparseModifier::kNone);
  constexpr uint64_t kRows = 20'000;
  uint64_t next = 0;
  for (; next < kRows; ++next) {
    ASSERT_TRUE(Add(index, next, RandomVector(random, 10, Values::kPositive).view()));
  }
  const size_t full = index.memory_bytes();
  for (; next < 8 * kRows; ++next) {
    ASSERT_TRUE(index.Remove(next - kRows));
    ASSERT_TRUE(Add(index, next, RandomVector(random, 10, Values::kPositive).view()));
  }
  EXPECT_EQ(index.rows(), kRows);
  EXPECT_LE(index.held_rows(), kRows * 4 / 3 + 4096);
  EXPECT_LT(index.memory_bytes(), full * 2);
}

TEST(SparseIndexTest, WritersAreLetInBetweenSegments) {
  Gaussian random(9);
  SparseIndex index(SparseModifier::kNone);
  Model model;
  for (uint64_t row = 0; row < 30'000; ++row) {
    model[row] = RandomVector(random, 10, Values::kPositive);
    Add(index, row, model[row].view());
  }
  const SparseVector query = RandomVector(random, 5, Values::kPositive);
  // Rows that come and go without a segment being replaced: the others are found all the same.
  uint64_t next = 30'000;
  int yields = 0;
  SparseSearchOptions options{.top_k = 20};
  options.yield = [&] {
    Add(index, next++, {});
    index.Remove(29'990 + static_cast<uint64_t>(yields));
    model.erase(29'990 + static_cast<uint64_t>(yields));
    ++yields;
  };
  const auto found = index.Search(query.view(), options);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_GE(yields, 2);
  EXPECT_EQ(Pairs(*found), Expected(model, query, {.top_k = 20}));

  options.yield = [&] {
    for (int i = 0; i < 5'000; ++i) Add(index, next++, {});
  };
  EXPECT_TRUE(absl::IsAborted(index.Search(query.view(), options).status()));
}

}  // namespace sparse_index_test
}  // namespace tqdb::storage
