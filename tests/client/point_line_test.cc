#include "client/cli/input/point_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json_members.h"

namespace tqdb::client {
namespace point_line_test {

using ::testing::HasSubstr;

TEST(JsonMembersTest, AreTheirTexts) {
  const auto members =
      JsonMembers(R"( { "a" : 1.10 , "b\"}" : {"x": [1, "]},"]} ,"c":[ {} , "\\" ],"d":"\"," } )");
  ASSERT_EQ(members.size(), 4u);
  EXPECT_EQ(members[0].key, "\"a\"");
  EXPECT_EQ(members[0].value, "1.10");
  EXPECT_EQ(members[1].key, R"("b\"}")");
  EXPECT_EQ(members[1].value, R"({"x": [1, "]},"]})");
  EXPECT_EQ(members[2].value, R"([ {} , "\\" ])");
  EXPECT_EQ(members[3].value, R"("\",")");
  EXPECT_TRUE(JsonMembers("{}").empty());
  EXPECT_TRUE(JsonMembers(" { } ").empty());
}

TEST(PointFromLineTest, KeepsTheDigitsOfPayloads) {
  const char payload[] = R"({"n": 1000000000000000000000000000000, "m": 1.10, "k": -0.0})";
  const auto line = PointFromLine(absl::StrCat(R"({"vector":[1],"payload": )", payload, "}"));
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->point.payload, payload);
}

TEST(PointFromLineTest, TakesNamedVectorsUnderTheKeyOfTheVector) {
  const auto line =
      PointFromLine(R"({"id":1,"vector":{"a":[1,2],"s":{"indices":[7],"values":[0.5]}}})");
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->point.vectors, (std::vector<NamedVector>{{"a", {1, 2}}}));
  EXPECT_EQ(line->point.sparse_vectors, (std::vector<NamedSparseVector>{{"s", {{7}, {0.5}}}}));
}

TEST(PointFromLineTest, MapsTheKeysOfDataSets) {
  const LineFields fields = {
      .id = "_id", .vector = "embedding", .payload_rest = true, .hash_ids = true};
  const auto line = PointFromLine(
      R"({"_id":"doc-1","embedding":[1,2],"title":"T","id":5,"vector":null,"n":1e400})", fields);
  // JSON has no bound for numbers, but the parser has.
  EXPECT_FALSE(line.ok());
  const auto good = PointFromLine(
      R"({"_id":"doc-1","embedding":[1,2],"title":"T","id":5,"vector":null})", fields);
  ASSERT_TRUE(good.ok()) << good.status();
  EXPECT_TRUE(good->has_id);
  EXPECT_EQ(good->point.id.uuid(), "ae0ae5ea-2b92-5e5e-991d-68de331bfb81");
  EXPECT_EQ(good->point.vectors, (std::vector<NamedVector>{{"", {1, 2}}}));
  EXPECT_EQ(good->point.payload, R"({"_id":"doc-1","title":"T","id":5,"vector":null})");
}

TEST(PointFromLineTest, KeepsTheTextOfAHashedId) {
  const LineFields fields = {.hash_ids = true};
  const auto payload = [&fields](const char* line) {
    const auto parsed = PointFromLine(line, fields);
    EXPECT_TRUE(parsed.ok()) << parsed.status();
    return parsed.ok() ? parsed->point.payload : "";
  };
  EXPECT_EQ(payload(R"({"id":"a","vector":[1]})"), R"({"id":"a"})");
  EXPECT_EQ(payload(R"({"id":"a","vector":[1],"payload":{}})"), R"({"id":"a"})");
  EXPECT_EQ(payload(R"({"id":"a","vector":[1],"payload":{"b":2}})"), R"({"id":"a","b":2})");
  EXPECT_EQ(payload(R"({"id":"a","vector":[1],"payload":{"id":9}})"), R"({"id":9})");
  // Numbers and UUIDs stay what they are.
  EXPECT_EQ(payload(R"({"id":7,"vector":[1]})"), "");
  EXPECT_EQ(payload(R"({"id":"6ba7b810-9dad-11d1-80b4-00c04fd430c8","vector":[1]})"), "");
}

TEST(PointFromLineTest, SaysWhichOptionsHelp) {
  const auto message = [](const char* line, const LineFields& fields = {}) {
    return std::string(PointFromLine(line, fields).status().message());
  };
  EXPECT_THAT(message(R"({"id":"doc-1","vector":[1]})"), HasSubstr("--hash-ids"));
  EXPECT_THAT(message(R"({"_id":1,"vector":[1]})"), HasSubstr("--payload-rest"));
  EXPECT_THAT(message(R"({"id":1})", {.vector = "embedding"}), HasSubstr("no key \"embedding\""));
  EXPECT_THAT(message(R"({"id":1,"id":2,"vector":[1]})"), HasSubstr("\"id\" twice"));
  EXPECT_THAT(message(R"({"id":1,"vector":[]})", {}), HasSubstr("is not an array of numbers"));
}

// The ids of the Python package's stores, by uuid.uuid5.
TEST(HashedIdTest, IsThatOfThePythonPackage) {
  EXPECT_EQ(HashedId("doc-1").uuid(), "ae0ae5ea-2b92-5e5e-991d-68de331bfb81");
  EXPECT_EQ(HashedId("größe").uuid(), "33f56da1-7594-54fa-bdf9-4b69c3a8f53d");
  EXPECT_EQ(*PointIdFromText("7", /*hash_ids=*/true), PointId::Number(7));
  EXPECT_FALSE(PointIdFromText("", /*hash_ids=*/true).ok());
  EXPECT_FALSE(PointIdFromText("doc-1", /*hash_ids=*/false).ok());
}

}  // namespace point_line_test
}  // namespace tqdb::client
