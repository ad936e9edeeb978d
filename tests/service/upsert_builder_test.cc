// Tests the batch that the builder makes for storage, and its messages about bad vectors, which
// name the point and the vector by their places in the request.
#include "service/upsert_builder.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tqdb::service {
namespace upsert_builder_test {

using ::testing::ElementsAre;

// Returns a configuration with the spaces "a" of dim 8 and "b" of dim 9, and the sparse space "s".
std::shared_ptr<const storage::CollectionConfig> Config() {
  storage::CollectionConfig config;
  for (const char* name : {"a", "b"}) {
    storage::VectorSpaceConfig space;
    space.name = name;
    space.codec.dim = name[0] == 'a' ? 8 : 9;
    config.spaces.push_back(space);
  }
  config.sparse_spaces.push_back({"s"});
  return std::make_shared<const storage::CollectionConfig>(std::move(config));
}

class UpsertBuilderTest : public ::testing::Test {
 protected:
  UpsertBuilder Builder(size_t points) { return UpsertBuilder::Create(Config(), points).value(); }
  static VectorView View(const std::vector<float>& values) { return VectorView::OfFloats(values); }
  static std::string Text(const absl::Status& status) { return std::string(status.message()); }

  const std::vector<float> a0_ = std::vector<float>(8, 0), a1_ = std::vector<float>(8, 1),
                           a2_ = std::vector<float>(8, 2), b1_ = std::vector<float>(9, 11),
                           b2_ = std::vector<float>(9, 12);
};

// Vectors come point by point, with the spaces in any order. The batch must have one aligned matrix
// for each space, and say which points its rows belong to.
TEST_F(UpsertBuilderTest, GathersOneMatrixASpaceWithThePointsItsRowsBelongTo) {
  UpsertBuilder builder = Builder(3);
  ASSERT_TRUE(builder.AddPoint(PointId::Number(0), "").ok());
  ASSERT_TRUE(builder.AddVector("a", View(a0_)).ok());
  ASSERT_TRUE(builder.AddPoint(PointId::Number(1), "{}").ok());
  ASSERT_TRUE(builder.AddVector("a", View(a1_)).ok());
  ASSERT_TRUE(builder.AddVector("b", View(b1_)).ok());
  ASSERT_TRUE(builder.AddPoint(PointId::Number(2), "").ok());
  ASSERT_TRUE(builder.AddVector("b", View(b2_)).ok());
  ASSERT_TRUE(builder.AddVector("a", View(a2_)).ok());
  const absl::StatusOr<PreparedUpsert> built =
      std::move(builder).Build(storage::Durability::kAsync);
  ASSERT_TRUE(built.ok()) << built.status();
  const storage::UpsertBatch& batch = built->batch;
  EXPECT_THAT(batch.ids, ElementsAre(PointId::Number(0), PointId::Number(1), PointId::Number(2)));
  EXPECT_THAT(batch.payloads, ElementsAre("", "{}", ""));
  EXPECT_EQ(batch.durability, storage::Durability::kAsync);
  ASSERT_EQ(batch.vectors.size(), 2u);
  EXPECT_EQ(batch.vectors[0].name, "a");
  EXPECT_TRUE(batch.vectors[0].points.empty());  // every point has one
  ASSERT_EQ(batch.vectors[0].rows.rows(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(batch.vectors[0].rows.row(i)[7], static_cast<float>(i));
  }
  EXPECT_EQ(reinterpret_cast<uintptr_t>(batch.vectors[0].rows.data()) % 64, 0u);
  EXPECT_EQ(batch.vectors[1].name, "b");
  EXPECT_THAT(batch.vectors[1].points, ElementsAre(1, 2));
  EXPECT_EQ(batch.vectors[1].rows.row(0)[8], 11);
  EXPECT_EQ(batch.vectors[1].rows.row(1)[8], 12);
}

// Storage needs ascending indices. A vector that has them is passed on without a copy.
TEST_F(UpsertBuilderTest, SparseVectorsAreSortedWhereTheyMustBe) {
  const std::vector<uint32_t> ascending = {3, 8}, descending = {9, 2};
  const std::vector<float> values = {1, 2};
  UpsertBuilder builder = Builder(2);
  ASSERT_TRUE(builder.AddPoint(PointId::Number(0), "").ok());
  ASSERT_TRUE(builder.AddSparseVector("s", {ascending, values}).ok());
  ASSERT_TRUE(builder.AddPoint(PointId::Number(1), "").ok());
  ASSERT_TRUE(builder.AddSparseVector("s", {descending, values}).ok());
  const PreparedUpsert built = std::move(builder).Build(storage::Durability::kSync).value();
  EXPECT_TRUE(built.batch.vectors.empty());
  EXPECT_TRUE(built.batch.payloads.empty());  // no point has one
  ASSERT_EQ(built.batch.sparse.size(), 1u);
  EXPECT_THAT(built.batch.sparse[0].points, ElementsAre(0, 1));
  EXPECT_EQ(built.batch.sparse[0].rows[0].indices.data(), ascending.data());  // not copied
  EXPECT_THAT(built.batch.sparse[0].rows[1].indices, ElementsAre(2, 9));
  EXPECT_THAT(built.batch.sparse[0].rows[1].values, ElementsAre(2, 1));
}

TEST_F(UpsertBuilderTest, NamesTheVectorThatIsWrong) {
  UpsertBuilder builder = Builder(3);
  ASSERT_TRUE(builder.AddPoint(PointId::Number(0), "").ok());
  ASSERT_TRUE(builder.AddVector("a", View(a0_)).ok());
  ASSERT_TRUE(builder.AddPoint(PointId::Number(1), "").ok());
  EXPECT_EQ(Text(builder.AddVector("x", View(a0_))),
            "points[1].vectors[0].name is 'x'; the collection has the vector spaces 'a', 'b'");
  EXPECT_EQ(Text(builder.AddVector("b", View(a0_))),
            "points[1].vectors[0].vector.values has 8 numbers; vector space 'b' has dim 9");
  ASSERT_TRUE(builder.AddVector("b", View(b1_)).ok());
  EXPECT_EQ(Text(builder.AddVector("b", View(b1_))),
            "points[1].vectors[1].name is 'b' for the second time in one point");
  EXPECT_EQ(Text(builder.AddSparseVector("t", {})),
            "points[1].sparse_vectors[0].name is 't'; the collection has the sparse spaces 's'");
  ASSERT_TRUE(builder.AddSparseVector("s", {}).ok());
  EXPECT_EQ(Text(builder.AddSparseVector("s", {})),
            "points[1].sparse_vectors[1].name is 's' for the second time in one point");
}

// The builder notices a point without a vector when the next point begins. No point follows the
// last one, so Build must check that one.
TEST_F(UpsertBuilderTest, EveryPointNeedsAVector) {
  const char* kNeed = "].vectors is empty; a point needs a vector in at least one space";
  UpsertBuilder builder = Builder(2);
  ASSERT_TRUE(builder.AddPoint(PointId::Number(0), "").ok());
  EXPECT_EQ(Text(builder.AddPoint(PointId::Number(1), "")), std::string("points[0") + kNeed);
  UpsertBuilder last = Builder(2);
  ASSERT_TRUE(last.AddPoint(PointId::Number(0), "").ok());
  ASSERT_TRUE(last.AddVector("a", View(a0_)).ok());
  ASSERT_TRUE(last.AddPoint(PointId::Number(1), "").ok());
  EXPECT_EQ(Text(std::move(last).Build(storage::Durability::kSync).status()),
            std::string("points[1") + kNeed);
}

TEST_F(UpsertBuilderTest, ABatchHasItsLimits) {
  EXPECT_EQ(Text(UpsertBuilder::Create(Config(), 0).status()),
            "points has 0 entries; allowed: 1..10000");
  EXPECT_TRUE(UpsertBuilder::Create(Config(), storage::kMaxBatchPoints).ok());
  EXPECT_EQ(Text(UpsertBuilder::Create(Config(), storage::kMaxBatchPoints + 1).status()),
            "points has 10001 entries; allowed: 1..10000");
}

}  // namespace upsert_builder_test
}  // namespace tqdb::service
