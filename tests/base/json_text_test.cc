#include "base/json_text.h"

#include <gtest/gtest.h>

#include <string>

namespace tqdb {
namespace json_text_test {

TEST(JsonTextTest, OnlyWhatIsOpenedLosesItsSpaces) {
  JsonText text(R"( {"a": 1.10, "b" : { "c": [1, 2], "d": "}]\"" } } )");
  EXPECT_EQ(text.ToString(), R"({"a": 1.10, "b" : { "c": [1, 2], "d": "}]\"" } })");
  EXPECT_EQ(text.Find("x"), nullptr);
  EXPECT_EQ(text.ToString(), R"({"a":1.10,"b":{ "c": [1, 2], "d": "}]\"" }})");
  ASSERT_NE(text.Find("b"), nullptr);
  JsonText& list = *text.Find("b")->Find("c");
  ASSERT_EQ(list.elements().size(), 2u);
  list.elements()[1] = JsonText("3e5");
  EXPECT_EQ(text.ToString(), R"({"a":1.10,"b":{"c":[1,3e5],"d":"}]\""}})");
}

TEST(JsonTextTest, MembersAreFoundByWhatTheirNamesSay) {
  JsonText text(R"({"\u00e9\n\"\ud83d\ude00\/":1,"":2})");
  ASSERT_NE(text.Find("é\n\"😀/"), nullptr);
  ASSERT_NE(text.Find(""), nullptr);
  text.At("new \"\\\x01") = JsonText("[]");
  text.Erase("");
  text.Erase("is not there");
  EXPECT_EQ(text.ToString(), R"({"\u00e9\n\"\ud83d\ude00\/":1,"new \"\\\u0001":[]})");
  ASSERT_NE(text.Find("new \"\\\x01"), nullptr);
}

TEST(JsonTextTest, TypesAreToldByTheFirstCharacter) {
  for (const auto& [text, name] :
       {std::pair{"{}", "object"}, std::pair{" [ ]", "array"}, std::pair{"\"\"", "string"},
        std::pair{"-1", "number"}, std::pair{"true", "boolean"}, std::pair{"null", "null"}}) {
    EXPECT_EQ(JsonText(text).type_name(), name);
  }
  EXPECT_TRUE(JsonText().is_null());
  EXPECT_TRUE(JsonText("[ ]").elements().empty());
  EXPECT_TRUE(JsonText("{ }").members().empty());
}

// The text is checked elsewhere. Should it be damaged all the same, nothing outside of it is read.
TEST(JsonTextTest, EveryPrefixOfATextIsCutWithoutHarm) {
  const std::string whole =
      R"( {"a": [1, {"b\u0041": "x\"y"}], "c": {"d": null}, "\ud83d\ude00": 2})";
  for (size_t bytes = 0; bytes <= whole.size(); ++bytes) {
    const std::string text = whole.substr(0, bytes);  // of its own, for the address sanitizer
    JsonText value(text);
    value.members();
    if (JsonText* list = value.Find("a")) list->elements();
    EXPECT_LE(value.ToString().size(), whole.size() + 10);
  }
}

}  // namespace json_text_test
}  // namespace tqdb
