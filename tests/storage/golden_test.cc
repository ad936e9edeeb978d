// Tests that databases of older releases can still be read and written.
//
// tests/golden/db_v1 was written by the first release of format 1, and db_v2 by the first release
// of format 2. Every later build must read both. Their contents are computed again by the functions
// below, from fixed seeds. A database is only written anew before its release:
// TQDB_WRITE_GOLDEN=tests/golden/db_v1 build/dev/tests/storage/golden_test
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cmath>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/float16.h"
#include "core/space/vector_space.h"
#include "storage/disk/store.h"
#include "tests/storage/fixture.h"
#include "tests/support/source_path.h"

namespace tqdb::storage {
namespace golden_test {

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

CollectionConfig SparseConfig() {
  CollectionConfig config = ConfigOf({SpaceOf("", 40)});
  config.sparse_spaces = {{"terms"}, {"words", SparseModifier::kIdf}};
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

// Every fourth point has sparse vectors alone, and every fifth point has none.
TestPoint SparsePointOf(uint64_t i) {
  TestPoint point;
  point.id = IdOf(i);
  if (i % 4 != 0) point.vectors[""] = VectorOf(i, 40);
  if (i % 4 != 0 && i % 5 == 0) return point;
  point.sparse["terms"] = {{static_cast<uint32_t>(i % 10), 1'000'000, 4'294'967'295},
                           {0.5f, -1.25f, static_cast<float>(i)}};
  if (i % 2 == 0) point.sparse["words"] = {{7}, {2.0f}};
  return point;
}

using MakePoint = std::function<TestPoint(uint64_t)>;
TestPoint NamedPoint(uint64_t i) { return PointOf(i, false); }
TestPoint CodesPoint(uint64_t i) { return PointOf(i, true); }

void WriteCollection(Database& database, const std::string& name, const CollectionConfig& config,
                     const MakePoint& point_of) {
  auto collection = MustCreate(database, name, config);
  for (uint64_t i = 0; i < kPoints; ++i) {
    if (i % 13 == 0) {
      TestPoint first = point_of(i + 1);
      first.id = IdOf(i);
      ASSERT_TRUE(UpsertPoints(*collection, {first}).ok());
    }
    ASSERT_TRUE(UpsertPoints(*collection, {point_of(i)}).ok());
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
    if (fs::path(directory).filename() == "db_v2") {
      WriteCollection(*database, "sparse", SparseConfig(), SparsePointOf);
    } else {
      WriteCollection(*database, "named", NamedConfig(), NamedPoint);
      WriteCollection(*database, "codes", CodesConfig(), CodesPoint);
    }
  }
  // Files that RocksDB writes for people, and empty files, need not be kept.
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
  static void SetUpTestSuite() {
    if (const char* path = getenv("TQDB_WRITE_GOLDEN"); path != nullptr) WriteGolden(path);
  }
  void Open(const std::string& name) {
    // Opening a database writes to it, so a copy is opened.
    fs::copy(SourcePath("tests/golden/" + name), directory_.path(), fs::copy_options::recursive);
    database_ = MustOpen(directory_.path());
  }

  TempDirectory directory_;
  std::unique_ptr<Database> database_;
};

// Returns the points that exist, in the order of their ids.
std::vector<TestPoint> Expected(const MakePoint& point_of) {
  std::map<PointId, TestPoint> points;
  for (uint64_t i = 0; i < kPoints; ++i) {
    if (Exists(i)) points[IdOf(i)] = point_of(i);
  }
  std::vector<TestPoint> sorted;
  for (auto& [id, point] : points) sorted.push_back(point);
  return sorted;
}

TEST_F(GoldenTest, PointsAreReadAsTheyWereWritten) {
  Open("db_v1");
  auto collection = MustGet(*database_, "named");
  EXPECT_EQ(collection->config()->metadata.at("made by"), "golden_test");
  const std::vector<PointRecord> dump = Dump(*collection);
  const std::vector<TestPoint> expected = Expected(NamedPoint);
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
      // The values need not be equal to the last bit: another C library may have computed the
      // input.
      for (size_t d = 0; d < values.size(); ++d)
        EXPECT_NEAR(vector.values[d], values[d], 1e-5 + 1e-3 * std::fabs(values[d]));
    }
  }
}

// A space without originals has its codes alone. A build with another rotation, codebook or bit
// order would read wrong scores out of them.
TEST_F(GoldenTest, CodesAreSearchedUnderTheMeanOfTheirTime) {
  Open("db_v1");
  auto collection = MustGet(*database_, "codes");
  const SpaceInfo info = collection->Info().spaces[0];
  EXPECT_GE(info.current_mean_version, 1u);
  EXPECT_EQ(info.rows, Expected(CodesPoint).size());
  // With 2 bits and the residual bit, scores from codes err by a tenth of the spread of the
  // vectors.
  double squared_error = 0, spread = 0, mean = 0;
  const std::vector<float> query = VectorOf(5000, 100);
  SearchSpec all;
  all.limit = 1000;
  all.error_bound = 10;
  std::map<std::string, float> scores;
  for (const auto& [id, score] : SearchText(*collection, query, all)) scores[id] = score;
  const std::vector<TestPoint> expected = Expected(CodesPoint);
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

TEST_F(GoldenTest, SparseVectorsAreReadAsTheyWereWritten) {
  Open("db_v2");
  auto collection = MustGet(*database_, "sparse");
  const CollectionConfig config = *collection->config();
  ASSERT_EQ(config.sparse_spaces.size(), 2u);
  EXPECT_EQ(config.sparse_spaces[0].modifier, SparseModifier::kNone);
  EXPECT_EQ(config.sparse_spaces[1].modifier, SparseModifier::kIdf);
  const std::vector<PointRecord> dump = Dump(*collection);
  const std::vector<TestPoint> expected = Expected(SparsePointOf);
  ASSERT_EQ(dump.size(), expected.size());
  size_t words = 0;
  for (size_t i = 0; i < dump.size(); ++i) {
    EXPECT_EQ(dump[i].id, expected[i].id);
    EXPECT_EQ(dump[i].vectors.size(), expected[i].vectors.size());
    ASSERT_EQ(dump[i].sparse_vectors.size(), expected[i].sparse.size());
    for (const PointSparseVector& own : dump[i].sparse_vectors) {
      EXPECT_EQ(own.vector, expected[i].sparse.at(own.name));
    }
    words += expected[i].sparse.count("words");
  }
  const SparseVector query = {{7}, {1}};
  const auto hits = collection->Search(MatrixView(nullptr, 0, 0),
                                       {.space = "words", .sparse = query, .limit = 1000});
  ASSERT_TRUE(hits.ok()) << hits.status();
  EXPECT_EQ((*hits)[0].size(), words);
}

// An old database must also take writes, and open again with them.
TEST_F(GoldenTest, OldDatabaseTakesNewPoints) {
  Open("db_v1");
  auto collection = MustGet(*database_, "named");
  TestPoint fresh = PointOf(5, false);
  fresh.id = PointId::Number(1'000'000);
  ASSERT_TRUE(UpsertPoints(*collection, {fresh}, Durability::kSync).ok());
  collection.reset();
  database_.reset();
  database_ = MustOpen(directory_.path());
  EXPECT_EQ(MustGet(*database_, "named")->Count(), Expected(NamedPoint).size() + 1);
}

// A database of 0.1 has never counted its records, so it begins at 0. Its first record turns it
// into one that older builds refuse, because they would not keep the count.
TEST_F(GoldenTest, OldDatabaseBeginsToCountWithItsFirstRecord) {
  for (const char* name : {"db_v1", "db_v2"}) {
    TempDirectory directory;
    fs::copy(SourcePath(std::string("tests/golden/") + name), directory.path(),
             fs::copy_options::recursive);
    const std::string collection_name = name == std::string("db_v1") ? "named" : "sparse";
    const SharedResources shared(OptionsFor(directory.path()));
    const std::string path = directory.path() + "/collections/" + collection_name;
    const auto version = [&]() -> uint32_t {
      const auto store = Store::Open(path, Store::Mode::kOpen, shared);
      const auto bytes = (*store)->Get(Family::kMeta, "format");
      return static_cast<uint8_t>((**bytes)[0]);
    };
    const uint32_t old_version = name == std::string("db_v1") ? 1 : 2;
    {
      auto database = MustOpen(directory.path());
      auto collection = MustGet(*database, collection_name);
      EXPECT_EQ(collection->Info().sequence, 0u);
      EXPECT_EQ(collection->Info().digest, std::string(32, '0'));
    }
    EXPECT_EQ(version(), old_version);
    std::string digest;
    {
      auto database = MustOpen(directory.path());
      auto collection = MustGet(*database, collection_name);
      const PointId id = IdOf(1);
      ASSERT_TRUE(collection->Delete({&id, 1}, Durability::kSync).ok());
      EXPECT_EQ(collection->Info().sequence, 1u);
      digest = collection->Info().digest;
      EXPECT_NE(digest, std::string(32, '0'));
    }
    EXPECT_EQ(version(), 3u);
    auto database = MustOpen(directory.path());
    EXPECT_EQ(MustGet(*database, collection_name)->Info().sequence, 1u);
    EXPECT_EQ(MustGet(*database, collection_name)->Info().digest, digest);
  }
}

// The next version stands for a collection of a later release. The error must tell the operator
// what to do.
TEST_F(GoldenTest, NewerCollectionIsRefusedWithAdvice) {
  Open("db_v1");
  database_.reset();
  const SharedResources shared(OptionsFor(directory_.path()));
  {
    const auto store =
        Store::Open(directory_.path() + "/collections/named", Store::Mode::kOpen, shared);
    const auto batch = (*store)->NewBatch(64);
    batch->Put(Family::kMeta, "format", absl::string_view("\x04\0\0\0", 4));
    ASSERT_TRUE((*store)->Write(*batch, true).ok());
  }
  database_ = MustOpen(directory_.path());
  const auto info = database_->GetInfo("named");
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->status, CollectionStatus::kQuarantined);
  EXPECT_NE(info->error.find("format version 4; this build reads versions 1 to 3: open it with the "
                             "release of tqdb that wrote it"),
            std::string::npos)
      << info->error;
}

}  // namespace golden_test
}  // namespace tqdb::storage
