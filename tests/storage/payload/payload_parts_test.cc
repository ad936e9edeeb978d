// Tests which parts of a payload a selection returns, and that these keep every byte.
#include "storage/payload/payload_parts.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tqdb::storage {
namespace payload_parts_test {

std::string Parts(const char* payload, const std::vector<std::string>& include,
                  const std::vector<std::string>& exclude) {
  const auto parts = PayloadParts::Create(include, exclude);
  EXPECT_TRUE(parts.ok()) << parts.status();
  return parts->Of(payload);
}

constexpr char kPayload[] =
    R"({"a": 1.10, "b": {"c": 1000000000000000000000000000000, "d": [1, 2]}, "e.f": "\u00fc",)"
    R"( "g": [{"h": 1, "i": 2}, 7, {"i": 3}], "n": null})";

TEST(PayloadPartsTest, IncludeReturnsValuesAsTheyAreWritten) {
  EXPECT_EQ(Parts(kPayload, {"a"}, {}), R"({"a":1.10})");
  EXPECT_EQ(Parts(kPayload, {"b.c", "n"}, {}),
            R"({"b":{"c":1000000000000000000000000000000},"n":null})");
  EXPECT_EQ(Parts(kPayload, {"\"e.f\""}, {}), R"({"e.f":"\u00fc"})");
  EXPECT_EQ(Parts(kPayload, {"g.i"}, {}), R"({"g":[{"i":2},{"i":3}]})");
  EXPECT_EQ(Parts(kPayload, {"g[].h"}, {}), R"({"g":[{"h":1}]})");
  EXPECT_EQ(Parts(kPayload, {"b.d", "b"}, {}),
            R"({"b":{"c": 1000000000000000000000000000000, "d": [1, 2]}})");
}

TEST(PayloadPartsTest, WhatIsNotThereIsLeftOut) {
  EXPECT_EQ(Parts(kPayload, {"x", "b.x", "a.x", "g.x", "b.d.x"}, {}), "{}");
  EXPECT_EQ(Parts("", {"a"}, {}), "");
  EXPECT_EQ(Parts("{}", {"a"}, {"b"}), "{}");
}

TEST(PayloadPartsTest, ExcludeTakesAwayFromTheRest) {
  EXPECT_EQ(Parts(R"({"a": 1.10, "b": {"c": 2, "d": 3}})", {}, {"b.c"}),
            R"({"a":1.10,"b":{"d":3}})");
  EXPECT_EQ(Parts(R"({"a": 1.10, "b": {"c": 2, "d": 3}})", {"b"}, {"b.c", "x.y"}),
            R"({"b":{"d":3}})");
  EXPECT_EQ(Parts(R"({"g": [{"h": 1}, 7, {"h": 2, "i": 3}]})", {}, {"g.h"}),
            R"({"g":[{},7,{"i":3}]})");
  EXPECT_EQ(Parts(R"({"a": 1})", {"a"}, {"a"}), "{}");
}

TEST(PayloadPartsTest, BadPathsAreNamed) {
  EXPECT_FALSE(PayloadParts::Create({"a", ""}, {}).ok());
  const auto bad = PayloadParts::Create({}, {"a", "b[0]"});
  EXPECT_NE(std::string(bad.status().message()).find("payload_exclude[1]"), std::string::npos);
  const auto many =
      PayloadParts::Create(std::vector<std::string>(60, "a"), std::vector<std::string>(5, "b"));
  EXPECT_EQ(many.status().message(),
            "payload_include and payload_exclude have 65 paths; at most 64 are allowed");
}

}  // namespace payload_parts_test
}  // namespace tqdb::storage
