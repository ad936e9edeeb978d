#include "storage/payload/payload_edit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "storage/payload/json_depth.h"
#include "tests/storage/payload/random_filter.h"

namespace tqdb::storage {
namespace payload_edit_test {

using nlohmann::json;
using Kind = PayloadEdit::Kind;
using ::testing::HasSubstr;

std::string Edited(const PayloadEdit& edit, const std::string& payload) {
  const auto prepared = PreparedEdit::Create(edit);
  if (!prepared.ok()) return std::string(prepared.status().message());
  const auto text = prepared->Apply(payload);
  return text.ok() ? *text : std::string(text.status().message());
}

TEST(PayloadEditTest, SetReplacesMembersAndKeepsTheOrderOfTheOthers) {
  const PayloadEdit edit{.kind = Kind::kSet, .json = R"({"b":[1],"d":null})"};
  EXPECT_EQ(Edited(edit, R"({"z":1, "b":{"x":2}, "a":"\u00e9"})"),
            R"({"z":1,"b":[1],"a":"\u00e9","d":null})");
  EXPECT_EQ(Edited(edit, ""), R"({"b":[1],"d":null})");
}

TEST(PayloadEditTest, SetAtAKeyMakesTheObjectsOnTheWay) {
  const PayloadEdit edit{.kind = Kind::kSet, .json = R"({"c":1})", .key = "a.b"};
  EXPECT_EQ(Edited(edit, ""), R"({"a":{"b":{"c":1}}})");
  EXPECT_EQ(Edited(edit, R"({"a":{"b":{"c":0,"d":2}}})"), R"({"a":{"b":{"c":1,"d":2}}})");
  EXPECT_EQ(Edited(edit, R"({"a":null})"), R"({"a":{"b":{"c":1}}})");
  EXPECT_THAT(Edited(edit, R"({"a":{"b":[1]}})"),
              HasSubstr("set.key 'a.b' leads through 'b', which is a array"));
}

TEST(PayloadEditTest, DeleteFollowsPathsThroughArrays) {
  const PayloadEdit edit{.kind = Kind::kDeleteKeys,
                         .keys = {"a", "l.x", "o.y.z", "\"p.q\"", "missing"}};
  EXPECT_EQ(
      Edited(edit,
             R"({"a":1,"l":[{"x":1,"w":2},3,{"x":4}],"o":{"y":{"z":1}},"p.q":5,"p":{"q":6}})"),
      R"({"l":[{"w":2},3,{}],"o":{"y":{}},"p":{"q":6}})");
}

TEST(PayloadEditTest, OverwriteAndClear) {
  EXPECT_EQ(Edited({.kind = Kind::kOverwrite, .json = R"({"k":1})"}, R"({"a":1})"), R"({"k":1})");
  EXPECT_EQ(Edited({.kind = Kind::kClear}, R"({"a":1})"), "");
}

TEST(PayloadEditTest, NumbersOf64BitsAndTextStayAsTheyAre) {
  const PayloadEdit edit{.kind = Kind::kSet, .json = R"({"n":18446744073709551615})"};
  EXPECT_EQ(Edited(edit, R"({"m":-9223372036854775808,"x":0.1,"s":"\u0000\"\\"})"),
            R"({"m":-9223372036854775808,"x":0.1,"s":"\u0000\"\\","n":18446744073709551615})");
}

// A tree of JSON would hold 10^30 as 1e+30 and 1.10 as 1.1, in members that nobody edits, too.
TEST(PayloadEditTest, NumbersKeepTheDigitsThatTheyWereWrittenWith) {
  const std::string big = "1000000000000000000000000000000";
  const std::string payload = R"({"n":)" + big + R"(,"o":{"d":1.10,"x":1},"l":[ -0.0, 1E2 ]})";
  EXPECT_EQ(Edited({.kind = Kind::kSet, .json = R"({"a":)" + big + "}"}, payload),
            R"({"n":)" + big + R"(,"o":{"d":1.10,"x":1},"l":[ -0.0, 1E2 ],"a":)" + big + "}");
  EXPECT_EQ(Edited({.kind = Kind::kSet, .json = R"({"x":2.50})", .key = "o"}, payload),
            R"({"n":)" + big + R"(,"o":{"d":1.10,"x":2.50},"l":[ -0.0, 1E2 ]})");
  EXPECT_EQ(Edited({.kind = Kind::kDeleteKeys, .keys = {"o.x"}}, payload),
            R"({"n":)" + big + R"(,"o":{"d":1.10},"l":[ -0.0, 1E2 ]})");
  EXPECT_EQ(Edited({.kind = Kind::kOverwrite, .json = payload}, ""), payload);
}

// Against the edit of a tree, which was the implementation once, on texts whose numbers a tree
// keeps.
TEST(PayloadEditTest, RandomEditsGiveTheSameValueAsEditsOfATree) {
  testing::Gaussian random(20'261'130);
  const std::vector<std::string> names = {"s", "n", "o", "l", "x.y", "new \"name\"", "\n"};
  for (int round = 0; round < 2'000; ++round) {
    const json payload = json::parse(RandomPayload(random).dump());
    const std::string text = payload.dump(round % 3 == 0 ? 2 : -1);
    json expected = payload;
    const std::string& name = names[random.Below(names.size())];
    if (round % 2 == 0) {
      const json members = {{name, RandomPayload(random)}, {"n", 7}};
      expected.update(members);
      ASSERT_EQ(json::parse(Edited({.kind = Kind::kSet, .json = members.dump()}, text)), expected);
      continue;
    }
    if (const auto list = expected.find("l"); list != expected.end()) {
      json& value = *list;
      if (value.is_object()) value.erase(name);
      if (value.is_array()) {
        for (json& element : value) {
          if (element.is_object()) element.erase(name);
        }
      }
    }
    expected.erase(name);
    const std::string key = absl::StrCat("\"", absl::StrReplaceAll(name, {{"\"", "\"\""}}), "\"");
    const PayloadEdit edit{.kind = Kind::kDeleteKeys, .keys = {"l." + key, key}};
    ASSERT_EQ(json::parse(Edited(edit, text)), expected) << text << " " << key;
  }
}

TEST(PayloadEditTest, ANameThatIsThereTwiceIsOneMember) {
  const std::string payload = R"({"a":1,"b":2,"\u0061":3})";
  EXPECT_EQ(Edited({.kind = Kind::kSet, .json = R"({"c":4})"}, payload), R"({"a":3,"b":2,"c":4})");
  EXPECT_EQ(Edited({.kind = Kind::kDeleteKeys, .keys = {"a"}}, payload), R"({"b":2})");
}

TEST(PayloadEditTest, BadEditsAreRefusedByName) {
  EXPECT_THAT(Edited({.kind = Kind::kSet, .json = "[1]"}, ""),
              HasSubstr("set.payload is '[1]'; need a JSON object"));
  EXPECT_THAT(Edited({.kind = Kind::kOverwrite, .json = "{"}, ""),
              HasSubstr("overwrite.payload is '{'"));
  EXPECT_THAT(Edited({.kind = Kind::kSet, .json = "{}", .key = "a..b"}, ""),
              HasSubstr("set.key: "));
  EXPECT_THAT(Edited({.kind = Kind::kSet, .json = "{}", .key = "a.\xff"}, ""),
              HasSubstr("set.key: 'a.\\xff' is not in UTF-8"));
  EXPECT_THAT(Edited({.kind = Kind::kDeleteKeys}, ""), HasSubstr("delete_keys.keys has 0 entries"));
  EXPECT_THAT(Edited({.kind = Kind::kDeleteKeys, .keys = {"a", ""}}, ""),
              HasSubstr("delete_keys.keys[1]: "));
}

std::string Nested(size_t depth) {
  return std::string(depth - 1, '[') + std::string(depth - 1, ']');
}

TEST(PayloadEditTest, NestingIsLimitedSoThatNoTextOverflowsTheStack) {
  EXPECT_EQ(JsonDepth(R"("[[\"[")"), 0u);
  EXPECT_EQ(JsonDepth(R"({"a":[1,{"b":[]}],"c":{}})"), 4u);
  const std::string deep = R"({"a":)" + Nested(kMaxPayloadDepth) + "}",
                    deeper = R"({"a":)" + Nested(kMaxPayloadDepth + 1) + "}";
  EXPECT_EQ(Edited({.kind = Kind::kOverwrite, .json = deep}, ""), deep);
  EXPECT_THAT(Edited({.kind = Kind::kOverwrite, .json = deeper}, ""),
              HasSubstr("nested 65 deep; allowed: 64"));
  EXPECT_THAT(Edited({.kind = Kind::kSet, .json = deep, .key = "x"}, ""),
              HasSubstr("would be nested 65 deep"));
  EXPECT_THAT(Edited({.kind = Kind::kSet, .json = "{}"}, R"({"a":)" + Nested(1'000'000) + "}"),
              HasSubstr("overwrite it"));
}

}  // namespace payload_edit_test
}  // namespace tqdb::storage
