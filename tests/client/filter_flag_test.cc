#include "client/cli/flags/filter_flag.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace tqdb::client {
namespace filter_flag_test {

using ::testing::HasSubstr;

constexpr char kJson[] = R"({"must":[{"key":"lang","match":{"value":"en"}}]})";

TEST(FilterFlagTest, ReadsJsonAndFiles) {
  testing::TempDir dir;
  for (const std::string& text : {std::string(kJson), "@" + dir.Write("f.json", kJson)}) {
    const auto filter = ReadFilterFlag(text);
    ASSERT_TRUE(filter.ok()) << filter.status();
    ASSERT_TRUE(filter->has_value());
    EXPECT_EQ(FilterToJson(**filter), kJson);
  }
}

TEST(FilterFlagTest, AnAbsentOptionIsNoFilterAndAnEmptyOneAnError) {
  EXPECT_EQ(ReadFilterFlag(std::nullopt)->has_value(), false);
  EXPECT_EQ(ReadFilterFlag("").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(FilterFlagTest, ErrorsNameThePathOfTheFaultOrTheFile) {
  const auto message = [](const std::string& text) {
    return std::string(ReadFilterFlag(text).status().message());
  };
  EXPECT_THAT(message(R"({"must": [}])"),
              HasSubstr("--filter is not JSON: it goes wrong at byte 11"));
  EXPECT_THAT(message(R"({"must": [{"key": "a", "range": {"gte": 5, "lte": 3}}]})"),
              HasSubstr("--filter.must[0].range: gte 5 > lte 3"));
  EXPECT_THAT(message(R"({"most": []})"), HasSubstr("--filter.'most' is unknown"));
  testing::TempDir dir;
  const auto absent = ReadFilterFlag("@" + dir.File("none.json"));
  EXPECT_EQ(absent.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(absent.status().message()), HasSubstr("none.json"));
}

}  // namespace filter_flag_test
}  // namespace tqdb::client
