// Writes by a filter see each batch whole: points that match all the time are all edited, however
// often they are replaced meanwhile.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/storage/fixture.h"

namespace tqdb::storage {
namespace one_moment_test {

constexpr uint64_t kPoints = 10;

class OneMomentTest : public ::testing::TestWithParam<bool> {};

TEST_P(OneMomentTest, EditByFilterFindsEveryPointThatMatchesAllTheTime) {
  TempDirectory directory;
  auto database = MustOpen(directory.path());
  auto collection = MustCreate(*database, "c", ConfigOf({SpaceOf("", 8)}));
  if (GetParam()) {
    ASSERT_TRUE(collection->CreatePayloadIndex("k", FieldKind::kKeyword, true, {}).ok());
  }
  std::vector<TestPoint> points;
  for (uint64_t i = 0; i < kPoints; ++i) {
    points.push_back({PointId::Number(i), {{"", std::vector<float>(8, 1.0f)}}, "{\"k\": \"z\"}"});
  }
  ASSERT_TRUE(UpsertPoints(*collection, points).ok());
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    while (!stop) EXPECT_TRUE(UpsertPoints(*collection, points).ok());
  });
  const Filter filter = {.must = {{FieldCondition{"k", MatchValue{"z"}}}},
                         .should = {},
                         .must_not = {},
                         .min_should = {}};
  const PayloadEdit edit = {.kind = PayloadEdit::Kind::kSet, .json = "{\"m\": 1}"};
  for (int call = 0; call < 600; ++call) {
    const auto edited = collection->UpdatePayload(
        {.ids = {}, .filter = filter, .edit = edit, .durability = Durability::kAsync});
    ASSERT_TRUE(edited.ok()) << edited.status();
    EXPECT_EQ(*edited, kPoints) << "call " << call;
  }
  stop = true;
  writer.join();
}

INSTANTIATE_TEST_SUITE_P(Index, OneMomentTest, ::testing::Bool());

}  // namespace one_moment_test
}  // namespace tqdb::storage
