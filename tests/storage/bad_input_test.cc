// Tests that every bad batch and query is refused with a message that names the field, and leaves
// no trace. Each case spoils one part of a good batch or query. Dumps of the collection before and
// after show that nothing was written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "tests/storage/fixture.h"

namespace tqdb::storage {
namespace bad_input_test {

using ::testing::HasSubstr;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

class BadInputTest : public ::testing::Test {
 protected:
  void SetUp() override {
    database_ = MustOpen(directory_.path());
    CollectionConfig config = ConfigOf({SpaceOf("", 8), SpaceOf("l2", 12), SpaceOf("half", 8)});
    config.spaces[1].codec.metric = Metric::kL2;
    config.spaces[1].store_vectors = StoreVectors::kNone;
    config.spaces[2].store_vectors = StoreVectors::kF16;
    collection_ = MustCreate(*database_, "c", config);
    testing::Gaussian random(1);
    for (uint64_t i = 0; i < 20; ++i) {
      ASSERT_TRUE(UpsertPoints(*collection_, {{PointId::Number(i),
                                               {{"", random.Vector(8)}, {"l2", random.Vector(12)}},
                                               R"({"i": 1})"}})
                      .ok());
    }
    before_ = DumpText(*collection_);
  }

  static TestPoint Good(uint64_t id) {
    return {PointId::Number(id), {{"", std::vector<float>(8, 1)}}, ""};
  }

  void ExpectRefused(const std::vector<TestPoint>& points, const std::string& part) {
    const absl::Status status = UpsertPoints(*collection_, points).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(part));
  }

  TempDirectory directory_;
  std::unique_ptr<Database> database_;
  std::shared_ptr<Collection> collection_;
  std::vector<std::string> before_;
};

TEST_F(BadInputTest, BadBatchesAreRefusedWholeAndNothingIsWritten) {
  const auto with_vector = [](const std::string& name, std::vector<float> vector) {
    return std::vector<TestPoint>{Good(1), {PointId::Number(2), {{name, std::move(vector)}}, ""}};
  };
  const auto with_payload = [](const std::string& payload) {
    std::vector<TestPoint> points = {Good(1), Good(50)};
    points[1].payload = payload;
    return points;
  };
  const auto at = [](size_t dim, size_t i, float value) {
    std::vector<float> vector(dim, 1);
    vector[i] = value;
    return vector;
  };
  ExpectRefused({}, "points is empty");
  ExpectRefused(std::vector<TestPoint>(kMaxBatchPoints + 1, Good(1)), "10001");
  ExpectRefused({Good(1), Good(2), Good(1)}, "points[2].id 1 is there twice");
  ExpectRefused({Good(1), {PointId::Number(2), {}, ""}}, "points[1] with id 2 has no vector");
  ExpectRefused(with_vector("nope", std::vector<float>(8, 1)), "'nope'");
  ExpectRefused({{PointId::Number(1), {{"", std::vector<float>(9, 1)}}, ""}}, "dim 9");
  ExpectRefused({{PointId::Number(1), {{"l2", std::vector<float>(8, 1)}}, ""}}, "dim 8");
  ExpectRefused(with_vector("", at(8, 3, kNan)), "coordinate 3");
  ExpectRefused(with_vector("", at(8, 0, kInfinity)), "inf");
  ExpectRefused(with_vector("", at(8, 7, -kInfinity)), "coordinate 7");
  ExpectRefused(with_vector("", at(8, 7, 2e15f)), "coordinate 7");
  ExpectRefused(with_vector("", std::vector<float>(8, 0)), "points[1].vectors '' has norm 0");
  ExpectRefused(with_vector("", std::vector<float>(8, 1e-20f)), "norm");
  ExpectRefused(with_vector("half", at(8, 2, 65520.0f)),
                "points[1].vectors 'half' has 65520 at coordinate 2");
  ExpectRefused(with_vector("half", std::vector<float>(8, 1e-9f)), "float16");
  ExpectRefused(with_vector("l2", at(12, 11, kNan)),
                "points[1].vectors 'l2' has nan at coordinate 11");
  for (const char* payload :
       {"[1]", "1", "null", "\"x\"", "{", "{}x", "{'a': 1}", "{\"a\": }", "  ", "{\"a\": 1e999}"}) {
    ExpectRefused(with_payload(payload), "points[1].payload");
  }
  ExpectRefused(with_payload("{\"a\": \"\xff\"}"), "UTF-8");
  ExpectRefused(with_payload("{\"a\": \"" + std::string(kMaxPayloadBytes, 'x') + "\"}"), "bytes");
  EXPECT_EQ(DumpText(*collection_), before_);

  // Refused batches leave no row on disk either: a reopened database is the same.
  collection_.reset();
  database_.reset();
  database_ = MustOpen(directory_.path());
  collection_ = MustGet(*database_, "c");
  EXPECT_EQ(DumpText(*collection_), before_);
  EXPECT_EQ(collection_->Count(), 20u);
}

// The lists of a batch are parallel, and some refer to others by number. If their lengths were not
// compared, storage would read out of bounds.
TEST_F(BadInputTest, BatchesWhoseShapesDisagreeAreRefused) {
  const std::vector<float> values(64, 1);
  const std::vector<PointId> ids = {PointId::Number(100), PointId::Number(101)};
  const std::vector<absl::string_view> payloads = {"{}"};
  const auto refused = [&](const std::function<void(UpsertBatch&)>& change) {
    UpsertBatch batch;
    batch.ids = ids;
    batch.vectors = {{"", MatrixView(values.data(), 2, 8), {}}};
    change(batch);
    const absl::Status status = collection_->Upsert(batch).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  };
  refused([&](UpsertBatch& b) { b.payloads = payloads; });
  refused([&](UpsertBatch& b) { b.vectors[0].rows = MatrixView(values.data(), 1, 8); });
  refused([&](UpsertBatch& b) { b.vectors[0].rows = MatrixView(values.data(), 3, 8); });
  refused([&](UpsertBatch& b) { b.vectors[0].points = {0}; });
  refused([&](UpsertBatch& b) { b.vectors[0].points = {0, 0}; });
  refused([&](UpsertBatch& b) { b.vectors[0].points = {0, 2}; });
  refused([&](UpsertBatch& b) { b.vectors.push_back(b.vectors[0]); });
  refused([&](UpsertBatch& b) { b.vectors.clear(); });
  EXPECT_EQ(DumpText(*collection_), before_);
}

TEST_F(BadInputTest, BadQueriesAreRefusedByField) {
  const std::vector<float> good(12, 1), zero(8, 0), bad = {1, 2, 3, kNan, 5, 6, 7, 8};
  const auto refused = [&](MatrixView query, const SearchSpec& spec, const std::string& part,
                           absl::StatusCode code = absl::StatusCode::kInvalidArgument) {
    const absl::Status status = collection_->Search(query, spec).status();
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(part));
  };
  const MatrixView query(good.data(), 1, 8), query12(good.data(), 1, 12);
  refused(MatrixView(good.data(), 0, 8), {}, "0 queries");
  refused(MatrixView(good.data(), 1, 9), {}, "dim 9");
  refused(MatrixView(zero.data(), 1, 8), {}, "norm");
  refused(MatrixView(bad.data(), 1, 8), {}, "coordinate 3");
  refused(query, {.space = "nope"}, "'nope'");
  refused(query, {.limit = 0}, "limit is 0");
  refused(query, {.limit = kMaxTopK + 1}, "10001");
  refused(query, {.score_threshold = kNan}, "score_threshold");
  for (const double oversampling : {0.5, 100.5, -1.0, double{kNan}}) {
    refused(query, {.rerank = true, .oversampling = oversampling}, "oversampling");
  }
  refused(query, {.limit = 10000, .rerank = true, .oversampling = 99}, "990000");
  refused(query, {.limit = 10, .offset = 9990, .rerank = true, .oversampling = 99}, "990000");
  for (const float bound : {-1.0f, 10.5f, kNan}) {
    refused(query, {.error_bound = bound}, "error_bound");
  }
  refused(query12, {.space = "l2", .exact = true}, "store_vectors NONE",
          absl::StatusCode::kFailedPrecondition);
  refused(query12, {.space = "l2", .rerank = true}, "store_vectors NONE",
          absl::StatusCode::kFailedPrecondition);
}

TEST_F(BadInputTest, ListsThatAreTooLongAreRefused) {
  const std::vector<PointId> ids(kMaxBatchPoints + 1, PointId::Number(1));
  EXPECT_TRUE(absl::IsInvalidArgument(collection_->Delete(ids, Durability::kSync).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(collection_->Get(ids, {}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(collection_->Scroll(nullptr, {.limit = 0}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      collection_->Scroll(nullptr, {.limit = kMaxBatchPoints + 1}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      collection_->SetMetadata({{"k", std::string(kMaxMetadataBytes, 'x')}})));
  EXPECT_EQ(DumpText(*collection_), before_);
}

}  // namespace bad_input_test
}  // namespace tqdb::storage
