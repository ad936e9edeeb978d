// Helpers that the tests of storage share: temporary directories, short ways to write points, and
// dumps of a whole state.
#ifndef TQDB_TESTS_STORAGE_FIXTURE_H_
#define TQDB_TESTS_STORAGE_FIXTURE_H_

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "storage/api/database.h"
#include "tests/support/random.h"

namespace tqdb::storage {

// A new directory that is removed at the end of the test.
class TempDirectory {
 public:
  TempDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tqdb-test-XXXXXX").string();
    path_ = mkdtemp(pattern.data()) != nullptr ? pattern : "";
    if (path_.empty()) abort();
  }
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A directory that the child of a death test shares with its parent. RocksDB has threads of its
// own, which a fork does not copy. So such a child must be started anew, which the "threadsafe"
// style does.
class DeathTestDirectory {
 public:
  DeathTestDirectory() {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    if (const char* inherited = getenv(kVariable); inherited != nullptr) {
      path_ = inherited;
    } else {
      own_ = std::make_unique<TempDirectory>();
      path_ = own_->path();
      setenv(kVariable, path_.c_str(), 1);
    }
  }
  ~DeathTestDirectory() {
    if (own_ != nullptr) unsetenv(kVariable);
  }
  const std::string& path() const { return path_; }

 private:
  static constexpr const char* kVariable = "TQDB_TEST_DIRECTORY";
  std::unique_ptr<TempDirectory> own_;
  std::string path_;
};

inline DatabaseOptions OptionsFor(const std::string& directory) {
  DatabaseOptions options;
  options.directory = directory;
  options.health_interval = absl::InfiniteDuration();  // a test that wants it sets it
  return options;
}

inline std::unique_ptr<Database> MustOpen(const std::string& directory) {
  auto database = Database::Open(OptionsFor(directory));
  if (!database.ok()) {
    ADD_FAILURE() << database.status();
    abort();
  }
  return *std::move(database);
}

inline VectorSpaceConfig SpaceOf(const std::string& name, size_t dim) {
  VectorSpaceConfig space;
  space.name = name;
  space.codec.dim = dim;
  return space;
}

inline CollectionConfig ConfigOf(std::vector<VectorSpaceConfig> spaces) {
  CollectionConfig config;
  config.spaces = std::move(spaces);
  return config;
}

inline std::shared_ptr<Collection> MustCreate(Database& database, const std::string& name,
                                              const CollectionConfig& config) {
  auto collection = database.CreateCollection(name, config);
  if (!collection.ok()) {
    ADD_FAILURE() << collection.status();
    abort();
  }
  return *std::move(collection);
}

inline std::shared_ptr<Collection> MustGet(const Database& database, const std::string& name) {
  auto collection = database.GetCollection(name);
  if (!collection.ok()) {
    ADD_FAILURE() << collection.status();
    abort();
  }
  return *std::move(collection);
}

// A point to write.
struct TestPoint {
  PointId id;
  std::map<std::string, std::vector<float>> vectors;
  std::string payload;
  std::map<std::string, SparseVector> sparse = {};
};

inline absl::StatusOr<UpsertResult> UpsertPoints(Collection& collection,
                                                 const std::vector<TestPoint>& points,
                                                 Durability durability = Durability::kAsync) {
  std::vector<PointId> ids;
  std::vector<absl::string_view> payloads;
  struct Rows {
    std::vector<float> values;
    std::vector<uint32_t> points;
    size_t dim = 0;
  };
  std::map<std::string, Rows> spaces;
  std::map<std::string, SparseSpaceVectors> sparse;
  for (size_t i = 0; i < points.size(); ++i) {
    ids.push_back(points[i].id);
    payloads.push_back(points[i].payload);
    for (const auto& [name, values] : points[i].vectors) {
      Rows& rows = spaces[name];
      rows.dim = values.size();
      rows.points.push_back(static_cast<uint32_t>(i));
      rows.values.insert(rows.values.end(), values.begin(), values.end());
    }
    for (const auto& [name, vector] : points[i].sparse) {
      SparseSpaceVectors& own = sparse[name];
      own.name = name;
      own.rows.push_back(vector.view());
      own.points.push_back(static_cast<uint32_t>(i));
    }
  }
  UpsertBatch batch;
  batch.ids = ids;
  batch.payloads = payloads;
  batch.durability = durability;
  for (auto& [name, rows] : spaces) {
    batch.vectors.push_back(
        {name, MatrixView(rows.values.data(), rows.points.size(), rows.dim), rows.points});
  }
  for (auto& [name, own] : sparse) batch.sparse.push_back(own);
  return collection.Upsert(batch);
}

inline absl::StatusOr<UpsertResult> UpsertOne(Collection& collection, uint64_t id,
                                              std::vector<float> vector, std::string payload = "") {
  return UpsertPoints(collection,
                      {{PointId::Number(id), {{"", std::move(vector)}}, std::move(payload)}});
}

// Returns every point with everything that is stored of it, read by scrolling.
inline std::vector<PointRecord> Dump(const Collection& collection, size_t page_size = 100) {
  std::vector<PointRecord> all;
  for (bool more = true; more;) {
    const PointId* after = all.empty() ? nullptr : &all.back().id;
    auto page = collection.Scroll(
        after, {.limit = page_size, .select = {.payload = true, .vectors = true}});
    if (!page.ok()) {
      ADD_FAILURE() << page.status();
      return all;
    }
    more = page->more;
    for (PointRecord& record : page->points) all.push_back(std::move(record));
  }
  return all;
}

inline std::string Text(const PointRecord& record) {
  std::string text = record.id.ToString() + " " + record.payload;
  for (const PointVector& vector : record.vectors) {
    text += " " + vector.name + ":";
    for (const float value : vector.values) text += std::to_string(value) + ",";
  }
  for (const PointSparseVector& own : record.sparse_vectors) {
    text += " " + own.name + ":";
    for (size_t i = 0; i < own.vector.indices.size(); ++i) {
      text += std::to_string(own.vector.indices[i]) + "=" + std::to_string(own.vector.values[i]);
      text += ",";
    }
  }
  return text;
}

inline std::vector<std::string> DumpText(const Collection& collection) {
  std::vector<std::string> lines;
  for (const PointRecord& record : Dump(collection)) lines.push_back(Text(record));
  return lines;
}

inline std::vector<std::pair<std::string, float>> SearchText(const Collection& collection,
                                                             const std::vector<float>& query,
                                                             SearchSpec spec = {}) {
  auto results = collection.Search(MatrixView(query.data(), 1, query.size()), spec);
  if (!results.ok()) {
    ADD_FAILURE() << results.status();
    return {};
  }
  std::vector<std::pair<std::string, float>> hits;
  for (const PointRecord& record : (*results)[0])
    hits.emplace_back(record.id.ToString(), record.score);
  return hits;
}

}  // namespace tqdb::storage

#endif  // TQDB_TESTS_STORAGE_FIXTURE_H_
