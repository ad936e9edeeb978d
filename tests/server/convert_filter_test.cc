// Tests the conversion of filters from protobuf. Their JSON form shows a whole filter in one line,
// so most results are compared in it.
#include "server/grpc/convert_filter.h"

#include <limits>

#include "base/datetime.h"
#include "client/cpp/convert_filter.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "tests/storage/payload/random_filter.h"
#include "values/filter_json.h"

namespace tqdb::server {
namespace convert_filter_test {

using ::testing::HasSubstr;
using ::testing::StartsWith;

v1::Filter FilterOf(const std::string& text) {
  v1::Filter filter;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &filter)) << text;
  return filter;
}

std::string Error(const std::string& text, const std::string& field = "filter") {
  const absl::StatusOr<storage::Filter> filter = FilterFromProto(FilterOf(text), field);
  EXPECT_EQ(filter.status().code(), absl::StatusCode::kInvalidArgument) << text;
  return std::string(filter.status().message());
}

TEST(ConvertFilterTest, EveryFormBecomesItsJson) {
  const struct {
    const char* proto;
    const char* json;
  } kCases[] = {
      {"", R"({})"},
      {R"(must { field { key: "a" match { keyword: "x" } } })",
       R"({"must":[{"key":"a","match":{"value":"x"}}]})"},
      {R"(must_not { field { key: "a" match { integer: -1 } } })",
       R"({"must_not":[{"key":"a","match":{"value":-1}}]})"},
      {R"(should { field { key: "a" match { boolean: false } } })",
       R"({"should":[{"key":"a","match":{"value":false}}]})"},
      {R"(must { field { key: "a" match { any_keywords { values: ["x", "y"] } } } })",
       R"({"must":[{"key":"a","match":{"any":["x","y"]}}]})"},
      {R"(must { field { key: "a" match { any_integers { values: [1, 2] } } } })",
       R"({"must":[{"key":"a","match":{"any":[1,2]}}]})"},
      {R"(must { field { key: "a" match { except_keywords { values: "x" } } } })",
       R"({"must":[{"key":"a","match":{"except":["x"]}}]})"},
      {R"(must { field { key: "a" match { except_integers { values: 1 } } } })",
       R"({"must":[{"key":"a","match":{"except":[1]}}]})"},
      {R"(must { field { key: "a" match { text: "x y" } } })",
       R"({"must":[{"key":"a","match":{"text":"x y"}}]})"},
      {R"(must { field { key: "a" range { gt: 0 lte: 1.5 } } })",
       R"({"must":[{"key":"a","range":{"gt":0.0,"lte":1.5}}]})"},
      {R"(must { field { key: "a" match { unsigned_integer: 18446744073709551615 } } })",
       R"({"must":[{"key":"a","match":{"value":18446744073709551615}}]})"},
      {R"(must { field { key: "a" match {
                  except_integers { values: -1 unsigned_values: 9223372036854775808 } } } })",
       R"({"must":[{"key":"a","match":{"except":[-1,9223372036854775808]}}]})"},
      {R"(must { field { key: "a" number_range {
                  gt { integer: 1768907725507217522 }
                  lte { unsigned_integer: 18446744073709551615 } } } })",
       R"({"must":[{"key":"a","range":{"gt":1768907725507217522,"lte":18446744073709551615}}]})"},
      {R"(must { field { key: "a" number_range { gte { real: -0.5 } lt { integer: 3 } } } })",
       R"({"must":[{"key":"a","range":{"gte":-0.5,"lt":3}}]})"},
      {R"(must { field { key: "a" datetime_range { gte { seconds: 1 nanos: 500000999 }
                                                   lt { seconds: 2 } } } })",
       R"({"must":[{"key":"a","range":{"gte":"1970-01-01T00:00:01.5Z",)"
       R"("lt":"1970-01-01T00:00:02Z"}}]})"},
      {R"(must { field { key: "a" values_count { gte: 0 lt: 3 } } })",
       R"({"must":[{"key":"a","values_count":{"gte":0,"lt":3}}]})"},
      {R"(must { field { key: "a" presence: PRESENCE_IS_NULL } })",
       R"({"must":[{"is_null":{"key":"a"}}]})"},
      {R"(must { has_id { ids { number: 0 } } })", R"({"must":[{"has_id":[0]}]})"},
      {R"(must { nested { key: "a" filter { must { filter {} } } } })",
       R"({"must":[{"nested":{"key":"a","filter":{"must":[{"must":[]}]}}}]})"},
      {R"(min_should { min_count: 1 conditions { has_id {} } })",
       R"({"min_should":{"conditions":[{"has_id":[]}],"min_count":1}})"},
  };
  for (const auto& c : kCases) {
    const absl::StatusOr<storage::Filter> filter = FilterFromProto(FilterOf(c.proto), "filter");
    ASSERT_TRUE(filter.ok()) << c.proto << filter.status();
    EXPECT_EQ(storage::FilterToJson(*filter), c.json);
  }
}

// The conversion of the client is the inverse of that of the server. Random filters go through
// both, and through the bytes on the wire.
TEST(ConvertFilterTest, WhatTheClientSendsIsTheSameFilterAtTheServer) {
  tqdb::testing::Gaussian random(5);
  for (int i = 0; i < 5'000; ++i) {
    const storage::Filter filter = storage::RandomFilter(random, 100);
    v1::Filter proto, read;
    client::ToProto(filter, &proto);
    ASSERT_TRUE(read.ParseFromString(proto.SerializeAsString()));
    const absl::StatusOr<storage::Filter> back = FilterFromProto(read, "filter");
    ASSERT_TRUE(back.ok()) << back.status();
    ASSERT_TRUE(*back == filter) << storage::FilterToJson(filter);
  }
}

// Servers of older versions know ranges of doubles alone.
TEST(ConvertFilterTest, RangesGoAsDoublesWhereverDoublesCanSayThem) {
  const auto field = [](storage::NumberRange range) {
    storage::Filter filter;
    filter.must = {{storage::FieldCondition{"a", range}}};
    v1::Filter proto;
    client::ToProto(filter, &proto);
    return proto.must(0).field();
  };
  EXPECT_TRUE(field({{.gt = 3, .lte = 0x1p63}}).has_range());
  EXPECT_TRUE(field({{.gte = uint64_t{1} << 63}}).has_range());
  EXPECT_TRUE(field({{.gt = 3, .lte = (int64_t{1} << 53) + 1}}).has_number_range());
}

// A Timestamp before 1970 has negative seconds, but nanos from 0 up. Division that rounds toward
// zero would break this.
TEST(ConvertFilterTest, TimesBeforeTheEpochAndAtTheEndsRoundTrip) {
  for (const int64_t micros : {int64_t{-1}, int64_t{-1'000'000}, int64_t{-1'500'000},
                               storage::kMinDatetime, storage::kMaxDatetime}) {
    storage::Filter filter;
    filter.must = {{storage::FieldCondition{"a", storage::DatetimeRange{{.gte = micros}}}}};
    v1::Filter proto;
    client::ToProto(filter, &proto);
    EXPECT_GE(proto.must(0).field().datetime_range().gte().nanos(), 0);
    EXPECT_TRUE(FilterFromProto(proto, "filter").value() == filter) << micros;
  }
}

TEST(ConvertFilterTest, FaultsAreNamedByTheirPath) {
  EXPECT_EQ(Error("must {}"), "filter.must[0] is empty; set field, has_id, nested or filter");
  EXPECT_EQ(Error(R"(must { has_id {} } should { field { key: "a" } })", "queries[3].filter"),
            "queries[3].filter.should[0] is empty; set match, range, number_range, datetime_range, "
            "values_count or presence");
  EXPECT_EQ(Error(R"(must { field { key: "a" match {} } })"),
            "filter.must[0].match is empty; set a value, a list or text");
  EXPECT_THAT(Error(R"(must { field { key: "" presence: PRESENCE_EXISTS } })"),
              StartsWith("filter.must[0].key is empty"));
  EXPECT_THAT(Error(R"(must { field { key: "a" presence: PRESENCE_UNSPECIFIED } })"),
              StartsWith("filter.must[0].presence is 0; allowed: PRESENCE_EXISTS (1)"));
  EXPECT_EQ(Error(R"(must { field { key: "a" range { gte: 5 lte: 3 } } })"),
            "filter.must[0].range: gte 5 > lte 3");
  EXPECT_THAT(Error(R"(must { field { key: "a" range { gt: nan } } })"),
              StartsWith("filter.must[0].range.gt is nan"));
  EXPECT_EQ(Error(R"(must { field { key: "a" number_range { gt {} } } })"),
            "filter.must[0].range.gt is empty; set real, integer or unsigned_integer");
  EXPECT_THAT(Error(R"(must { field { key: "a" number_range { lt { real: inf } } } })"),
              StartsWith("filter.must[0].range.lt is inf"));
  EXPECT_THAT(Error(R"(must { field { key: "a" datetime_range { lt { nanos: -1 } } } })"),
              StartsWith("filter.must[0].range.lt has 0 seconds and -1 nanos; need"));
  EXPECT_THAT(
      Error(R"(must { field { key: "a" datetime_range { gt { seconds: 253402300800 } } } })"),
      HasSubstr("range.gt has 253402300800 seconds"));
  EXPECT_THAT(Error(R"(must { field { key: "a" datetime_range {} } })"),
              StartsWith("filter.must[0].range has no bound"));
  EXPECT_THAT(Error(R"(must { has_id { ids { number: 1 } ids { uuid: "x" } } })"),
              StartsWith("filter.must[0].has_id[1].uuid is 'x'"));
  EXPECT_THAT(Error(R"(must { has_id { ids {} } })"),
              StartsWith("filter.must[0].has_id[0] is empty"));
  EXPECT_THAT(Error(R"(must { nested { key: "a" filter { must {} } } })"),
              StartsWith("filter.must[0].nested.filter.must[0] is empty"));
  EXPECT_THAT(Error(R"(must { filter { must_not {} } })"),
              StartsWith("filter.must[0].must_not[0] is empty"));
  EXPECT_THAT(Error("min_should { min_count: 1 conditions {} }"),
              StartsWith("filter.min_should.conditions[0] is empty"));
  EXPECT_THAT(Error("min_should { min_count: 1 }"), StartsWith("filter.min_should.min_count is 1"));
}

// A list that is too long is refused before it is copied. Filters within filters have a limit, too.
// Beyond 100 levels protobuf itself refuses the message, which bounds the recursion of the
// conversion.
TEST(ConvertFilterTest, ListsAndDepthAreLimited) {
  v1::Filter filter;
  auto* ids = filter.add_must()->mutable_has_id();
  for (size_t i = 0; i <= storage::kMaxListValues; ++i) ids->add_ids()->set_number(i);
  EXPECT_THAT(std::string(FilterFromProto(filter, "f").status().message()),
              StartsWith("f.must[0].has_id has 65537 values"));
  filter.Clear();
  auto* values = filter.add_must()->mutable_field()->mutable_match()->mutable_except_integers();
  for (size_t i = 0; i <= storage::kMaxListValues; ++i) values->add_values(1);
  EXPECT_THAT(std::string(FilterFromProto(filter, "f").status().message()),
              StartsWith("f.must[0].match.except has 65537 values"));
  filter.Clear();
  v1::Filter* inner = &filter;
  for (int depth = 0; depth < 40; ++depth) inner = inner->add_must()->mutable_filter();
  EXPECT_THAT(std::string(FilterFromProto(filter, "f").status().message()),
              HasSubstr("is a filter within 16 others"));
  for (int depth = 0; depth < 40; ++depth) inner = inner->add_must()->mutable_filter();
  v1::Filter read;
  EXPECT_FALSE(read.ParseFromString(filter.SerializeAsString()));
}

}  // namespace convert_filter_test
}  // namespace tqdb::server
