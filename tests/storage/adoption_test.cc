// Tests the adoption of means and the work that it causes: versions on disk, rows from before the
// first mean, encoding again, and vacuum.
//
// Each test writes rows around a centre far from zero, so that a mean pays, and then asks how many
// rows are under which mean. Most tests run once for each form in which originals are kept. Without
// originals, only the rows that wait for the first mean can be encoded again.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/storage/fixture.h"

namespace tqdb::storage {
namespace adoption_test {

constexpr size_t kDim = 48;

// Returns a row near a fixed vector that has `center` at every third coordinate and 0.1 elsewhere.
// Rows around two different centers have means far apart.
std::vector<float> RowAround(testing::Gaussian& random, float center) {
  std::vector<float> row = random.Vector(kDim);
  for (size_t i = 0; i < kDim; ++i) row[i] = 0.2f * row[i] + (i % 3 == 0 ? center : 0.1f);
  return row;
}

class AdoptionTest : public ::testing::TestWithParam<StoreVectors> {
 protected:
  void SetUp() override {
    database_ = MustOpen(directory_.path());
    CollectionConfig config = ConfigOf({SpaceOf("", kDim)});
    config.spaces[0].store_vectors = GetParam();
    collection_ = MustCreate(*database_, "c", config);
  }
  void Reopen() {
    collection_.reset();
    database_.reset();
    database_ = MustOpen(directory_.path());
    collection_ = MustGet(*database_, "c");
  }
  SpaceInfo Info() const { return collection_->Info().spaces[0]; }
  void UpsertRows(uint64_t first, uint64_t count, float center) {
    for (uint64_t i = first; i < first + count; ++i) {
      ASSERT_TRUE(UpsertOne(*collection_, i, RowAround(random_, center)).ok());
    }
  }

  testing::Gaussian random_{9};
  TempDirectory directory_;
  std::unique_ptr<Database> database_;
  std::shared_ptr<Collection> collection_;
};

// Points that come one by one are encoded before there is a mean. They must be encoded again under
// the mean, even if no originals are kept.
TEST_P(AdoptionTest, RowsFromBeforeTheFirstMeanAreEncodedAgain) {
  UpsertRows(0, 100, 1.0f);
  EXPECT_EQ(Info().current_mean_version, 0u);
  EXPECT_EQ(Info().rows_under_current_mean, 100u);
  UpsertRows(100, 100, 1.0f);
  EXPECT_GE(Info().current_mean_version, 1u);
  ASSERT_TRUE(collection_->Flush(/*settle=*/true).ok());
  EXPECT_EQ(Info().rows_under_current_mean, 200u);
  const std::vector<std::string> before = DumpText(*collection_);
  Reopen();
  EXPECT_GE(Info().current_mean_version, 1u);
  EXPECT_EQ(Info().rows_under_current_mean, 200u);
  EXPECT_EQ(Info().rows, 200u);
  EXPECT_EQ(DumpText(*collection_), before);
}

// Rows that wait for the first mean may be replaced or deleted before it comes. Encoding again must
// neither bring them back nor count them twice. 60 - 10 + 120 points exist at the end.
TEST_P(AdoptionTest, WarmUpRowsThatWereReplacedOrDeletedStayAsTheyAre) {
  UpsertRows(0, 60, 1.0f);
  UpsertRows(0, 10, 1.0f);  // replaced
  std::vector<PointId> ids;
  for (uint64_t i = 10; i < 20; ++i) ids.push_back(PointId::Number(i));
  ASSERT_TRUE(collection_->Delete(ids, Durability::kSync).ok());
  UpsertRows(100, 120, 1.0f);
  ASSERT_GE(Info().current_mean_version, 1u);
  ASSERT_TRUE(collection_->Flush(/*settle=*/true).ok());
  EXPECT_EQ(collection_->Count(), 170u);
  EXPECT_EQ(Info().rows, 170u);
  EXPECT_EQ(Info().rows_under_current_mean, 170u);
  SearchSpec all;
  all.limit = 1000;
  EXPECT_EQ(SearchText(*collection_, RowAround(random_, 1.0f), all).size(), 170u);
}

// Rows drift away from their first centre, and the mean follows. Rows under the old mean are
// encoded again if there are originals. They must be found with and without originals.
TEST_P(AdoptionTest, EveryRowIsFoundUnderWhicheverMeanItLies) {
  UpsertRows(0, 1000, 1.0f);
  const uint32_t first_version = Info().current_mean_version;
  EXPECT_GE(first_version, 1u);
  uint64_t next = 1000;
  for (; next < 30'000 && Info().current_mean_version == first_version; next += 200) {
    UpsertRows(next, 200, -2.0f);
  }
  EXPECT_GT(Info().current_mean_version, first_version);
  ASSERT_TRUE(collection_->Flush(/*settle=*/true).ok());
  if (GetParam() == StoreVectors::kNone) {
    EXPECT_LT(Info().rows_under_current_mean, next);
  } else {
    EXPECT_EQ(Info().rows_under_current_mean, next);
  }
  SearchSpec all;
  all.limit = 10'000;
  all.error_bound = 10;
  const std::vector<float> query = RowAround(random_, 1.0f);
  const auto before = SearchText(*collection_, query, all);
  EXPECT_EQ(before.size(), std::min<uint64_t>(next, 10'000));
  Reopen();
  EXPECT_EQ(SearchText(*collection_, query, all), before);
}

// The database is closed while rows still lie under the old mean. The next open must resume the
// work by itself, because no write comes that would ask for it.
TEST_P(AdoptionTest, InterruptedReencodingIsResumedAtOpen) {
  UpsertRows(0, 3000, 1.0f);
  UpsertRows(3000, 3000, -2.0f);
  Reopen();  // without settling
  ASSERT_TRUE(collection_->Flush(/*settle=*/true).ok());
  const SpaceInfo info = Info();
  EXPECT_EQ(info.rows, 6000u);
  if (GetParam() != StoreVectors::kNone) {
    EXPECT_EQ(info.rows_under_current_mean, 6000u);
  }
}

// Vectors of few coordinates are coded with zeros at the end, and their means are not. All ways of
// a row are taken: the warm-up without a mean, the adoption, and the load.
TEST_P(AdoptionTest, DimsBelow8AreCentredAndLoadedLikeOthers) {
  for (size_t dim : {1, 2, 7}) {
    const std::string name = "dim" + std::to_string(dim);
    CollectionConfig config = ConfigOf({SpaceOf("", dim)});
    config.spaces[0].codec.metric = Metric::kL2;
    config.spaces[0].store_vectors = GetParam();
    auto collection = MustCreate(*database_, name, config);
    const auto row = [&] {
      std::vector<float> own = random_.Vector(dim);
      for (float& v : own) v = 5 + 0.5f * v;
      return own;
    };
    std::vector<std::vector<float>> rows;
    for (uint64_t batch = 0; batch < 6; ++batch) {
      std::vector<TestPoint> points;
      for (uint64_t i = 0; i < 50; ++i) {
        rows.push_back(row());
        points.push_back({PointId::Number(50 * batch + i), {{"", rows.back()}}, ""});
      }
      ASSERT_TRUE(UpsertPoints(*collection, points).ok());
    }
    ASSERT_TRUE(collection->Flush(/*settle=*/true).ok());
    EXPECT_EQ(collection->Info().spaces[0].rows_under_current_mean, 300u);
    EXPECT_GE(collection->Info().spaces[0].current_mean_version, 1u) << dim;
    SearchSpec all;
    all.limit = 300;
    const std::vector<float> query = row();
    const auto hits = SearchText(*collection, query, all);
    ASSERT_EQ(hits.size(), 300u) << dim;
    for (const auto& [id, score] : hits) {
      double truth = 0;
      const std::vector<float>& own = rows[std::stoul(id)];
      for (size_t i = 0; i < dim; ++i) truth -= std::pow(double{query[i]} - own[i], 2);
      // Norms around the mean are below 2.5, and an estimate errs by 0.031 times their product. In
      // one dimension only the rounding of 16-bit originals is left, from which codes are made
      // anew.
      EXPECT_NEAR(score, truth, dim == 1 ? 1e-2 : 6 * 0.031 * 2.5 * 2.5) << dim;
    }
    const std::vector<std::string> before = DumpText(*collection);
    collection.reset();
    Reopen();
    collection = MustGet(*database_, name);
    EXPECT_EQ(SearchText(*collection, query, all), hits);
    EXPECT_EQ(DumpText(*collection), before);
  }
}

INSTANTIATE_TEST_SUITE_P(Store, AdoptionTest,
                         ::testing::Values(StoreVectors::kNone, StoreVectors::kF16,
                                           StoreVectors::kF32));

TEST(AdoptionOffTest, NoMeanIsAdopted) {
  TempDirectory directory;
  auto database = MustOpen(directory.path());
  CollectionConfig config = ConfigOf({SpaceOf("", kDim)});
  config.spaces[0].centering = Centering::kOff;
  auto collection = MustCreate(*database, "c", config);
  testing::Gaussian random(1);
  for (uint64_t i = 0; i < 500; ++i) {
    ASSERT_TRUE(UpsertOne(*collection, i, RowAround(random, 1.0f)).ok());
  }
  EXPECT_EQ(collection->Info().spaces[0].mean_versions, 0u);
  EXPECT_EQ(collection->Info().spaces[0].rows_under_current_mean, 500u);
}

// Writes the same 10,000 points nine times. Without a vacuum the memory would grow to nine times
// that of the first round. The bound of three leaves room for dead rows that wait for the next
// vacuum. The search at the end shows that the vacuum has lost no live row.
TEST(VacuumTest, MemoryOfReplacedPointsIsGivenBack) {
  TempDirectory directory;
  auto database = MustOpen(directory.path());
  auto collection = MustCreate(*database, "c", ConfigOf({SpaceOf("", kDim)}));
  testing::Gaussian random(2);
  const auto write_all = [&] {
    for (uint64_t first = 0; first < 10'000; first += 1000) {
      std::vector<TestPoint> points;
      for (uint64_t i = first; i < first + 1000; ++i) {
        points.push_back({PointId::Number(i), {{"", RowAround(random, 0.0f)}}, ""});
      }
      ASSERT_TRUE(UpsertPoints(*collection, points).ok());
    }
    ASSERT_TRUE(collection->Flush(/*settle=*/true).ok());
  };
  write_all();
  const uint64_t once = collection->Info().memory_bytes;
  for (int round = 0; round < 8; ++round) write_all();
  EXPECT_EQ(collection->Count(), 10'000u);
  EXPECT_LT(collection->Info().memory_bytes, 3 * once);
  SearchSpec all;
  all.limit = 10'000;
  all.error_bound = 10;
  EXPECT_EQ(SearchText(*collection, RowAround(random, 0.0f), all).size(), 10'000u);
}

}  // namespace adoption_test
}  // namespace tqdb::storage
