// Tests SearchQuery on the wire. Its four things to find became members of a `oneof`. Bytes that
// older clients send must still mean what they meant before.
#include <map>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"
#include "tqdb/v1/points.pb.h"

namespace tqdb::server {
namespace query_wire_test {

using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

// Bytes that protoc wrote when the four fields stood next to each other in the message.
constexpr char kVector[] =
    "0a0a0a080000803f0000004012057469746c65180a250000003f2a020801320b100119000000000000004040035207"
    "0d"
    "0000803e103c";
constexpr char kRecommend[] =
    "18054a2c0a0208071226122436626137623831302d396461642d313164312d383062342d3030633034666434333063"
    "38";
constexpr char kText[] = "18055a130a04626f6479120b7768697465207768616c65";
constexpr char kSparse[] = "12057465726d731805620f0a0307d00f12080000803f0000003f";

// Returns the message of old bytes, which it must write again in the same way.
v1::SearchQuery Parse(const char* hex) {
  const std::string bytes = absl::HexStringToBytes(hex);
  v1::SearchQuery query;
  EXPECT_TRUE(query.ParseFromString(bytes));
  EXPECT_EQ(query.GetReflection()->GetUnknownFields(query).field_count(), 0);
  EXPECT_EQ(absl::BytesToHexString(query.SerializeAsString()), hex);
  return query;
}

TEST(QueryWireTest, OldBytesOfEveryKindAreReadAsBefore) {
  const v1::SearchQuery vector = Parse(kVector);
  EXPECT_EQ(vector.find_case(), v1::SearchQuery::kVector);
  EXPECT_EQ(absl::BytesToHexString(vector.vector().f32()), "0000803f00000040");
  EXPECT_EQ(vector.vector_name(), "title");
  EXPECT_EQ(vector.limit(), 10u);
  EXPECT_EQ(vector.score_threshold(), 0.5f);
  EXPECT_TRUE(vector.select().with_payload());
  EXPECT_TRUE(vector.params().rerank());
  EXPECT_EQ(vector.params().oversampling(), 2);
  EXPECT_EQ(vector.offset(), 3u);
  EXPECT_EQ(vector.mmr().diversity(), 0.25f);
  EXPECT_EQ(vector.mmr().candidates(), 60u);

  const v1::SearchQuery recommend = Parse(kRecommend);
  EXPECT_EQ(recommend.find_case(), v1::SearchQuery::kRecommend);
  EXPECT_EQ(recommend.recommend().positive(0).number(), 7u);
  EXPECT_EQ(recommend.recommend().negative(0).uuid(), "6ba7b810-9dad-11d1-80b4-00c04fd430c8");

  const v1::SearchQuery text = Parse(kText);
  EXPECT_EQ(text.find_case(), v1::SearchQuery::kText);
  EXPECT_EQ(text.text().key(), "body");
  EXPECT_EQ(text.text().text(), "white whale");

  const v1::SearchQuery sparse = Parse(kSparse);
  EXPECT_EQ(sparse.find_case(), v1::SearchQuery::kSparse);
  EXPECT_EQ(sparse.vector_name(), "terms");
  EXPECT_THAT(sparse.sparse().indices(), ElementsAre(7, 2000));
  EXPECT_THAT(sparse.sparse().values(), ElementsAre(1, 0.5f));
}

// Protobuf keeps the last member of a oneof. Clients of this project refuse such a query.
TEST(QueryWireTest, OfTwoThingsToFindTheLastOneCounts) {
  v1::SearchQuery query;
  ASSERT_TRUE(query.ParseFromString(absl::HexStringToBytes(std::string(kText) + kSparse)));
  EXPECT_EQ(query.find_case(), v1::SearchQuery::kSparse);
  EXPECT_FALSE(query.has_text());
}

// If a number came to stand for another field, older clients would ask for something else
// unnoticed.
TEST(QueryWireTest, NumbersOfFieldsAreFrozen) {
  std::map<std::string, int> numbers;
  const google::protobuf::Descriptor* message = v1::SearchQuery::descriptor();
  for (int i = 0; i < message->field_count(); ++i) {
    numbers[std::string(message->field(i)->name())] = message->field(i)->number();
  }
  EXPECT_THAT(numbers,
              UnorderedElementsAre(Pair("vector", 1), Pair("vector_name", 2), Pair("limit", 3),
                                   Pair("score_threshold", 4), Pair("select", 5), Pair("params", 6),
                                   Pair("filter", 7), Pair("offset", 8), Pair("recommend", 9),
                                   Pair("mmr", 10), Pair("text", 11), Pair("sparse", 12)));
}

}  // namespace query_wire_test
}  // namespace tqdb::server
