// Compares the sparse spaces of a collection with a map of their vectors. Searches are compared
// with a new index of the vectors in the map, which has no history.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/disk/keys.h"
#include "storage/disk/store.h"
#include "storage/search/groups.h"
#include "storage/search/hybrid.h"
#include "storage/sparse/sparse_index.h"
#include "tests/storage/fixture.h"
#include "values/filter_json.h"

namespace tqdb::storage {
namespace sparse_search_test {

using ::testing::HasSubstr;

constexpr size_t kDim = 8;
constexpr uint64_t kIds = 300;
const MatrixView kNoVector{nullptr, 0, 0};

class SparseSearchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    CollectionConfig config = ConfigOf({SpaceOf("", kDim), SpaceOf("other", kDim)});
    config.sparse_spaces = {{"terms"}, {"words", SparseModifier::kIdf}};
    database_ = MustOpen(directory_.path());
    collection_ = MustCreate(*database_, "c", config);
  }
  void Reopen() {
    collection_.reset();
    database_.reset();
    database_ = MustOpen(directory_.path());
    collection_ = MustGet(*database_, "c");
  }
  // Returns a vector of up to eleven entries. Its values are multiples of 1/4, so sums of products
  // are exact in any order and scores can be compared for equality.
  SparseVector RandomVector() {
    std::map<uint32_t, float> entries;
    for (uint64_t n = random_.Below(12); n > 0; --n) {
      const uint64_t index = random_.Below(1 + random_.Below(40));
      entries[static_cast<uint32_t>(index * 100'000'000)] =
          static_cast<float>(random_.Below(9)) / 4 - 1;
    }
    SparseVector vector;
    for (const auto& [index, value] : entries) {
      vector.indices.push_back(index);
      vector.values.push_back(value);
    }
    return vector;
  }
  // Upserts points with dense vectors, sparse ones, or both.
  void UpsertSome() {
    std::vector<TestPoint> points;
    for (uint64_t id = random_.Below(3); id < kIds; id += 1 + random_.Below(4)) {
      TestPoint point = {PointId::Number(id), {}, absl::StrCat(R"({"odd":)", id % 2, "}")};
      const uint64_t kinds = 1 + random_.Below(7);
      if ((kinds & 1) != 0) point.vectors[""] = random_.Vector(kDim);
      if ((kinds & 2) != 0) point.sparse["terms"] = RandomVector();
      if ((kinds & 4) != 0) point.sparse["words"] = RandomVector();
      model_[id] = point;
      points.push_back(std::move(point));
    }
    ASSERT_TRUE(UpsertPoints(*collection_, points).ok());
  }
  void DeleteSome() {
    std::vector<PointId> ids;
    for (uint64_t id = random_.Below(20); id < kIds; id += 1 + random_.Below(20)) {
      ids.push_back(PointId::Number(id));
      model_.erase(id);
    }
    ASSERT_TRUE(collection_->Delete(ids, Durability::kAsync).ok());
  }

  // Compares all points of the collection with the model.
  void ExpectPoints() {
    const std::vector<PointRecord> dump = Dump(*collection_);
    ASSERT_EQ(dump.size(), model_.size());
    size_t i = 0;
    for (const auto& [id, point] : model_) {
      EXPECT_EQ(dump[i].id.low, id);
      EXPECT_EQ(dump[i].vectors.size(), point.vectors.size());
      std::map<std::string, SparseVector> sparse;
      for (const PointSparseVector& own : dump[i].sparse_vectors) sparse[own.name] = own.vector;
      EXPECT_EQ(sparse, point.sparse) << id;
      ++i;
    }
  }

  // Compares a search for a random vector with the model.
  void ExpectHits(const std::string& space, bool filtered) {
    SparseVector query;
    while (query.indices.empty()) query = RandomVector();
    SparseIndex index(space == "words" ? SparseModifier::kIdf : SparseModifier::kNone);
    for (const auto& [id, point] : model_) {
      const auto own = point.sparse.find(space);
      if (own != point.sparse.end()) index.Add(id, PointId::Number(id), own->second.view());
    }
    std::map<uint64_t, float> scores;
    const auto found = index.Search(query.view(), {.top_k = kIds});
    ASSERT_TRUE(found.ok());
    for (const Hit& hit : *found) {
      if (!filtered || hit.row % 2 == 1) scores[hit.row] = hit.score;
    }
    SearchSpec spec{.space = space,
                    .sparse = query,
                    .limit = kIds,
                    .select = {.payload = true, .vectors = true}};
    if (filtered) spec.filter = *FilterFromJson(R"({"must":[{"key":"odd","match":{"value":1}}]})");
    const auto lists = collection_->Search(kNoVector, spec);
    ASSERT_TRUE(lists.ok()) << lists.status();
    ASSERT_EQ(lists->size(), 1u);
    const std::vector<PointRecord>& hits = (*lists)[0];
    ASSERT_EQ(hits.size(), scores.size());
    for (size_t i = 0; i < hits.size(); ++i) {
      ASSERT_TRUE(scores.contains(hits[i].id.low));
      EXPECT_EQ(hits[i].score, scores[hits[i].id.low]);
      if (i > 0) {
        const bool tie = hits[i - 1].score == hits[i].score;
        EXPECT_TRUE(tie ? hits[i - 1].id < hits[i].id : hits[i - 1].score > hits[i].score);
      }
      EXPECT_FALSE(hits[i].sparse_vectors.empty());
      EXPECT_FALSE(hits[i].payload.empty());
    }
  }

  TempDirectory directory_;
  std::unique_ptr<Database> database_;
  std::shared_ptr<Collection> collection_;
  std::map<uint64_t, TestPoint> model_;
  testing::Gaussian random_{20'261'127};
};

TEST_F(SparseSearchTest, HitsAndPointsAreThoseOfTheModelWhilePointsComeAndGo) {
  for (int round = 0; round < 12; ++round) {
    UpsertSome();
    DeleteSome();
    if (round == 6) {
      ASSERT_TRUE(collection_->CreatePayloadIndex("odd", FieldKind::kInteger, true, {}).ok());
    }
    if (round % 3 == 2) Reopen();
    ExpectPoints();
    for (int query = 0; query < 6; ++query) {
      ExpectHits(query % 2 == 0 ? "terms" : "words", query % 3 == 0);
    }
    if (HasFatalFailure()) return;
  }
  const CollectionInfo info = collection_->Info();
  ASSERT_EQ(info.sparse_spaces.size(), 2u);
  uint64_t terms = 0;
  for (const auto& [id, point] : model_) terms += point.sparse.count("terms");
  EXPECT_EQ(info.sparse_spaces[0].name, "terms");
  EXPECT_EQ(info.sparse_spaces[0].rows, terms);
  EXPECT_GT(info.sparse_spaces[0].memory_bytes, 0u);
  EXPECT_EQ(info.points, model_.size());
}

// A row that an upsert failed to remove from the disk would come back at the next start.
TEST_F(SparseSearchTest, AnUpsertReplacesTheVector) {
  for (int i = 0; i < 3; ++i) {
    TestPoint point = {PointId::Number(1), {}, ""};
    point.sparse["terms"] = {{static_cast<uint32_t>(i)}, {1}};
    ASSERT_TRUE(UpsertPoints(*collection_, {point}).ok());
    model_[1] = point;
  }
  ExpectPoints();
  Reopen();
  ExpectPoints();
  EXPECT_EQ(collection_->Info().sparse_spaces[0].rows, 1u);
}

// A writer replaces and deletes the rows around one in a hundred, so that segments of the indexes
// are replaced under running searches. Every search must find the rows that stay.
TEST_F(SparseSearchTest, SearchesFindWhatStaysWhileWritersReplaceSegments) {
  const auto point_of = [](uint64_t id, uint32_t index) {
    TestPoint point = {PointId::Number(id), {}, absl::StrCat(R"({"text":"w)", index, "\"}")};
    point.sparse["terms"] = {{index}, {1}};
    return point;
  };
  ASSERT_TRUE(collection_->CreatePayloadIndex("text", FieldKind::kText, true, {}).ok());
  // One row of a hundred stays, in several segments.
  std::vector<TestPoint> points;
  for (uint64_t id = 0; id < 20'000; ++id) {
    points.push_back(point_of(id, id % 100 == 0 ? 7 : 8));
    if (points.size() < 1'000) continue;
    ASSERT_TRUE(UpsertPoints(*collection_, points).ok());
    points.clear();
  }
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (uint64_t round = 0; !stop.load(); ++round) {
      std::vector<TestPoint> batch;
      std::vector<PointId> gone;
      for (uint64_t id = 1; id < 20'000; id += 17) {
        if (id % 100 == 0) continue;
        batch.push_back(point_of(id, static_cast<uint32_t>(9 + round)));
        if (id % 3 == 0) gone.push_back(PointId::Number(id));
      }
      EXPECT_TRUE(UpsertPoints(*collection_, batch).ok());
      EXPECT_TRUE(collection_->Delete(gone, Durability::kAsync).ok());
    }
  });
  for (int i = 0; i < 200 && !HasFailure(); ++i) {
    const SearchSpec by_vector{.space = "terms", .sparse = SparseVector{{7}, {1}}, .limit = 1'000};
    const SearchSpec by_text{.text = TextQuery{"text", "w7"}, .limit = 1'000};
    for (const SearchSpec& spec : {by_vector, by_text}) {
      const auto hits = collection_->Search(kNoVector, spec);
      EXPECT_TRUE(hits.ok()) << hits.status();
      EXPECT_EQ(hits.ok() ? (*hits)[0].size() : 0, 200u);
    }
  }
  stop = true;
  writer.join();
}

TEST_F(SparseSearchTest, GroupsHybridListsAndVectorSearchesGoTogether) {
  UpsertSome();
  const SparseVector query = {{0, 100'000'000}, {1, 1}};
  const SearchSpec spec{.space = "terms", .sparse = query, .limit = 50};
  ASSERT_TRUE(collection_->CreatePayloadIndex("odd", FieldKind::kInteger, true, {}).ok());
  const auto groups = SearchGroups(*collection_, kNoVector, spec, {"odd", 2, 3});
  ASSERT_TRUE(groups.ok()) << groups.status();
  EXPECT_EQ(groups->size(), 2u);
  const std::vector<float> vector = random_.Vector(kDim);
  const MatrixView dense(vector.data(), 1, kDim);
  const auto hits = SearchHybrid(*collection_, {{{kNoVector, spec}, {dense, {.limit = 50}}}},
                                 {.select = {.vectors = true}});
  ASSERT_TRUE(hits.ok()) << hits.status();
  EXPECT_EQ(hits->size(), 10u);
  // Points without a dense vector are no hits of a search by one.
  const auto all = collection_->Search(dense, {.limit = kIds});
  ASSERT_TRUE(all.ok());
  size_t with_dense = 0;
  for (const auto& [id, point] : model_) with_dense += point.vectors.count("");
  EXPECT_EQ((*all)[0].size(), with_dense);
}

TEST_F(SparseSearchTest, WhatIsWrongIsNamed) {
  const auto upsert_error = [this](SparseVector vector, const std::string& space = "terms") {
    TestPoint point = {PointId::Number(1), {}, ""};
    point.sparse[space] = std::move(vector);
    return std::string(UpsertPoints(*collection_, {point}).status().message());
  };
  EXPECT_THAT(upsert_error({{2, 1}, {1, 1}}),
              HasSubstr("points[0].sparse_vectors 'terms'.indices[1] is 1 after 2"));
  EXPECT_THAT(upsert_error({{1, 1}, {1, 1}}), HasSubstr("must be distinct"));
  EXPECT_THAT(upsert_error({{1}, {}}), HasSubstr("has 1 indices and 0 values"));
  EXPECT_THAT(upsert_error({{1}, {std::nanf("")}}), HasSubstr("values[0] is nan"));
  EXPECT_THAT(upsert_error({{1}, {1}}, "none"),
              HasSubstr("sparse vector name is 'none'; this collection has 'terms', 'words'"));
  EXPECT_THAT(
      std::string(UpsertPoints(*collection_, {{PointId::Number(1), {}, ""}}).status().message()),
      HasSubstr("has no vector; need one in at least one of '', 'other', 'terms', 'words'"));
  EXPECT_EQ(collection_->Count(), 0u);

  const SparseVector one = {{1}, {1}};
  const auto search_error = [&](SearchSpec spec, MatrixView vector = kNoVector) {
    return std::string(collection_->Search(vector, spec).status().message());
  };
  const SearchSpec good{.space = "terms", .sparse = one};
  EXPECT_EQ(search_error(good), "");
  SearchSpec bad = good;
  bad.space = "";
  EXPECT_THAT(search_error(bad),
              HasSubstr("vector_name '' is no sparse space of collection 'c'; it has 'terms'"));
  bad = good;
  bad.rerank = true;
  EXPECT_THAT(search_error(bad), HasSubstr("rerank is for searches by vector"));
  bad = good;
  bad.text = TextQuery{"a", "b"};
  EXPECT_THAT(search_error(bad), HasSubstr("more than one of"));
  const std::vector<float> vector = random_.Vector(kDim);
  EXPECT_THAT(search_error(good, MatrixView(vector.data(), 1, kDim)),
              HasSubstr("more than one of"));

  const auto create_error = [this](std::vector<SparseSpaceConfig> spaces) {
    CollectionConfig config = ConfigOf({SpaceOf("a", kDim)});
    config.sparse_spaces = std::move(spaces);
    return std::string(database_->CreateCollection("d", config).status().message());
  };
  EXPECT_THAT(create_error({{""}}), HasSubstr("sparse_spaces[0].name is empty"));
  EXPECT_THAT(create_error({{"x"}, {"x"}}), HasSubstr("also the name of another space"));
  EXPECT_THAT(create_error({{"a"}}), HasSubstr("also the name of another space"));
  EXPECT_THAT(create_error({{"a b"}}), HasSubstr("need letters, digits"));
  EXPECT_THAT(create_error({{"x", static_cast<SparseModifier>(9)}}), HasSubstr("modifier is 9"));
  EXPECT_THAT(create_error(std::vector<SparseSpaceConfig>(17, {"x"})), HasSubstr("at most 16"));
}

// A sparse vector that cannot be read, or that belongs to no point, is damage. The collection is
// quarantined, and its error tells where the damage is.
TEST_F(SparseSearchTest, DamagedVectorsAreFoundAtTheStart) {
  ASSERT_TRUE(
      UpsertPoints(*collection_, {{PointId::Number(1), {}, "", {{"terms", {{7}, {1}}}}}}).ok());
  collection_.reset();
  database_.reset();
  struct {
    std::string name;
    uint64_t row;
    std::string value;
    std::string message;
  } const damages[] = {
      {"cut", 0, std::string("\x02", 1), "sparse vector of row 0 in space 'terms'"},
      {"emptied", 0, "", "sparse vector of row 0 in space 'terms'"},
      {"of no point", 9, "", "row 9 in space 'terms': it belongs to no point"},
  };
  for (const auto& damage : damages) {
    SCOPED_TRACE(damage.name);
    TempDirectory copy;
    std::filesystem::copy(directory_.path(), copy.path(), std::filesystem::copy_options::recursive);
    {
      DatabaseOptions options;
      options.directory = copy.path();
      const SharedResources shared(options);
      auto store = Store::Open(copy.path() + "/collections/c", Store::Mode::kOpen, shared);
      ASSERT_TRUE(store.ok()) << store.status();
      const auto batch = (*store)->NewBatch(100);
      batch->Put(Family::kCodes, Key::OfSpaceRow(kFirstSparseSpace, damage.row).view(),
                 damage.value);
      ASSERT_TRUE((*store)->Write(*batch, /*sync=*/true).ok());
    }
    const auto database = MustOpen(copy.path());
    const absl::Status status = database->GetCollection("c").status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_THAT(status.message(), HasSubstr(damage.message));
  }
}

}  // namespace sparse_search_test
}  // namespace tqdb::storage
