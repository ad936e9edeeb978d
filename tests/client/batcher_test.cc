#include "client/cli/load/batcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <optional>

#include "absl/strings/str_cat.h"
#include "client/cli/load/row_check.h"

namespace tqdb::client {
namespace batcher_test {

using ::testing::ElementsAre;

// Gives points 0, 1, 2, ... of one coordinate each. Pauses, like a pipe, before some of them.
class CountingSource : public VectorSource {
 public:
  const std::vector<SourceSpace>& spaces() const override { return spaces_; }
  std::optional<uint64_t> total_rows() const override { return rows; }
  double fraction_read() const override { return 0; }
  bool Await(absl::Time) override { return next_ != pause_before; }
  absl::StatusOr<bool> Next(Point& point) override {
    if (next_ == error_before) return absl::DataLossError("cut off");
    if (next_ == rows) return false;
    point = {.id = PointId::Number(next_), .vectors = {{"", {static_cast<float>(next_)}}}};
    ++next_;
    return true;
  }
  RowPlace place() const override { return {next_ - 1, 0}; }
  std::string Describe(const RowPlace& place) const override {
    return absl::StrCat("row ", place.row);
  }

  uint64_t rows = 10;
  std::optional<uint64_t> pause_before;
  std::optional<uint64_t> error_before;

 private:
  const std::vector<SourceSpace> spaces_ = {{"", 1}};
  uint64_t next_ = 0;
};

// Returns the numbers of rows of the batches up to the end or an empty one.
std::vector<size_t> Sizes(Batcher& batcher) {
  std::vector<size_t> sizes;
  while (true) {
    absl::StatusOr<Batch> batch = batcher.Next();
    if (!batch.ok() || batch->points.empty()) return sizes;
    EXPECT_EQ(batch->points.size(), batch->places.size());
    for (size_t i = 0; i < batch->points.size(); ++i) {
      EXPECT_EQ(batch->points[i].id.number(), batch->places[i].row);
    }
    sizes.push_back(batch->points.size());
  }
}

TEST(BatcherTest, EndsBatchesAtTheLimitsOfRowsAndBytes) {
  CountingSource source;
  Batcher by_rows(source, {.points = 4}, nullptr);
  EXPECT_THAT(Sizes(by_rows), ElementsAre(4, 4, 2));
  EXPECT_TRUE(by_rows.ended());
  CountingSource again;
  Batcher by_bytes(again, {.points = 100, .bytes = 300}, nullptr);  // a row counts 84 bytes
  EXPECT_THAT(Sizes(by_bytes), ElementsAre(3, 3, 3, 1));
  CountingSource large;
  Batcher one_by_one(large, {.points = 100, .bytes = 1}, nullptr);
  EXPECT_EQ(Sizes(one_by_one).size(), 10u);
}

TEST(BatcherTest, SendsARowThatLooksBadAlone) {
  CountingSource source;
  Batcher batcher(source, {.points = 4}, [](const Point& point) { return point.id.number() == 5; });
  EXPECT_THAT(Sizes(batcher), ElementsAre(4, 1, 1, 4));
}

TEST(BatcherTest, DoesNotWaitLongForAPipe) {
  CountingSource source;
  source.pause_before = 6;
  Batcher batcher(source, {.points = 4}, nullptr);
  EXPECT_THAT(Sizes(batcher), ElementsAre(4, 2));
  EXPECT_FALSE(batcher.ended());
  source.pause_before.reset();
  EXPECT_THAT(Sizes(batcher), ElementsAre(4));
  EXPECT_TRUE(batcher.ended());
}

TEST(BatcherTest, GivesTheRowsBeforeAnErrorFirst) {
  CountingSource source;
  source.error_before = 6;
  Batcher batcher(source, {.points = 4}, nullptr);
  EXPECT_EQ(batcher.Next()->points.size(), 4u);
  EXPECT_EQ(batcher.Next()->points.size(), 2u);
  EXPECT_EQ(batcher.Next().status(), absl::DataLossError("cut off"));
}

TEST(RowCheckTest, PredictsWhatServersRefuse) {
  CollectionConfig config;
  config.vector_spaces = {{.name = "a", .dim = 2},
                          {.name = "d", .dim = 1, .metric = Metric::kDot},
                          {.name = "h", .dim = 1, .store_vectors = StoreVectors::kF16}};
  config.sparse_spaces = {{.name = "s"}};
  const auto bad = [&config](const Point& point) { return LooksBad(point, config); };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_FALSE(bad({.vectors = {{"a", {1, 2}}, {"d", {0}}, {"h", {65504}}}}));
  EXPECT_FALSE(bad({.sparse_vectors = {{"s", {{7}, {1}}}}}));
  EXPECT_TRUE(bad({}));
  EXPECT_TRUE(bad({.vectors = {{"a", {1}}}}));
  EXPECT_TRUE(bad({.vectors = {{"b", {1, 2}}}}));
  EXPECT_TRUE(bad({.vectors = {{"a", {0, 0}}}}));
  EXPECT_TRUE(bad({.vectors = {{"a", {1, nan}}}}));
  EXPECT_TRUE(bad({.vectors = {{"d", {2e15f}}}}));
  EXPECT_TRUE(bad({.vectors = {{"h", {65536}}}}));
  EXPECT_TRUE(bad({.sparse_vectors = {{"t", {{7}, {1}}}}}));
  EXPECT_TRUE(bad({.vectors = {{"a", {1, 2}}}, .payload = std::string((1 << 20) + 1, ' ')}));
}

}  // namespace batcher_test
}  // namespace tqdb::client
