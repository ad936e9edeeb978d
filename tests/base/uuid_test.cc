#include "base/uuid.h"

#include <gtest/gtest.h>

#include <string>

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

}  // namespace uuid_test
}  // namespace tqdb
