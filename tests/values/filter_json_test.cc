#include "values/filter_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tqdb::storage {
namespace filter_json_test {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string Error(const std::string& text) {
  const absl::StatusOr<Filter> filter = FilterFromJson(text);
  EXPECT_FALSE(filter.ok()) << text;
  EXPECT_EQ(filter.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(filter.status().message());
}
std::string ConditionError(const std::string& condition) {
  return Error(R"({"must":[)" + condition + "]}");
}

TEST(FilterJsonTest, EveryFormPrintsAsItIsRead) {
  for (
      const char* text : {
          R"({})",
          R"({"must":[{"key":"city","match":{"value":"Berlin"}}]})",
          R"({"must":[{"key":"a","match":{"value":-3}}],)"
          R"("must_not":[{"key":"b","match":{"value":true}}]})",
          R"({"should":[{"key":"a","match":{"any":["x","y"]}},{"key":"a","match":{"any":[1,2]}}]})",
          R"({"must":[{"key":"a.b","match":{"except":["x"]}},{"key":"a","match":{"any":[]}}]})",
          R"({"must":[{"key":"a","match":{"text":"two words"}}]})",
          R"({"must":[{"key":"a","range":{"gt":1.5,"lte":2.0}},)"
          R"({"key":"a","range":{"gte":0.0,"lt":1.0}}]})",
          R"({"must":[{"key":"a","match":{"value":18446744073709551615}},)"
          R"({"key":"a","match":{"any":[-9223372036854775808,9223372036854775808]}}]})",
          R"({"must":[{"key":"a","range":{"gt":1768907725507217522,"lt":18446744073709551615}},)"
          R"({"key":"a","range":{"gte":-9223372036854775807,"lte":0.5}}]})",
          R"({"must":[{"key":"a","range":{"gte":"2023-02-08T10:49:00Z",)"
          R"("lt":"2023-02-08T10:49:00.5Z"}}]})",
          R"({"must":[{"key":"a","values_count":{"gt":0,"lt":3}}]})",
          R"({"must":[{"exists":{"key":"a"}},{"is_empty":{"key":"a"}},{"is_null":{"key":"a"}}]})",
          R"({"must":[{"has_id":[0,18446744073709551615,)"
          R"("6ba7b810-9dad-11d1-80b4-00c04fd430c8"]}]})",
          R"({"must":[{"nested":{"key":"a","filter":{"must":[{"exists":{"key":"b"}}]}}}]})",
          R"({"must":[{"nested":{"key":"a","filter":{}}},{"must":[]},)"
          R"({"should":[{"is_null":{"key":"b"}}]}]})",
          R"({"min_should":{"conditions":[{"is_null":{"key":"b"}},)"
          R"({"exists":{"key":"b"}}],"min_count":1}})",
      }) {
    const absl::StatusOr<Filter> filter = FilterFromJson(text);
    ASSERT_TRUE(filter.ok()) << filter.status();
    EXPECT_EQ(FilterToJson(*filter), text);
  }
}

TEST(FilterJsonTest, LooserFormsAreReadToo) {
  const auto print = [](const char* text) { return FilterToJson(FilterFromJson(text).value()); };
  EXPECT_EQ(print(R"( { "must" : [ ] , "should" : [] } )"), "{}");
  EXPECT_EQ(print(R"({"must":[{"match":{"value":1.0},"key":"a"}]})"),
            R"({"must":[{"key":"a","match":{"value":1}}]})");
  EXPECT_EQ(
      print(
          R"({"must":[{"key":"a","range":{"lt":"2023-02-08","gt":"2022-01-01T00:00:00+01:00"}}]})"),
      R"({"must":[{"key":"a","range":{"gt":"2021-12-31T23:00:00Z",)"
      R"("lt":"2023-02-08T00:00:00Z"}}]})");
}

TEST(FilterJsonTest, TextThatIsNotJson) {
  EXPECT_EQ(Error(""), "filter is not JSON: it goes wrong at byte 1");
  EXPECT_EQ(Error(R"({"must":[})"), "filter is not JSON: it goes wrong at byte 10");
  EXPECT_THAT(Error("{} {}"), HasSubstr("not JSON"));
  EXPECT_THAT(Error("{\"must\":\"\xff\"}"), HasSubstr("not JSON"));
  EXPECT_THAT(Error(R"({"must":[{"key":"a","range":{"gt":1e999}}]})"), HasSubstr("not JSON"));
  EXPECT_EQ(Error("[]"), "filter is an array; need an object");
  EXPECT_EQ(Error("null"), "filter is 'null'; need an object");
  EXPECT_EQ(Error(std::string(1'000'000, '[')), "filter has more than 128 levels of JSON");
}

TEST(FilterJsonTest, UnknownAndRepeatedMembersAreNamed) {
  EXPECT_EQ(Error(R"({"most":[]})"),
            "filter.'most' is unknown; allowed are must, should, must_not, min_should");
  EXPECT_EQ(Error(R"({"must":[],"must":[]})"), "filter has the member 'must' twice in one object");
  EXPECT_THAT(ConditionError(R"({"key":"a","match":{"value":1},"boost":2})"),
              StartsWith("filter.must[0].'boost' is unknown; allowed are key, match"));
  EXPECT_THAT(ConditionError(R"({"key":"a","match":{"phrase":"x"}})"),
              StartsWith("filter.must[0].match.'phrase' is unknown"));
  EXPECT_THAT(ConditionError(R"({"key":"a","range":{"from":1}})"),
              StartsWith("filter.must[0].range.'from' is unknown; allowed are gt, gte, lt, lte"));
  EXPECT_THAT(ConditionError(R"({"has_id":[1],"key2":1})"),
              StartsWith("filter.must[0].'key2' is unknown"));
  EXPECT_THAT(ConditionError(R"({"is_null":{"key":"a","x":1}})"),
              StartsWith("filter.must[0].is_null.'x' is unknown"));
  EXPECT_THAT(ConditionError(R"({"nested":{"key":"a","filter":{"mast":[]}}})"),
              StartsWith("filter.must[0].nested.filter.'mast' is unknown"));
  EXPECT_THAT(ConditionError(R"({"geo":{}})"), StartsWith("filter.must[0].'geo' is unknown; need"));
  EXPECT_THAT(ConditionError("{}"), StartsWith("filter.must[0] is empty; need a condition"));
}

TEST(FilterJsonTest, WrongTypesAreNamed) {
  EXPECT_EQ(Error(R"({"must":{}})"), "filter.must is an object; need a list of conditions");
  EXPECT_EQ(ConditionError("7"), "filter.must[0] is '7'; need a condition");
  EXPECT_EQ(ConditionError(R"({"key":5,"match":{"value":1}})"),
            "filter.must[0].key is '5'; need a string");
  EXPECT_THAT(ConditionError(R"({"key":"a","match":{"value":1.5}})"),
              StartsWith("filter.must[0].match.value is '1.5'; need a string, an integer"));
  EXPECT_THAT(ConditionError(R"({"key":"a","match":{"value":18446744073709551616}})"),
              StartsWith("filter.must[0].match.value is '1.8446744073709552e+19'"));
  // The nearest double of this integer is -2^63, which is another one.
  EXPECT_THAT(ConditionError(R"({"key":"a","match":{"value":-9223372036854775809}})"),
              StartsWith("filter.must[0].match.value is '-9.223372036854778e+18'"));
  EXPECT_THAT(ConditionError(R"({"key":"a","match":{"value":null}})"),
              HasSubstr("match.value is 'null'"));
  EXPECT_THAT(ConditionError(R"({"key":"a","match":{"any":"x"}})"),
              StartsWith("filter.must[0].match.any is '\\\"x\\\"'; need a list"));
  EXPECT_THAT(
      ConditionError(R"({"key":"a","match":{"any":["x",1]}})"),
      StartsWith("filter.must[0].match.any[1] is '1'; need a list of strings or of integers"));
  EXPECT_THAT(ConditionError(R"({"key":"a","match":{"except":[true]}})"),
              StartsWith("filter.must[0].match.except[0] is 'true'"));
  EXPECT_THAT(ConditionError(R"({"key":"a","match":{"text":["x"]}})"),
              StartsWith("filter.must[0].match.text is an array; need a string"));
  EXPECT_THAT(ConditionError(R"({"key":"a","match":{}})"), HasSubstr("match has 0 members"));
  EXPECT_THAT(ConditionError(R"({"key":"a","match":{"value":1,"any":[1]}})"),
              HasSubstr("match has 2 members; need one of"));
  EXPECT_THAT(ConditionError(R"({"key":"a"})"), HasSubstr("has 0 members beside key"));
  EXPECT_THAT(ConditionError(R"({"key":"a","match":{"value":1},"range":{"gt":1}})"),
              HasSubstr("has 2 members beside key"));
  EXPECT_THAT(ConditionError(R"({"has_id":5})"), HasSubstr("has_id is '5'; need a list of ids"));
  EXPECT_THAT(ConditionError(R"({"has_id":[1,-1]})"),
              StartsWith("filter.must[0].has_id[1] is '-1'"));
  EXPECT_THAT(ConditionError(R"({"has_id":["1"]})"), StartsWith("filter.must[0].has_id[0] is"));
  EXPECT_THAT(ConditionError(R"({"exists":"a"})"),
              HasSubstr("exists is '\\\"a\\\"'; need an object"));
  EXPECT_THAT(ConditionError(R"({"exists":{}})"), HasSubstr("exists has no key; need a string"));
  EXPECT_THAT(ConditionError(R"({"nested":{"key":"a"}})"), HasSubstr("nested has no filter"));
  EXPECT_THAT(ConditionError(R"({"nested":{"filter":{}}})"), HasSubstr("nested has no key"));
  EXPECT_THAT(Error(R"({"min_should":{"min_count":1}})"),
              HasSubstr("min_should has no conditions"));
  EXPECT_THAT(Error(R"({"min_should":{"min_count":-1,"conditions":[]}})"),
              StartsWith("filter.min_should.min_count is '-1'"));
}

TEST(FilterJsonTest, RangesHaveBoundsOfOneKind) {
  EXPECT_THAT(ConditionError(R"({"key":"a","range":{"gt":1,"lt":"2023-02-08"}})"),
              StartsWith("filter.must[0].range.lt is '\\\"2023-02-08\\\"'; need a number, like"));
  EXPECT_THAT(ConditionError(R"({"key":"a","range":{"gt":"2023-02-08","lt":3}})"),
              StartsWith("filter.must[0].range.lt is '3'; need a time such as"));
  EXPECT_THAT(ConditionError(R"({"key":"a","range":{"gt":"2023-02-30"}})"),
              StartsWith("filter.must[0].range.gt is '\\\"2023-02-30\\\"'; need a time"));
  EXPECT_THAT(ConditionError(R"({"key":"a","range":{"gt":null}})"),
              HasSubstr("range.gt is 'null'"));
  EXPECT_THAT(ConditionError(R"({"key":"a","range":[]})"), HasSubstr("range is an array"));
  EXPECT_THAT(ConditionError(R"({"key":"a","range":{}})"), HasSubstr("range has no bound"));
  EXPECT_THAT(ConditionError(R"({"key":"a","values_count":{"gt":1.5}})"),
              StartsWith("filter.must[0].values_count.gt is '1.5'; need a number of values"));
  EXPECT_EQ(ConditionError(R"({"key":"a","range":{"gte":5,"lte":3}})"),
            "filter.must[0].range: gte 5 > lte 3");  // what ValidateFilter finds is found here, too
}

}  // namespace filter_json_test
}  // namespace tqdb::storage
