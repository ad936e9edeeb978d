// Tests payload indexes that change while one of them is being built. A build calls back to ask
// whether it should stop. The test makes its changes within this call, so they always fall into the
// build.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/storage/fixture.h"
#include "values/filter_json.h"

namespace tqdb::storage {
namespace index_build_test {

constexpr size_t kDim = 8;
constexpr uint64_t kPoints = 2000;

uint64_t CountOf(const Collection& collection, const std::string& value) {
  const Filter filter =
      *FilterFromJson(absl::StrCat(R"({"must":[{"key":"k","match":{"value":")", value, R"("}}]})"));
  const auto count = collection.CountMatching({filter});
  EXPECT_TRUE(count.ok()) << count.status();
  return count.value_or(0);
}

// A build reads the payloads as they are when it begins. An index that is deleted and made again
// during the build must not be shown these payloads: they may have been edited in between.
TEST(IndexBuildTest, ABuildLeavesAnIndexThatCameLaterAlone) {
  TempDirectory directory;
  const auto database = MustOpen(directory.path());
  const auto collection = MustCreate(*database, "c", ConfigOf({SpaceOf("", kDim)}));
  testing::Gaussian random(7);
  std::vector<TestPoint> points;
  for (uint64_t id = 0; id < kPoints; ++id) {
    points.push_back({PointId::Number(id), {{"", random.Vector(kDim)}}, R"({"k":"old"})"});
  }
  ASSERT_TRUE(UpsertPoints(*collection, points).ok());

  bool begun = false;
  const auto created = collection->CreatePayloadIndex("k", FieldKind::kKeyword, /*wait=*/true, [&] {
    if (begun) return false;
    begun = true;
    EXPECT_TRUE(collection->DeletePayloadIndex("k").ok());
    const PayloadEdit edit{.kind = PayloadEdit::Kind::kSet, .json = R"({"k":"new"})"};
    const auto edited = collection->UpdatePayload({.ids = {}, .filter = Filter(), .edit = edit});
    EXPECT_TRUE(edited.ok()) << edited.status();
    EXPECT_TRUE(collection->CreatePayloadIndex("k", FieldKind::kKeyword, /*wait=*/false, {}).ok());
    return false;
  });
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_TRUE(begun);
  EXPECT_EQ(CountOf(*collection, "old"), 0u);
  EXPECT_EQ(CountOf(*collection, "new"), kPoints);
  // Check again when the second index is complete.
  ASSERT_TRUE(collection->CreatePayloadIndex("k", FieldKind::kKeyword, /*wait=*/true, {}).ok());
  EXPECT_EQ(CountOf(*collection, "old"), 0u);
  EXPECT_EQ(CountOf(*collection, "new"), kPoints);
}

// An edit of another key, while an index of texts is being built, must not make the build take the
// row for one that it has ranked already.
TEST(IndexBuildTest, AnEditOfAnotherKeyDuringABuildLosesNoText) {
  TempDirectory directory;
  const auto database = MustOpen(directory.path());
  const auto collection = MustCreate(*database, "c", ConfigOf({SpaceOf("", kDim)}));
  testing::Gaussian random(8);
  std::vector<TestPoint> points;
  for (uint64_t id = 0; id < kPoints; ++id) {
    points.push_back({PointId::Number(id), {{"", random.Vector(kDim)}}, R"({"t":"some words"})"});
  }
  ASSERT_TRUE(UpsertPoints(*collection, points).ok());

  bool begun = false;
  const auto created = collection->CreatePayloadIndex("t", FieldKind::kText, /*wait=*/true, [&] {
    if (begun) return false;
    begun = true;
    const PayloadEdit edit{.kind = PayloadEdit::Kind::kSet, .json = R"({"other":1})"};
    const auto edited = collection->UpdatePayload({.ids = {}, .filter = Filter(), .edit = edit});
    EXPECT_TRUE(edited.ok()) << edited.status();
    return false;
  });
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_TRUE(begun);
  SearchSpec spec;
  spec.text = TextQuery{"t", "words"};
  spec.limit = kPoints;
  const auto found = collection->Search(MatrixView(nullptr, 0, kDim), spec);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ((*found)[0].size(), kPoints);
}

}  // namespace index_build_test
}  // namespace tqdb::storage
