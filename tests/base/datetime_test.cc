#include "base/datetime.h"

#include <gtest/gtest.h>

#include "absl/time/time.h"
#include "tests/support/random.h"

namespace tqdb::storage {
namespace datetime_test {

TEST(DatetimeTest, FormsOfRfc3339AndTheirLooserKin) {
  EXPECT_EQ(ParseDatetime("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(ParseDatetime("1970-01-01t00:00:01z"), 1'000'000);
  EXPECT_EQ(ParseDatetime("1970-01-01 00:00:00.25+00:00"), 250'000);
  EXPECT_EQ(ParseDatetime("1970-01-01T01:00:00+01:00"), 0);
  EXPECT_EQ(ParseDatetime("1969-12-31T16:30:00-07:30"), 0);
  EXPECT_EQ(ParseDatetime("1970-01-02"), 86'400'000'000);
  EXPECT_EQ(ParseDatetime("1970-01-01T00:00:02"), 2'000'000);
  EXPECT_EQ(ParseDatetime("1970-01-01T00:00:00.0000019Z"), 1);  // dropped, not rounded
  EXPECT_EQ(ParseDatetime("1969-12-31T23:59:59.9999999Z"), -1);
  EXPECT_EQ(ParseDatetime("2016-12-31T23:59:60Z"), ParseDatetime("2017-01-01T00:00:00Z"));
  EXPECT_EQ(ParseDatetime("2016-12-31T23:59:60.5Z"), ParseDatetime("2017-01-01T00:00:00.5Z"));
  EXPECT_EQ(ParseDatetime("1970-01-01T00:01Z"), 60'000'000);
  EXPECT_EQ(ParseDatetime("1970-01-01 01:00+01"), 0);
  EXPECT_EQ(ParseDatetime("1970-01-01T05:30:00+0530"), 0);
  EXPECT_EQ(ParseDatetime("1970-01-01 00:00:00.25+00"), 250'000);
  EXPECT_EQ(ParseDatetime("1970-01-01T00:00:00,5Z"), 500'000);
  EXPECT_EQ(ParseDatetime("0000-01-01"), kMinDatetime);
  EXPECT_EQ(ParseDatetime("9999-12-31T23:59:59.999999Z"), kMaxDatetime);
}

TEST(DatetimeTest, AnythingElseIsNoTime) {
  for (const char* text : {"",
                           "now",
                           "2023",
                           "2023-02",
                           "2023-2-8",
                           "2023-13-01",
                           "2023-00-01",
                           "2023-02-29",
                           "2023-02-08T",
                           "2023-02-08T10",
                           "2023-02-08T10Z",
                           "2023-02-08T10:49.5Z",
                           "2023-02-08T10:49:",
                           "2023-02-08T24:00:00Z",
                           "2023-02-08T10:60:00Z",
                           "2023-02-08T10:49:61Z",
                           "2023-02-08T10:49:00.Z",
                           "2023-02-08T10:49:00,Z",
                           "2023-02-08T10:49:00+1",
                           "2023-02-08T10:49:00+01:",
                           "2023-02-08T10:49:00+01:0",
                           "2023-02-08T10:49:00+24:00",
                           "2023-02-08T10:49:00+010",
                           "2023-02-08T10:49:00+01000",
                           "2023-02-08T10:49:00Z ",
                           " 2023-02-08",
                           "+2023-02-08",
                           "infinite-future",
                           "2023-02-08_10:49:00Z",
                           "0000-01-01T00:00:00+00:01",
                           "9999-12-31T23:59:59-00:01"}) {
    EXPECT_FALSE(ParseDatetime(text).has_value()) << text;
  }
}

TEST(DatetimeTest, FormatsReadBackAndAgreeWithAbseil) {
  EXPECT_EQ(FormatDatetime(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(FormatDatetime(-500'000), "1969-12-31T23:59:59.5Z");
  EXPECT_EQ(FormatDatetime(kMinDatetime), "0000-01-01T00:00:00Z");
  EXPECT_EQ(FormatDatetime(kMaxDatetime), "9999-12-31T23:59:59.999999Z");
  testing::Gaussian random(7);
  for (int i = 0; i < 10'000; ++i) {
    const int64_t range = kMaxDatetime - kMinDatetime;
    const int64_t micros = kMinDatetime + static_cast<int64_t>(random.Below(uint64_t(range)));
    const std::string text = FormatDatetime(micros);
    EXPECT_EQ(ParseDatetime(text), micros) << text;
    absl::Time time;
    ASSERT_TRUE(absl::ParseTime(absl::RFC3339_full, text, &time, nullptr)) << text;
    EXPECT_EQ(absl::ToUnixMicros(time), micros) << text;
  }
}

}  // namespace datetime_test
}  // namespace tqdb::storage
