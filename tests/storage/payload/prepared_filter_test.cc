#include "storage/payload/prepared_filter.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/storage/payload/brute_force.h"
#include "tests/storage/payload/random_filter.h"
#include "values/filter_json.h"

namespace tqdb::storage {
namespace prepared_filter_test {

using nlohmann::json;

// Returns whether a filter, in its JSON form, holds for a payload.
bool Matches(const std::string& filter, const std::string& payload,
             PointId id = PointId::Number(1)) {
  const absl::StatusOr<Filter> parsed = FilterFromJson(filter);
  if (!parsed.ok()) {
    ADD_FAILURE() << parsed.status();
    return false;
  }
  return PreparedFilter::Create(*parsed)->Matches(id, ParsePayload(payload).value());
}

// Returns whether a filter of one condition holds for a payload.
bool Holds(const std::string& condition, const std::string& payload,
           PointId id = PointId::Number(1)) {
  return Matches(R"({"must":[)" + condition + "]}", payload, id);
}

TEST(PreparedFilterTest, MatchValueComparesStringsByteByByteAndNothingIsConverted) {
  const char* kRed = R"({"key":"a","match":{"value":"red"}})";
  EXPECT_TRUE(Holds(kRed, R"({"a":"red"})"));
  EXPECT_TRUE(Holds(kRed, R"({"a":["blue","red"]})"));
  EXPECT_FALSE(Holds(kRed, R"({"a":"Red"})"));
  EXPECT_FALSE(Holds(kRed, R"({"a":"red "})"));
  EXPECT_FALSE(Holds(kRed, R"({"a":null})"));
  EXPECT_FALSE(Holds(kRed, R"({"a":{"red":"red"}})"));
  EXPECT_FALSE(
      Holds(kRed, R"({"a":[["red"]]})"));  // an array within an array is a value of its own
  EXPECT_FALSE(Holds(kRed, R"({})"));
  EXPECT_FALSE(Holds(kRed, ""));
  EXPECT_FALSE(Holds(R"({"key":"a","match":{"value":"1"}})", R"({"a":1})"));
  EXPECT_FALSE(Holds(R"({"key":"a","match":{"value":1}})", R"({"a":"1"})"));
  EXPECT_FALSE(Holds(R"({"key":"a","match":{"value":1}})", R"({"a":true})"));
  EXPECT_TRUE(Holds(R"({"key":"a","match":{"value":true}})", R"({"a":[false,true]})"));
  EXPECT_FALSE(Holds(R"({"key":"a","match":{"value":true}})", R"({"a":1})"));
}

TEST(PreparedFilterTest, NumbersAreComparedExactlyWhateverTheirForm) {
  EXPECT_TRUE(Holds(R"({"key":"a","match":{"value":1}})", R"({"a":1.0})"));
  EXPECT_TRUE(Holds(R"({"key":"a","match":{"value":1.0}})", R"({"a":1})"));
  EXPECT_TRUE(Holds(R"({"key":"a","match":{"value":0}})", R"({"a":-0.0})"));
  EXPECT_FALSE(Holds(R"({"key":"a","match":{"value":1}})", R"({"a":1.5})"));
  EXPECT_FALSE(
      Holds(R"({"key":"a","match":{"value":9007199254740993}})", R"({"a":9007199254740992})"));
  EXPECT_FALSE(Holds(R"({"key":"a","match":{"value":-1}})", R"({"a":18446744073709551615})"));
  // No double equals 2^53 + 1. The bound 2^53 is still below it.
  EXPECT_TRUE(Holds(R"({"key":"a","range":{"gt":9007199254740992}})", R"({"a":9007199254740993})"));
  EXPECT_FALSE(
      Holds(R"({"key":"a","range":{"lte":9007199254740992}})", R"({"a":9007199254740993})"));
  EXPECT_TRUE(
      Holds(R"({"key":"a","range":{"lt":9223372036854775808}})", R"({"a":9223372036854775807})"));
  EXPECT_TRUE(Holds(R"({"key":"a","range":{"gt":1.8e19}})", R"({"a":18446744073709551615})"));
}

TEST(PreparedFilterTest, AnyAndExcept) {
  const char* kAny = R"({"key":"a","match":{"any":["x","y"]}})";
  EXPECT_TRUE(Holds(kAny, R"({"a":"y"})"));
  EXPECT_TRUE(Holds(kAny, R"({"a":["z","x"]})"));
  EXPECT_FALSE(Holds(kAny, R"({"a":"z"})"));
  EXPECT_FALSE(Holds(R"({"key":"a","match":{"any":[]}})", R"({"a":"x"})"));
  EXPECT_TRUE(Holds(R"({"key":"a","match":{"any":[1,2]}})", R"({"a":[3,2.0]})"));
  const char* kExcept = R"({"key":"a","match":{"except":["x","y"]}})";
  EXPECT_FALSE(Holds(kExcept, R"({"a":"y"})"));
  EXPECT_FALSE(Holds(kExcept, R"({"a":["x","y"]})"));
  EXPECT_TRUE(Holds(kExcept, R"({"a":["x","z"]})"));
  EXPECT_TRUE(Holds(kExcept, R"({"a":5})"));  // another type is none of the list
  EXPECT_FALSE(Holds(kExcept, R"({"a":null})"));
  EXPECT_FALSE(Holds(kExcept, R"({"a":[]})"));
  EXPECT_FALSE(Holds(kExcept, R"({})"));
  EXPECT_TRUE(Holds(R"({"key":"a","match":{"except":[]}})", R"({"a":"x"})"));
  EXPECT_TRUE(Holds(R"({"key":"a","match":{"except":[1]}})", R"({"a":"1"})"));
  EXPECT_FALSE(Holds(R"({"key":"a","match":{"except":[1]}})", R"({"a":1.0})"));
}

TEST(PreparedFilterTest, TextNeedsEveryWordInAnyOrderOverAllValues) {
  const char* kText = R"({"key":"a","match":{"text":"Red HOUSE"}})";
  EXPECT_TRUE(Holds(kText, R"({"a":"A house, painted red."})"));
  EXPECT_TRUE(Holds(kText, R"({"a":["red car",7,"my house"]})"));
  EXPECT_FALSE(Holds(kText, R"({"a":"red houses"})"));
  EXPECT_FALSE(Holds(kText, R"({"a":"house"})"));
  EXPECT_FALSE(Holds(kText, R"({"a":5})"));
  EXPECT_FALSE(Holds(kText, R"({})"));
  // Words of every script, with an emoji beside them, in another form, within a sentence.
  EXPECT_TRUE(Holds(R"({"key":"a","match":{"text":"great"}})", R"({"a":"Great👍 phone"})"));
  EXPECT_TRUE(Holds(R"({"key":"a","match":{"text":"CAFÉ"}})", R"({"a":"cafe\u0301"})"));
  EXPECT_TRUE(Holds(R"({"key":"a","match":{"text":"ข้าว"}})", R"({"a":"ฉันชอบกินข้าวผัด"})"));
  EXPECT_FALSE(Holds(R"({"key":"a","match":{"text":"京東"}})", R"({"a":"東京"})"));
}

// The nearest double of -2^63 - 1 is -2^63, which is the integer of another payload.
TEST(PreparedFilterTest, IntegersBeyond64BitsStayBeyondThem) {
  const char* kBelow = R"({"a":-9223372036854775809})";
  const char* kAbove = R"({"a":18446744073709551616})";
  EXPECT_FALSE(Holds(R"({"key":"a","match":{"value":-9223372036854775808}})", kBelow));
  EXPECT_TRUE(Holds(R"({"key":"a","range":{"lt":-9223372036854775808}})", kBelow));
  EXPECT_TRUE(Holds(R"({"key":"a","range":{"gt":18446744073709551615}})", kAbove));
  EXPECT_TRUE(
      Holds(R"({"key":"a","range":{"gt":-9223372036854775809}})", R"({"a":-9223372036854775808})"));
  EXPECT_TRUE(Holds(R"({"key":"a","match":{"value":-9223372036854775808}})",
                    R"({"a":-9223372036854775808.0})"));
}

TEST(PreparedFilterTest, RangesHaveOpenAndClosedEnds) {
  EXPECT_TRUE(Holds(R"({"key":"a","range":{"gte":1,"lt":2}})", R"({"a":1})"));
  EXPECT_FALSE(Holds(R"({"key":"a","range":{"gte":1,"lt":2}})", R"({"a":2})"));
  EXPECT_FALSE(Holds(R"({"key":"a","range":{"gt":1,"lte":2}})", R"({"a":1})"));
  EXPECT_TRUE(Holds(R"({"key":"a","range":{"gt":1,"lte":2}})", R"({"a":[0,2]})"));
  EXPECT_FALSE(Holds(R"({"key":"a","range":{"gte":1,"gt":1}})", R"({"a":1})"));  // both bound
  EXPECT_FALSE(Holds(R"({"key":"a","range":{"gt":0}})", R"({"a":"1"})"));
  EXPECT_FALSE(Holds(R"({"key":"a","range":{"gt":0}})", R"({"a":true})"));
  EXPECT_FALSE(
      Holds(R"({"key":"a","range":{"gt":1,"lt":3}})", R"({"a":[0,5]})"));  // one must be within
}

TEST(PreparedFilterTest, TimesAreComparedAcrossOffsetsAndForms) {
  const char* kRange = R"({"key":"a","range":{"gte":"2023-02-08T10:49:00Z","lt":"2023-02-09"}})";
  EXPECT_TRUE(Holds(kRange, R"({"a":"2023-02-08T11:49:00+01:00"})"));
  EXPECT_TRUE(Holds(kRange, R"({"a":"2023-02-08 23:59:59.999999"})"));
  EXPECT_FALSE(Holds(kRange, R"({"a":"2023-02-08T10:48:59Z"})"));
  EXPECT_FALSE(Holds(kRange, R"({"a":"2023-02-09T00:00:00Z"})"));
  EXPECT_FALSE(Holds(kRange, R"({"a":"yesterday"})"));
  EXPECT_FALSE(Holds(kRange, R"({"a":1675853340})"));
}

TEST(PreparedFilterTest, PresenceTellsMissingNullAndEmptyApart) {
  const char* kExists = R"({"exists":{"key":"a"}})";
  const char* kEmpty = R"({"is_empty":{"key":"a"}})";
  const char* kNull = R"({"is_null":{"key":"a"}})";
  const struct {
    const char* payload;
    bool exists, empty, null;
  } kCases[] = {{R"({})", false, true, false},         {R"({"a":null})", true, true, true},
                {R"({"a":[]})", true, true, false},    {R"({"a":[null]})", true, false, true},
                {R"({"a":[[]]})", true, false, false}, {R"({"a":""})", true, false, false},
                {R"({"a":{}})", true, false, false},   {R"({"a":[1,null]})", true, false, true}};
  for (const auto& c : kCases) {
    EXPECT_EQ(Holds(kExists, c.payload), c.exists) << c.payload;
    EXPECT_EQ(Holds(kEmpty, c.payload), c.empty) << c.payload;
    EXPECT_EQ(Holds(kNull, c.payload), c.null) << c.payload;
  }
}

TEST(PreparedFilterTest, ValuesCountCountsElements) {
  const char* kTwo = R"({"key":"a","values_count":{"gte":2}})";
  EXPECT_TRUE(Holds(kTwo, R"({"a":[1,null]})"));
  EXPECT_FALSE(Holds(kTwo, R"({"a":[1]})"));
  EXPECT_TRUE(Holds(R"({"key":"a","values_count":{"gt":0,"lt":2}})", R"({"a":"x"})"));
  const char* kNone = R"({"key":"a","values_count":{"lt":1}})";
  EXPECT_TRUE(Holds(kNone, R"({})"));
  EXPECT_TRUE(Holds(kNone, R"({"a":null})"));
  EXPECT_TRUE(Holds(kNone, R"({"a":[]})"));
  EXPECT_FALSE(Holds(kNone, R"({"a":0})"));
  EXPECT_TRUE(Holds(R"({"key":"l.a","values_count":{"gte":2}})", R"({"l":[{"a":1},{"a":[1,2]}]})"));
}

TEST(PreparedFilterTest, PathsGoThroughObjectsAndArraysOfObjects) {
  const char* kPath = R"({"key":"a.b.c","match":{"value":1}})";
  EXPECT_TRUE(Holds(kPath, R"({"a":{"b":{"c":1}}})"));
  EXPECT_TRUE(Holds(kPath, R"({"a":[{"b":{"c":0}},{"b":[5,{"c":[2,1]}]}]})"));
  EXPECT_FALSE(Holds(kPath, R"({"a":{"b":1}})"));
  EXPECT_FALSE(Holds(kPath, R"({"a.b.c":1})"));
  EXPECT_FALSE(Holds(kPath, R"({"a":[[{"b":{"c":1}}]]})"));
  EXPECT_TRUE(Holds(R"({"key":"a[].b[].c[]","match":{"value":1}})", R"({"a":{"b":{"c":1}}})"));
  EXPECT_TRUE(Holds(R"({"key":"\"a.b\".c","match":{"value":1}})", R"({"a.b":{"c":1}})"));
  EXPECT_TRUE(Holds(R"({"key":"\"\"","match":{"value":1}})", R"({"":1})"));
}

TEST(PreparedFilterTest, OfAKeyTwiceTheLastCounts) {
  EXPECT_TRUE(Holds(R"({"key":"a","match":{"value":2}})", R"({"a":1,"a":2})"));
  EXPECT_FALSE(Holds(R"({"key":"a","match":{"value":1}})", R"({"a":1,"a":2})"));
}

TEST(PreparedFilterTest, NestedAsksOneElementForEverything) {
  const char* kPayload = R"({"l":[{"x":1,"y":2},{"x":3,"y":4},7]})";
  const char* kCross = R"({"key":"l.x","match":{"value":1}},{"key":"l.y","match":{"value":4}})";
  EXPECT_TRUE(Holds(kCross, kPayload));  // two elements together
  const std::string nested = R"({"nested":{"key":"l","filter":{"must":[)";
  EXPECT_FALSE(Holds(
      nested + R"({"key":"x","match":{"value":1}},{"key":"y","match":{"value":4}}]}}})", kPayload));
  EXPECT_TRUE(Holds(
      nested + R"({"key":"x","match":{"value":3}},{"key":"y","match":{"value":4}}]}}})", kPayload));
  EXPECT_TRUE(
      Holds(R"({"nested":{"key":"l","filter":{}}})", R"({"l":{}})"));  // one object, no array
  EXPECT_FALSE(Holds(R"({"nested":{"key":"l","filter":{}}})", R"({"l":[1]})"));
  EXPECT_TRUE(Holds(nested + R"({"has_id":[1]}]}}})", kPayload));
  EXPECT_TRUE(
      Holds(R"({"nested":{"key":"l","filter":{"must_not":[{"key":"x","match":{"value":1}}]}}})",
            kPayload));
}

TEST(PreparedFilterTest, HasId) {
  const char* kIds = R"({"has_id":[7,"6BA7B810-9dad-11d1-80b4-00c04fd430c8"]})";
  EXPECT_TRUE(Holds(kIds, "", PointId::Number(7)));
  EXPECT_FALSE(Holds(kIds, "", PointId::Number(8)));
  EXPECT_TRUE(Holds(kIds, "", *PointId::Parse("6ba7b810-9dad-11d1-80b4-00c04fd430c8")));
  EXPECT_FALSE(Holds(R"({"has_id":[]})", ""));
}

TEST(PreparedFilterTest, ListsCombine) {
  const std::string a = R"({"key":"a","match":{"value":1}})",
                    b = R"({"key":"b","match":{"value":1}})",
                    c = R"({"key":"c","match":{"value":1}})";
  EXPECT_TRUE(Matches("{}", ""));
  EXPECT_TRUE(Matches(R"({"must":[],"should":[],"must_not":[]})", ""));
  EXPECT_FALSE(Matches(R"({"must":[)" + a + "," + b + "]}", R"({"a":1})"));
  EXPECT_TRUE(Matches(R"({"should":[)" + a + "," + b + "]}", R"({"a":1})"));
  EXPECT_FALSE(Matches(R"({"should":[)" + a + "," + b + "]}", R"({"c":1})"));
  EXPECT_TRUE(Matches(R"({"must_not":[)" + a + "]}", R"({})"));  // a missing key holds nothing back
  EXPECT_FALSE(Matches(R"({"must_not":[)" + a + "," + b + "]}", R"({"b":1})"));
  EXPECT_FALSE(Matches(R"({"must":[)" + a + R"(],"should":[)" + b + "]}", R"({"a":1})"));
  const std::string two =
      R"({"min_should":{"min_count":2,"conditions":[)" + a + "," + b + "," + c + "]}}";
  EXPECT_FALSE(Matches(two, R"({"a":1})"));
  EXPECT_TRUE(Matches(two, R"({"a":1,"c":1})"));
  EXPECT_TRUE(
      Matches(R"({"must":[{"should":[)" + a + R"(]},{"must_not":[)" + b + "]}]}", R"({"a":1})"));
}

TEST(PreparedFilterTest, ReadsPayloadOnlyWhenAConditionDoes) {
  const auto reads = [](const char* filter) {
    return PreparedFilter::Create(*FilterFromJson(filter))->reads_payload();
  };
  EXPECT_FALSE(reads("{}"));
  EXPECT_FALSE(reads(R"({"must":[{"has_id":[1]},{"must_not":[{"has_id":[2]}]}]})"));
  EXPECT_TRUE(reads(R"({"must":[{"should":[{"exists":{"key":"a"}}]}]})"));
}

TEST(PreparedFilterTest, StoredPayloadsThatAreNoObjectsAreDamage) {
  EXPECT_EQ(ParsePayload("[1]").status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ParsePayload("{").status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(*ParsePayload(""), json::object());
}

TEST(PreparedFilterTest, RandomFiltersAgreeWithBruteForceAndReadBackFromJson) {
  constexpr size_t kPayloads = 2000, kFilters = 10'000, kPayloadsPerFilter = 60;
  testing::Gaussian random(20'240'601);
  std::vector<json> payloads;
  for (size_t i = 0; i < kPayloads; ++i) {
    payloads.push_back(ParsePayload(RandomPayload(random).dump()).value());
  }
  size_t matches = 0, mixed = 0;
  for (size_t f = 0; f < kFilters; ++f) {
    const Filter filter = RandomFilter(random, kPayloads);
    const std::string text = FilterToJson(filter);
    const absl::StatusOr<Filter> again = FilterFromJson(text);
    ASSERT_TRUE(again.ok()) << text << "\n" << again.status();
    ASSERT_TRUE(*again == filter) << text;
    const json oracle = json::parse(text);
    const absl::StatusOr<PreparedFilter> prepared = PreparedFilter::Create(filter);
    ASSERT_TRUE(prepared.ok()) << prepared.status();
    size_t own = 0;
    for (size_t i = 0; i < kPayloadsPerFilter; ++i) {
      const size_t p = random.Below(kPayloads);
      const bool expected = BruteForceMatches(oracle, json(p), payloads[p]);
      ASSERT_EQ(prepared->Matches(PointId::Number(p), payloads[p]), expected) << text << "\n"
                                                                              << payloads[p].dump();
      own += expected;
    }
    matches += own;
    mixed += own > 0 && own < kPayloadsPerFilter;
  }
  // The test would mean nothing if most filters matched all payloads or none.
  EXPECT_GT(mixed, kFilters / 3);
  RecordProperty("matches", static_cast<int>(matches));
}

}  // namespace prepared_filter_test
}  // namespace tqdb::storage
