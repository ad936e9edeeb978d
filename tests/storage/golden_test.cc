// tests/golden/db_v1 was written by the first release of format 1 and stays readable for ever. It
// is only written anew when that release is not out yet:
//     TQDB_WRITE_GOLDEN=tests/golden/db_v1 build/dev/tests/storage/golden_test
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/float16.h"
#include "tests/storage/fixture.h"

namespace tqdb::storage {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kPoints = 300;

CollectionConfig NamedConfig() {
  CollectionConfig config = ConfigOf({SpaceOf("text", 40), SpaceOf("image", 12)});
  config.spaces[1].codec.metric = Metric::kL2;
  config.spaces[1].codec.code_bits = 3;
  config.spaces[1].codec.seed = 7;
  config.spaces[1].store_vectors = StoreVectors::kF16;
  config.metadata = {{"made by", "golden_test"}};
  return config;
}

CollectionConfig CodesConfig() {
  CollectionConfig config = ConfigOf({SpaceOf("", 100)});
  config.spaces[0].codec.metric = Metric::kDot;
  config.spaces[0].codec.code_bits = 2;
  config.spaces[0].store_vectors = StoreVectors::kNone;
  return config;
}

std::vector<float> VectorOf(uint64_t i, size_t dim) {
  testing::Gaussian random(1000 * dim + i);
  std::vector<float> vector = random.Vector(dim);
  for (size_t d = 0; d < dim; ++d) vector[d] = 0.3f * vector[d] + (d % 2 == 0 ? 1.0f : 0.0f);
  return vector;
}

PointId IdOf(uint64_t i) {
  return i % 5 == 0 ? PointId::Uuid(i * 0x0123456789abcdef, i) : PointId::Number(i);
}

// Every seventh point has no image; every eleventh was deleted; every thirteenth was replaced.
bool Exists(uint64_t i) { return i % 11 != 3; }
TestPoint PointOf(uint64_t i, bool codes_only) {
  TestPoint point;
  point.id = IdOf(i);
  if (i % 3 != 0)
    point.payload = "{\"i\": " + std::to_string(i) + ", \"text\": \"gr\u00fc\u00df\"}";
  if (codes_only) {
    point.vectors[""] = VectorOf(i, 100);
    return point;
  }
  point.vectors["text"] = VectorOf(i, 40);
  if (i % 7 != 0) point.vectors["image"] = VectorOf(i, 12);
  return point;
}

void WriteCollection(Database& database, const std::string& name, const CollectionConfig& config,
                     bool codes_only) {
  auto collection = MustCreate(database, name, config);
  for (uint64_t i = 0; i < kPoints; ++i) {
    if (i % 13 == 0) {
      TestPoint first = PointOf(i + 1, codes_only);
      first.id = IdOf(i);
      ASSERT_TRUE(UpsertPoints(*collection, {first}).ok());
    }
    ASSERT_TRUE(UpsertPoints(*collection, {PointOf(i, codes_only)}).ok());
  }
  for (uint64_t i = 0; i < kPoints; ++i) {
    const PointId id = IdOf(i);
    if (!Exists(i)) {
      ASSERT_TRUE(collection->Delete({&id, 1}, Durability::kSync).ok());
    }
  }
  ASSERT_TRUE(collection->Flush(/*settle=*/true).ok());
}

void WriteGolden(const std::string& directory) {
  fs::remove_all(directory);
  {
    auto database = MustOpen(directory);
    WriteCollection(*database, "named", NamedConfig(), false);
    WriteCollection(*database, "codes", CodesConfig(), true);
  }
  // What RocksDB writes for people, and what is empty, need not be kept.
  std::vector<fs::path> chaff = {directory + "/LOCK", directory + "/tmp", directory + "/trash"};
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind("OPTIONS", 0) == 0 || name.rfind("LOG", 0) == 0 || name == "LOCK" ||
        entry.path().extension() == ".log") {
      chaff.push_back(entry.path());
    }
  }
  for (const fs::path& path : chaff) fs::remove_all(path);
}

class GoldenTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string golden = TQDB_SOURCE_DIR "/tests/golden/db_v1";
    if (const char* path = getenv("TQDB_WRITE_GOLDEN"); path != nullptr) WriteGolden(path);
    // Opening writes, so a copy is opened.
    fs::copy(golden, directory_.path(), fs::copy_options::recursive);
    database_ = MustOpen(directory_.path());
  }

  TempDirectory directory_;
  std::unique_ptr<Database> database_;
};

// The points that exist, in id order.
std::vector<TestPoint> Expected(bool codes_only) {
  std::map<PointId, TestPoint> points;
  for (uint64_t i = 0; i < kPoints; ++i) {
    if (Exists(i)) points[IdOf(i)] = PointOf(i, codes_only);
  }
  std::vector<TestPoint> sorted;
  for (auto& [id, point] : points) sorted.push_back(point);
  return sorted;
}

TEST_F(GoldenTest, PointsAreReadAsTheyWereWritten) {
  auto collection = MustGet(*database_, "named");
  EXPECT_EQ(collection->config().metadata.at("made by"), "golden_test");
  const std::vector<PointRecord> dump = Dump(*collection);
  const std::vector<TestPoint> expected = Expected(false);
  ASSERT_EQ(dump.size(), expected.size());
  for (size_t i = 0; i < dump.size(); ++i) {
    EXPECT_EQ(dump[i].id, expected[i].id);
    EXPECT_EQ(dump[i].payload, expected[i].payload);
    ASSERT_EQ(dump[i].vectors.size(), expected[i].vectors.size());
    for (const PointVector& vector : dump[i].vectors) {
      std::vector<float> values = expected[i].vectors.at(vector.name);
      if (vector.name == "image") {
        for (float& value : values) value = HalfToFloat(FloatToHalf(value));
      }
      // Not exactly: the C library that computed the input need not be this one.
      for (size_t d = 0; d < values.size(); ++d)
        EXPECT_NEAR(vector.values[d], values[d], 1e-5 + 1e-3 * std::fabs(values[d]));
    }
  }
}

TEST_F(GoldenTest, CodesAreSearchedUnderTheMeanOfTheirTime) {
  auto collection = MustGet(*database_, "codes");
  const SpaceInfo info = collection->Info().spaces[0];
  EXPECT_GE(info.current_mean_version, 1u);
  EXPECT_EQ(info.rows, Expected(true).size());
  // 2 bits and the residual bit: the codes' scores err by a tenth of the vectors' spread.
  double squared_error = 0, spread = 0, mean = 0;
  const std::vector<float> query = VectorOf(5000, 100);
  SearchSpec all;
  all.limit = 1000;
  all.error_bound = 10;
  std::map<std::string, float> scores;
  for (const auto& [id, score] : SearchText(*collection, query, all)) scores[id] = score;
  const std::vector<TestPoint> expected = Expected(true);
  ASSERT_EQ(scores.size(), expected.size());
  std::vector<double> exact;
  for (const TestPoint& point : expected) {
    exact.push_back(ExactScore(Metric::kDot, query.data(), point.vectors.at("").data(), 100));
    mean += exact.back() / static_cast<double>(expected.size());
    squared_error += std::pow(scores.at(point.id.ToString()) - exact.back(), 2);
  }
  for (const double score : exact) spread += std::pow(score - mean, 2);
  EXPECT_LT(squared_error, 0.05 * spread);
}

TEST_F(GoldenTest, OldDatabaseTakesNewPoints) {
  auto collection = MustGet(*database_, "named");
  TestPoint fresh = PointOf(5, false);
  fresh.id = PointId::Number(1'000'000);
  ASSERT_TRUE(UpsertPoints(*collection, {fresh}, Durability::kSync).ok());
  collection.reset();
  database_.reset();
  database_ = MustOpen(directory_.path());
  EXPECT_EQ(MustGet(*database_, "named")->Count(), Expected(false).size() + 1);
}

}  // namespace
}  // namespace tqdb::storage
