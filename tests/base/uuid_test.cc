#include "base/uuid.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "base/sha1.h"
#include "tests/support/random.h"

namespace tqdb {
namespace uuid_test {

constexpr char kText[] = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";

TEST(UuidTest, HasItsMostSignificantDigitsFirst) {
  const auto uuid = ParseUuid(kText);
  ASSERT_TRUE(uuid.has_value());
  EXPECT_EQ(*uuid, (Uuid{0x6ba7b8109dad11d1, 0x80b400c04fd430c8}));
  EXPECT_EQ(FormatUuid(*uuid), kText);
  EXPECT_EQ(FormatUuid({}), "00000000-0000-0000-0000-000000000000");
}

TEST(UuidTest, AnyBitsComeBackFromText) {
  tqdb::testing::Gaussian random(11);
  for (int i = 0; i < 10000; ++i) {
    const Uuid uuid{random.Word(), random.Word()};
    const std::string text = FormatUuid(uuid);
    ASSERT_EQ(text.size(), 36u);
    ASSERT_EQ(ParseUuid(text), uuid) << text;
  }
}

TEST(UuidTest, TakesBothCasesAndPrintsTheLower) {
  const auto uuid = ParseUuid("6BA7B810-9dad-11D1-80b4-00C04FD430C8");
  ASSERT_TRUE(uuid.has_value());
  EXPECT_EQ(FormatUuid(*uuid), kText);
}

// A character other than a digit in the place of a digit, and than a dash in that of a dash.
TEST(UuidTest, RefusesEveryOtherCharacterAtEveryPlace) {
  const std::string digits = "0123456789abcdefABCDEF";
  for (size_t place = 0; place < 36; ++place) {
    for (int c = 0; c < 256; ++c) {
      std::string text = kText;
      const bool dash = text[place] == '-';
      text[place] = static_cast<char>(c);
      const bool allowed = dash ? c == '-' : c != 0 && digits.find(text[place]) != digits.npos;
      ASSERT_EQ(ParseUuid(text).has_value(), allowed) << place << " " << c;
    }
  }
}

TEST(UuidTest, RefusesOtherLengths) {
  const std::string text = kText;
  for (size_t length = 0; length < 36; ++length) {
    EXPECT_FALSE(ParseUuid(text.substr(0, length)).has_value()) << length;
  }
  EXPECT_FALSE(ParseUuid(text + "0").has_value());
  EXPECT_FALSE(ParseUuid("{" + text + "}").has_value());
}

TEST(UuidTest, MakesTheSameOfNamesAsOtherLibraries) {
  const auto name = [](const char* space, const char* text) {
    return FormatUuid(NameUuid(*ParseUuid(space), text));
  };
  // The namespace of DNS, as Python's uuid.uuid5 has it.
  EXPECT_EQ(name("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "www.example.com"),
            "2ed6657d-e927-568b-95e1-2665a8aea6a2");
  EXPECT_EQ(name("b1f0a1f4-6f0c-5a83-9c0e-2d1c8f6c7b1e", "größe"),
            "33f56da1-7594-54fa-bdf9-4b69c3a8f53d");
}

TEST(Sha1Test, EqualsKnownDigestsAroundTheSizeOfABlock) {
  const std::map<size_t, std::string> digests = {
      {0, "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
      {55, "c1c8bbdc22796e28c0e15163d20899b65621d65a"},
      {56, "c2db330f6083854c99d4b5bfb6e8f29f201be699"},
      {63, "03f09f5b158a7a8cdad920bddc29b81c18a551f5"},
      {64, "0098ba824b5c16427bd7a1122a5a442a25ec644d"},
      {119, "ee971065aaa017e0632a8ca6c77bb3bf8b1dfc56"},
      {1000, "291e9a6c66994949b57ba5e650361e98fc36b1ba"}};
  for (const auto& [length, expected] : digests) {
    const Sha1Digest digest = Sha1(std::string(length, 'a'));
    const absl::string_view bytes(reinterpret_cast<const char*>(digest.data()), digest.size());
    EXPECT_EQ(absl::BytesToHexString(bytes), expected) << length;
  }
}

}  // namespace uuid_test
}  // namespace tqdb
