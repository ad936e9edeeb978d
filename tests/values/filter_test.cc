#include "values/filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "base/datetime.h"

namespace tqdb::storage {
namespace filter_test {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// Returns the message about a filter that has two good conditions before this one.
std::string Error(Condition condition) {
  const Condition good{FieldCondition{"a", Presence::kExists}};
  Filter filter;
  filter.must = {good, good, std::move(condition)};
  const absl::Status status = ValidateFilter(filter);
  EXPECT_EQ(status.code(),
            status.ok() ? absl::StatusCode::kOk : absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}
template <typename T>
std::string Error(T test) {
  return Error(Condition{FieldCondition{"a", std::move(test)}});
}

TEST(FilterTest, RangesThatNothingSatisfiesAreRefused) {
  EXPECT_EQ(Error(NumberRange{{.gte = 5, .lte = 3}}), "filter.must[2].range: gte 5 > lte 3");
  EXPECT_EQ(Error(NumberRange{{.gt = 3, .lt = 3}}),
            "filter.must[2].range: nothing is between gt and lt 3");
  EXPECT_EQ(Error(NumberRange{{.gte = 3, .lt = 3}}),
            "filter.must[2].range: nothing is between gte and lt 3");
  EXPECT_EQ(Error(NumberRange{{.gte = 3, .lte = 3}}), "");
  // 2^53 and 2^53 + 1 are two numbers, though one double.
  EXPECT_EQ(Error(NumberRange{{.gte = (int64_t{1} << 53) + 1, .lte = 0x1p53}}),
            "filter.must[2].range: gte 9007199254740993 > lte 9.0072e+15");
  EXPECT_EQ(Error(NumberRange{{.gt = 0x1p53, .lt = (int64_t{1} << 53) + 1}}), "");
  EXPECT_EQ(Error(NumberRange{}), "filter.must[2].range has no bound; need gt, gte, lt or lte");
  EXPECT_EQ(Error(DatetimeRange{{.gt = 1'000'000, .lt = 0}}),
            "filter.must[2].range: gt 1970-01-01T00:00:01Z > lt 1970-01-01T00:00:00Z");
  EXPECT_EQ(Error(ValuesCount{{.gt = 2, .lte = 1}}), "filter.must[2].values_count: gt 2 > lte 1");
}

TEST(FilterTest, BoundsMustBeNumbersAndTimes) {
  EXPECT_EQ(Error(NumberRange{{.lt = std::numeric_limits<double>::quiet_NaN()}}),
            "filter.must[2].range.lt is nan; need a finite number");
  EXPECT_THAT(Error(NumberRange{{.gt = -std::numeric_limits<double>::infinity()}}),
              StartsWith("filter.must[2].range.gt is -inf"));
  EXPECT_THAT(Error(DatetimeRange{{.gte = kMaxDatetime + 1}}),
              StartsWith("filter.must[2].range.gte is 253402300800000000 us since 1970; need"));
}

TEST(FilterTest, LimitsHold) {
  EXPECT_EQ(Error(MatchAny{std::vector<Integer>(kMaxListValues)}), "");
  EXPECT_EQ(Error(MatchAny{std::vector<Integer>(kMaxListValues + 1)}),
            "filter.must[2].match.any has 65537 values; at most 65536 are allowed");
  EXPECT_THAT(Error(MatchExcept{std::vector<std::string>(kMaxListValues + 1)}),
              StartsWith("filter.must[2].match.except has 65537 values"));
  EXPECT_THAT(Error(Condition{HasId{std::vector<PointId>(kMaxListValues + 1)}}),
              StartsWith("filter.must[2].has_id has 65537 values"));
  EXPECT_THAT(Error(MatchText{std::string(kMaxTextBytes + 1, 'a')}),
              StartsWith("filter.must[2].match.text has 4097 bytes"));
  EXPECT_THAT(Error(MatchText{"-- !"}), HasSubstr("match.text is '-- !'; need at least one word"));
  std::string words;
  for (size_t i = 0; i < kMaxTextWords; ++i) words += std::to_string(i) + " ";
  EXPECT_EQ(Error(MatchText{words + words}), "");
  EXPECT_THAT(Error(MatchText{words + "x"}), HasSubstr("has 65 different words; at most 64"));
  EXPECT_THAT(Error(Condition{FieldCondition{"a..b", Presence::kExists}}),
              StartsWith("filter.must[2].key 'a..b' has an empty part"));
  EXPECT_THAT(Error(Condition{Nested{"", {}}}), StartsWith("filter.must[2].nested.key is empty"));
}

TEST(FilterTest, DepthIsLimited) {
  Filter filter;
  for (size_t depth = 1; depth < kMaxFilterDepth; ++depth) {
    Filter outer;
    if (depth % 2 == 0) {
      outer.should.push_back({filter});
    } else {
      outer.must_not.push_back({Nested{"a", filter}});
    }
    filter = outer;
  }
  EXPECT_TRUE(ValidateFilter(filter).ok());
  Filter outer;
  outer.must.push_back({filter});
  const absl::Status status = ValidateFilter(outer, "query.filter");
  EXPECT_THAT(std::string(status.message()),
              StartsWith("query.filter.must[0].must_not[0].nested.filter.should[0]"));
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("is a filter within 16 others; at most 15 are allowed"));
}

TEST(FilterTest, ConditionsAreCountedOverAllLevels) {
  const Condition leaf{FieldCondition{"a", Presence::kExists}};
  Filter inner;
  inner.should.assign(kMaxConditions - 2, leaf);
  Filter filter;
  filter.must = {leaf, {inner}};
  EXPECT_TRUE(ValidateFilter(filter).ok());
  filter.must_not = {leaf};
  EXPECT_EQ(ValidateFilter(filter).message(),
            "filter.must_not[0] is one condition too many; at most 4096 are allowed in a filter");
}

TEST(FilterTest, MinCountMustBePossible) {
  Filter filter;
  filter.min_should.emplace().conditions = {{FieldCondition{"a", Presence::kExists}}};
  EXPECT_EQ(ValidateFilter(filter).message(),
            "filter.min_should.min_count is 0; need 1 to the number of conditions, which is 1");
  filter.min_should->min_count = 2;
  EXPECT_FALSE(ValidateFilter(filter).ok());
  filter.min_should->min_count = 1;
  EXPECT_TRUE(ValidateFilter(filter).ok());
  filter.min_should->conditions = {{FieldCondition{".", Presence::kExists}}};
  EXPECT_THAT(std::string(ValidateFilter(filter).message()),
              StartsWith("filter.min_should.conditions[0].key"));
}

}  // namespace filter_test
}  // namespace tqdb::storage
