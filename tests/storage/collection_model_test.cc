// Compares a collection with a std::map under random upserts, deletes, reads and searches,
// reopening included. The map holds the points as they were written. Exact scores over its vectors
// are the oracle of searches. The operations come from a fixed seed, and a failure prints the
// number of its step.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "base/float16.h"
#include "core/space/vector_space.h"
#include "tests/storage/fixture.h"

namespace tqdb::storage {
namespace collection_model_test {

using Model = std::map<PointId, TestPoint>;

// Returns a vector in the form in which a space with originals returns it.
std::vector<float> AsStored(std::vector<float> vector, StoreVectors form) {
  if (form == StoreVectors::kF16) {
    for (float& value : vector) value = HalfToFloat(FloatToHalf(value));
  }
  return vector;
}

// A configuration under which all tests of this file run.
struct Variant {
  const char* name;
  CollectionConfig config;
};

Variant OneSpace(const char* name, StoreVectors store, Metric metric, Centering centering) {
  CollectionConfig config = ConfigOf({SpaceOf("", 12)});
  config.spaces[0].store_vectors = store;
  config.spaces[0].codec.metric = metric;
  config.spaces[0].centering = centering;
  return {name, config};
}

// Returns a configuration in which points can lack one of their vectors.
Variant TwoSpaces() {
  CollectionConfig config = ConfigOf({SpaceOf("a", 12), SpaceOf("b", 200)});
  config.spaces[0].store_vectors = StoreVectors::kF16;
  config.spaces[0].codec.metric = Metric::kDot;
  config.spaces[1].codec.code_bits = 2;
  return {"TwoSpaces", config};
}

class CollectionModelTest : public ::testing::TestWithParam<Variant> {
 protected:
  const CollectionConfig& config() const { return GetParam().config; }

  PointId RandomId() {
    const uint64_t number = random_.Below(300);
    return number < 200 ? PointId::Number(number) : PointId::Uuid(number, number * 3);
  }

  TestPoint RandomPoint(const PointId& id) {
    TestPoint point;
    point.id = id;
    if (random_.Below(3) != 0)
      point.payload = "{\"n\": " + std::to_string(random_.Below(1000)) + "}";
    const size_t skipped = config().spaces.size() > 1 ? random_.Below(4) : 99;  // 2 and more: none
    for (size_t s = 0; s < config().spaces.size(); ++s) {
      if (s == skipped) continue;
      point.vectors[config().spaces[s].name] = RandomVectorOf(config().spaces[s]);
    }
    return point;
  }

  std::string ModelText(const TestPoint& point) const {
    PointRecord record;
    record.id = point.id;
    record.payload = point.payload;
    for (const VectorSpaceConfig& space : config().spaces) {
      const auto it = point.vectors.find(space.name);
      if (it == point.vectors.end()) continue;
      record.vectors.push_back({space.name, AsStored(it->second, space.store_vectors)});
    }
    return Text(record);
  }

  // Compares everything that can be read with the model.
  void Compare() {
    ASSERT_EQ(collection_->Count(), model_.size());
    const std::vector<PointRecord> dump = Dump(*collection_, 1 + random_.Below(50));
    ASSERT_EQ(dump.size(), model_.size());
    size_t i = 0;
    for (const auto& [id, point] : model_) {
      ASSERT_EQ(dump[i].id, id);
      if (config().spaces[0].store_vectors == StoreVectors::kNone) {
        ASSERT_EQ(dump[i].payload, point.payload);
        CompareDecoded(dump[i], point);
      } else {
        ASSERT_EQ(Text(dump[i]), ModelText(point));
      }
      ++i;
    }
    for (const VectorSpaceConfig& space : config().spaces) {
      CompareSearch(space);
    }
  }

  // A space without originals returns vectors that are decoded from their codes. The squared error
  // must stay below 5 % of the squared norm.
  static void CompareDecoded(const PointRecord& record, const TestPoint& point) {
    ASSERT_EQ(record.vectors.size(), point.vectors.size());
    double error = 0, norm = 0;
    const std::vector<float>& expected = point.vectors.at("");
    for (size_t i = 0; i < expected.size(); ++i) {
      error += std::pow(double{record.vectors[0].values[i]} - expected[i], 2);
      norm += std::pow(double{expected[i]}, 2);
    }
    ASSERT_LT(error, 0.05 * norm);
  }

  // Searches for a random vector in every way that the space allows.
  void CompareSearch(const VectorSpaceConfig& space) {
    const std::vector<float> query = RandomVectorOf(space);
    std::vector<std::pair<float, PointId>> expected;
    for (const auto& [id, point] : model_) {
      const auto it = point.vectors.find(space.name);
      if (it == point.vectors.end()) continue;
      const std::vector<float> row = AsStored(it->second, space.store_vectors);
      expected.emplace_back(-ExactScore(space.codec.metric, query.data(), row.data(), row.size()),
                            id);
    }
    std::sort(expected.begin(), expected.end());

    SearchSpec spec;
    spec.space = space.name;
    spec.limit = 1 + random_.Below(20);
    spec.error_bound = 10;
    // A search by codes finds every point once, and no point that does not exist.
    SearchSpec all = spec;
    all.limit = 1000;
    std::map<std::string, int> seen;
    for (const auto& [id, score] : SearchText(*collection_, query, all)) ++seen[id];
    ASSERT_EQ(seen.size(), expected.size());
    for (const auto& [score, id] : expected) ASSERT_EQ(seen[id.ToString()], 1);
    if (space.store_vectors == StoreVectors::kNone) return;

    // A search by originals gives the exact answer. So does a rerank of all points.
    std::vector<std::pair<std::string, float>> best;
    for (size_t i = 0; i < std::min(spec.limit, expected.size()); ++i) {
      best.emplace_back(expected[i].second.ToString(), -expected[i].first);
    }
    SearchSpec exact = spec, rerank = spec;
    exact.exact = true;
    rerank.rerank = true;
    rerank.limit = 300;
    rerank.oversampling = 1;
    ASSERT_EQ(SearchText(*collection_, query, exact), best);
    auto reranked = SearchText(*collection_, query, rerank);
    reranked.resize(std::min(best.size(), reranked.size()));
    ASSERT_EQ(reranked, best);
  }

  // Vectors share a direction, so that a mean is adopted on the way.
  std::vector<float> RandomVectorOf(const VectorSpaceConfig& space) {
    std::vector<float> vector = random_.Vector(space.codec.dim);
    for (size_t i = 0; i < vector.size(); ++i)
      vector[i] = 0.3f * vector[i] + (i % 2 == 0 ? 1.0f : -0.5f);
    return vector;
  }

  void RandomUpsert() {
    std::map<PointId, TestPoint> points;
    const size_t size = 1 + random_.Below(40);
    for (size_t i = 0; i < size; ++i) {
      const PointId id = RandomId();
      points[id] = RandomPoint(id);
    }
    UpsertResult expected;
    std::vector<TestPoint> batch;
    for (const auto& [id, point] : points) {
      ++(model_.count(id) > 0 ? expected.replaced : expected.inserted);
      model_[id] = point;
      batch.push_back(point);
    }
    const auto result = UpsertPoints(
        *collection_, batch, random_.Below(4) == 0 ? Durability::kSync : Durability::kAsync);
    ASSERT_TRUE(result.ok()) << result.status();
    ASSERT_EQ(result->inserted, expected.inserted);
    ASSERT_EQ(result->replaced, expected.replaced);
  }

  void RandomDelete() {
    std::vector<PointId> ids(random_.Below(20), PointId::Number(0));
    uint64_t expected = 0;
    for (PointId& id : ids) {
      id = RandomId();  // may be named twice, and may not exist
      expected += model_.erase(id);
    }
    const auto deleted = collection_->Delete(ids, Durability::kSync);
    ASSERT_TRUE(deleted.ok()) << deleted.status();
    ASSERT_EQ(*deleted, expected);
  }

  void RandomGet() {
    std::vector<PointId> ids(random_.Below(30), PointId::Number(0));
    for (PointId& id : ids) id = RandomId();
    const auto records = collection_->Get(ids, {.payload = true});
    ASSERT_TRUE(records.ok()) << records.status();
    size_t next = 0;
    for (const PointId& id : ids) {
      if (model_.count(id) == 0) continue;
      ASSERT_LT(next, records->size());
      ASSERT_EQ((*records)[next].id, id);
      ASSERT_EQ((*records)[next].payload, model_[id].payload);
      ASSERT_TRUE((*records)[next].vectors.empty());
      ++next;
    }
    ASSERT_EQ(next, records->size());
  }

  void Reopen() {
    collection_.reset();
    database_.reset();
    database_ = MustOpen(directory_.path());
    collection_ = MustGet(*database_, "c");
  }

  testing::Gaussian random_{42};
  TempDirectory directory_;
  std::unique_ptr<Database> database_;
  std::shared_ptr<Collection> collection_;
  Model model_;
};

TEST_P(CollectionModelTest, AgreesWithAMap) {
  database_ = MustOpen(directory_.path());
  collection_ = MustCreate(*database_, "c", config());
  Compare();
  for (int step = 0; step < 400; ++step) {
    SCOPED_TRACE(step);
    const size_t what = random_.Below(20);
    if (what < 9) {
      RandomUpsert();
    } else if (what < 13) {
      RandomDelete();
    } else if (what < 18) {
      RandomGet();
    } else if (what == 18) {
      ASSERT_TRUE(collection_->Flush(/*settle=*/random_.Below(2) == 0).ok());
    }
    if (step % 50 == 25) Reopen();
    if (step % 10 == 0) Compare();
    if (HasFatalFailure()) return;
  }
  ASSERT_TRUE(collection_->Flush(/*settle=*/true).ok());
  Compare();
  Reopen();
  Compare();
}

// The result of a search depends on the points alone, and not on the history of the process.
TEST_P(CollectionModelTest, SearchAnswersAreTheSameAfterReopening) {
  database_ = MustOpen(directory_.path());
  collection_ = MustCreate(*database_, "c", config());
  for (int step = 0; step < 60; ++step) RandomUpsert();
  ASSERT_TRUE(collection_->Flush(/*settle=*/true).ok());
  std::vector<std::vector<float>> queries;
  std::vector<std::vector<std::pair<std::string, float>>> before;
  for (int i = 0; i < 20; ++i) {
    SearchSpec spec;
    spec.space = config().spaces[0].name;
    queries.push_back(RandomVectorOf(config().spaces[0]));
    before.push_back(SearchText(*collection_, queries.back(), spec));
  }
  Reopen();
  for (size_t i = 0; i < queries.size(); ++i) {
    SearchSpec spec;
    spec.space = config().spaces[0].name;
    EXPECT_EQ(SearchText(*collection_, queries[i], spec), before[i]);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Configs, CollectionModelTest,
    ::testing::Values(OneSpace("F32", StoreVectors::kF32, Metric::kCosine, Centering::kAuto),
                      OneSpace("F16L2", StoreVectors::kF16, Metric::kL2, Centering::kAuto),
                      OneSpace("CodesOnly", StoreVectors::kNone, Metric::kCosine, Centering::kAuto),
                      OneSpace("NotCentered", StoreVectors::kF32, Metric::kDot, Centering::kOff),
                      TwoSpaces()),
    [](const ::testing::TestParamInfo<Variant>& info) { return info.param.name; });

}  // namespace collection_model_test
}  // namespace tqdb::storage
