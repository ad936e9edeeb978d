#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <random>

#include "client/cli/input/point_line.h"
#include "client/cli/output/point_json.h"

namespace tqdb::client {
namespace json_test {

using ::testing::HasSubstr;

constexpr char kUuid[] = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";

TEST(PointFromLineTest, ReadsAllForms) {
  auto line = PointFromLine(R"({"id": 18446744073709551615, "vector": [1, -2.5, 1e-3]})");
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_TRUE(line->has_id);
  EXPECT_EQ(line->point.id, PointId::Number(~uint64_t{0}));
  EXPECT_EQ(line->point.vectors, (std::vector<NamedVector>{{"", {1.0f, -2.5f, 1e-3f}}}));
  EXPECT_EQ(line->point.payload, "");

  line =
      PointFromLine(R"({"id":"6BA7B810-9dad-11d1-80b4-00c04fd430c8","vectors":{"a":[1],"b":[2,3]},)"
                    R"("payload":{"z":1,"a":"ü"}})");
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->point.id, *PointId::Uuid(kUuid));
  EXPECT_EQ(line->point.vectors, (std::vector<NamedVector>{{"a", {1}}, {"b", {2, 3}}}));
  EXPECT_EQ(line->point.payload, R"({"z":1,"a":"ü"})");

  line = PointFromLine(R"({"vector":[1]})");
  ASSERT_TRUE(line.ok());
  EXPECT_FALSE(line->has_id);
}

// An export that is imported must not change a payload: integers beyond 64 bits came back as 1e+30.
TEST(PointFromLineTest, PayloadsKeepTheNumbersThatTheyAreWrittenWith) {
  const std::string payload =
      R"({"n":1000000000000000000000000000000,"d":1.10,"l":[ -9223372036854775809, 1E2 ]})";
  const auto line =
      PointFromLine("\xef\xbb\xbf{\"id\":1,\"payload\": " + payload + " ,\"vector\":[1]}");
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->point.payload, payload);
  EXPECT_THAT(ToLine(line->point), HasSubstr(payload));
  const ScoredPoint hit{PointId::Number(1), 1.0f, payload, {}};
  EXPECT_THAT(ToLine(hit), HasSubstr(payload));
  EXPECT_EQ(ToLine(PointGroup{uint64_t{1} << 63, {hit}}),
            "{\"value\":9223372036854775808,\"points\":[" + ToLine(hit) + "]}");
}

TEST(PointFromLineTest, NamesWhatIsWrong) {
  const auto message = [](const char* line) {
    const auto parsed = PointFromLine(line);
    EXPECT_FALSE(parsed.ok()) << line;
    return std::string(parsed.status().message());
  };
  EXPECT_THAT(message(R"({"id":1,"vector":[1,2)"), HasSubstr("not valid JSON at byte"));
  EXPECT_THAT(message("[1,2]"), HasSubstr("not a JSON object"));
  EXPECT_THAT(message(R"({"id":-1,"vector":[1]})"), HasSubstr("id: -1"));
  EXPECT_THAT(message(R"({"id":1.5,"vector":[1]})"), HasSubstr("id: 1.5"));
  EXPECT_THAT(message(R"({"id":"x","vector":[1]})"), HasSubstr("point id 'x'"));
  EXPECT_THAT(message(R"({"id":1})"), HasSubstr("none of \"vector\", "));
  EXPECT_THAT(message(R"({"id":1,"vector":[]})"), HasSubstr("vector: []"));
  EXPECT_THAT(message(R"({"id":1,"vector":[1,null]})"), HasSubstr("vector[1]: null"));
  EXPECT_THAT(message(R"({"id":1,"vector":[1,1e39]})"), HasSubstr("vector[1]: 1e+39"));
  EXPECT_THAT(message(R"({"id":1,"vector":[1e999]})"), HasSubstr("not valid JSON"));
  EXPECT_THAT(message(R"({"id":1,"vectors":{"a":"b"}})"), HasSubstr("vectors.a"));
  EXPECT_THAT(message(R"({"id":1,"vectors":[1]})"), HasSubstr("vectors: [1]"));
  EXPECT_THAT(message(R"({"id":1,"vector":[1],"payload":7})"), HasSubstr("payload: 7"));
  EXPECT_THAT(message(R"({"id":1,"vector":[1],"text":"x"})"), HasSubstr("unknown key \"text\""));
  EXPECT_THAT(message(R"({"id":1,"sparse_vectors":[1]})"), HasSubstr("sparse_vectors: [1]"));
  const auto sparse = [&message](const std::string& vector) {
    return message((R"({"id":1,"sparse_vectors":{"t":)" + vector + "}}").c_str());
  };
  EXPECT_THAT(sparse("[1]"), HasSubstr("sparse_vectors.t: [1] is not of the form"));
  EXPECT_THAT(sparse(R"({"indices":[1]})"), HasSubstr("is not of the form"));
  EXPECT_THAT(sparse(R"({"indices":[1],"values":[1],"x":1})"), HasSubstr("is not of the form"));
  EXPECT_THAT(sparse(R"({"indices":7,"values":[1]})"), HasSubstr("t.indices: 7 is not an array"));
  EXPECT_THAT(sparse(R"({"indices":[1,-2],"values":[1,2]})"), HasSubstr("t.indices[1]: -2"));
  EXPECT_THAT(sparse(R"({"indices":[4294967296],"values":[1]})"), HasSubstr("4294967296"));
  EXPECT_THAT(sparse(R"({"indices":[1],"values":["a"]})"), HasSubstr("t.values[0]: \"a\""));
  EXPECT_THAT(sparse(R"({"indices":[1,2],"values":[1]})"), HasSubstr("2 indices and 1 values"));
}

TEST(PointLineTest, EveryFloatSurvivesTheRoundTrip) {
  std::mt19937 random(99);
  for (int round = 0; round < 200; ++round) {
    Point point;
    point.id = round % 2 == 0 ? PointId::Number(random()) : *PointId::Uuid(kUuid);
    const int spaces = static_cast<int>(1 + random() % 3);
    for (int s = 0; s < spaces; ++s) {
      NamedVector vector;
      if (spaces > 1 || round % 3 == 0) vector.name = "name \"" + std::to_string(s);
      for (int i = 0; i < 100; ++i) {
        const uint32_t bits = static_cast<uint32_t>(random());
        float value;
        std::memcpy(&value, &bits, sizeof(value));
        vector.values.push_back(std::isfinite(value) ? value : 0.1f);
      }
      point.vectors.push_back(std::move(vector));
    }
    for (int s = round % 3; s > 0; --s) {
      NamedSparseVector sparse{"terms " + std::to_string(s), {}};
      for (uint32_t i = 0; i < 20; ++i) {
        sparse.vector.indices.push_back(i * 214'748'364 + static_cast<uint32_t>(random() % 1000));
        sparse.vector.values.push_back(static_cast<float>(random()) / 1e9f - 2);
      }
      point.sparse_vectors.push_back(std::move(sparse));
    }
    if (round % 5 == 2 && !point.sparse_vectors.empty()) point.vectors.clear();
    if (round % 4 != 0) point.payload = R"({"a":[1,2,{"b":null}],"c":"\n"})";
    std::string line;
    AppendPointLine(point, line);
    ASSERT_EQ(line.find('\n'), line.size() - 1);
    const auto parsed = PointFromLine(line);
    ASSERT_TRUE(parsed.ok()) << parsed.status() << line;
    EXPECT_EQ(parsed->point, point);
    // A line that is written from a JSON tree reads as the same point.
    const auto tree = PointFromLine(ToLine(point));
    ASSERT_TRUE(tree.ok()) << tree.status();
    EXPECT_EQ(tree->point, parsed->point);
  }
}

TEST(PointLineTest, KeepsAPayloadOfSeveralLinesOnOne) {
  std::string line;
  AppendPointLine({PointId::Number(1), {{"", {1}}}, "{\n  \"a\": 1\r\n}"}, line);
  EXPECT_EQ(line, "{\"id\":1,\"vector\":[1],\"payload\":{   \"a\": 1  }}\n");
}

TEST(JsonTest, ShowsScoresAsShortAsTheyAre) {
  EXPECT_EQ(ToLine((ScoredPoint{PointId::Number(3), 0.9f, "", {}})), R"({"id":3,"score":0.9})");
  EXPECT_EQ(ToLine((ScoredPoint{PointId::Number(3), -0.1f, R"({"b":1,"a":2})", {}})),
            R"({"id":3,"score":-0.1,"payload":{"b":1,"a":2}})");
}

TEST(JsonTest, NeverFailsOnInvalidUtf8) {
  EXPECT_THAT(ToLine((Point{PointId::Number(3), {}, "\xff\xfe"})), HasSubstr("payload"));
  EXPECT_THAT(ToLine(ErrorToJson(absl::NotFoundError("\xc3"))), HasSubstr("NOT_FOUND"));
}

TEST(PointIdTest, ParsesNumbersAndUuidsOnly) {
  EXPECT_EQ(*PointId::Parse("0"), PointId::Number(0));
  EXPECT_EQ(*PointId::Parse("18446744073709551615"), PointId::Number(~uint64_t{0}));
  EXPECT_EQ(PointId::Parse(kUuid)->ToString(), kUuid);
  for (const char* text :
       {"", "-1", "+1", " 1", "1 ", "1.0", "0x10", "18446744073709551616",
        "6ba7b810-9dad-11d1-80b4-00c04fd430c", "6ba7b8109dad11d180b400c04fd430c8",
        "6ba7b810-9dad-11d1-80b4-00c04fd430cg"}) {
    EXPECT_FALSE(PointId::Parse(text).ok()) << text;
  }
}

TEST(PointIdTest, OrdersNumbersBeforeUuids) {
  EXPECT_LT(PointId::Number(2), PointId::Number(10));
  EXPECT_LT(PointId::Number(~uint64_t{0}), *PointId::Uuid("00000000-0000-0000-0000-000000000000"));
}

}  // namespace json_test
}  // namespace tqdb::client
