#include "values/key_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "values/filter.h"

namespace tqdb::storage {
namespace key_path_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(KeyPathTest, SegmentsAreSplitAndTextReadsBack) {
  EXPECT_THAT(KeyPath::Parse("a")->segments(), ElementsAre("a"));
  EXPECT_THAT(KeyPath::Parse("a.b c.ü")->segments(), ElementsAre("a", "b c", "ü"));
  EXPECT_THAT(KeyPath::Parse("a[].b[]")->segments(), ElementsAre("a", "b"));
  EXPECT_THAT(KeyPath::Parse(R"("a.b"[].c."")")->segments(), ElementsAre("a.b", "c", ""));
  // A double quote of a name is written twice. A backslash is a character of the name.
  EXPECT_THAT(KeyPath::Parse(R"("27"" screen".""""."a\.")")->segments(),
              ElementsAre("27\" screen", "\"", "a\\."));
  for (const char* key :
       {"a", "a.b", R"("a.b".c)", R"("")", R"(x."[0]")", R"("a""b"."""")", R"(a\b)"}) {
    EXPECT_EQ(KeyPath::Parse(key)->ToString(), key);
  }
  EXPECT_EQ(KeyPath::Parse("a[].\"b\"")->ToString(), "a.b");
  EXPECT_EQ(KeyPath::Parse("a")->Join(*KeyPath::Parse("b.c")), *KeyPath::Parse("a.b.c"));
}

TEST(KeyPathTest, BadKeysSayWhy) {
  const auto error = [](absl::string_view key) {
    return std::string(KeyPath::Parse(key).status().message());
  };
  EXPECT_THAT(error(""), HasSubstr("key is empty"));
  EXPECT_THAT(error("a..b"), HasSubstr("'a..b' has an empty part"));
  EXPECT_THAT(error(".a"), HasSubstr("empty part"));
  EXPECT_THAT(error("a."), HasSubstr("empty part"));
  EXPECT_THAT(error("a[0].b"), HasSubstr("position of an array"));
  EXPECT_THAT(error("a]"), HasSubstr("within a name"));
  EXPECT_THAT(error("a\"b\""), HasSubstr("within a name"));
  EXPECT_THAT(error("\"ab"), HasSubstr("not closed"));
  EXPECT_THAT(error("\"ab\"\""), HasSubstr("not closed"));
  EXPECT_THAT(error("\"a\"b"), HasSubstr("within a name"));
  EXPECT_THAT(error(std::string(kMaxKeyBytes + 1, 'k')), HasSubstr("has 257 bytes; at most 256"));
  EXPECT_TRUE(KeyPath::Parse(std::string(kMaxKeyBytes, 'k')).ok());
}

}  // namespace key_path_test
}  // namespace tqdb::storage
