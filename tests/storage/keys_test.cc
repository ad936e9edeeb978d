// Tests the keys of the disk and the encodings in its values. Keys must sort like the ids and rows
// that they name, everything must come back from its bytes, and other bytes must be refused. Ids
// and numbers are random, of all magnitudes.
#include "storage/disk/keys.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/coding.h"
#include "tests/support/random.h"

namespace tqdb::storage {
namespace keys_test {

PointId RandomId(testing::Gaussian& random) {
  const uint64_t word = random.Word() >> random.Below(64);
  return random.Below(2) == 0 ? PointId::Number(word) : PointId::Uuid(random.Word(), word);
}

// A scroll walks the keys in their order, so this order must be that of the ids.
TEST(KeysTest, IdKeysSortLikeIdsAndParseBack) {
  testing::Gaussian random(1);
  std::vector<PointId> ids = {PointId::Number(0), PointId::Number(~uint64_t{0}),
                              PointId::Uuid(0, 0)};
  for (int i = 0; i < 1000; ++i) ids.push_back(RandomId(random));
  for (const PointId& a : ids) {
    PointId parsed;
    ASSERT_TRUE(ParseIdKey(Key::OfId(a).view(), &parsed));
    EXPECT_EQ(parsed, a);
    const PointId& b = ids[random.Below(ids.size())];
    EXPECT_EQ(a < b, Key::OfId(a).view() < Key::OfId(b).view());
  }
}

// A scan of one space goes from its row 0 to SpaceEnd. With a wrong end it would lose the last
// rows, or read rows of the next space.
TEST(KeysTest, RowKeysSortBySpaceThenRowAndEndBeforeTheNextSpace) {
  testing::Gaussian random(2);
  for (int i = 0; i < 1000; ++i) {
    const uint64_t row = random.Word() >> random.Below(64);
    const size_t space = random.Below(16);
    const Key key = Key::OfSpaceRow(space, row);
    size_t parsed_space;
    uint64_t parsed_row;
    ASSERT_TRUE(ParseSpaceRowKey(key.view(), &parsed_space, &parsed_row));
    EXPECT_EQ(parsed_space, space);
    EXPECT_EQ(parsed_row, row);
    EXPECT_LT(key.view(), Key::SpaceEnd(space).view());
    EXPECT_LE(Key::OfSpaceRow(space, 0).view(), key.view());
    EXPECT_LE(Key::SpaceEnd(space).view(), Key::OfSpaceRow(space + 1, 0).view());
    if (row != ~uint64_t{0}) {
      EXPECT_LT(key.view(), Key::OfSpaceRow(space, row + 1).view());
    }
  }
}

TEST(KeysTest, KeysOfAnotherLengthDoNotParse) {
  PointId id;
  size_t space;
  uint64_t row;
  uint32_t version;
  for (size_t size = 0; size < 20; ++size) {
    for (const char tag : {'\0', '\1', '\2', 'm'}) {
      const std::string key(size, tag);
      EXPECT_EQ(ParseIdKey(key, &id), (tag == 0 && size == 9) || (tag == 1 && size == 17));
      EXPECT_EQ(ParseSpaceRowKey(key, &space, &row), size == 9);
      EXPECT_EQ(ParseRowKey(key, &row), size == 8);
      EXPECT_EQ(ParseMeanKey(key, &space, &version), tag == 'm' && size == 6);
    }
  }
}

TEST(CodingTest, NumbersAndStringsComeBack) {
  testing::Gaussian random(3);
  std::string bytes;
  std::vector<uint64_t> numbers = {0, 127, 128, ~uint64_t{0}};
  for (int i = 0; i < 500; ++i) numbers.push_back(random.Word() >> random.Below(64));
  for (const uint64_t number : numbers) {
    PutVarint64(&bytes, number);
    PutFixed64(&bytes, number);
    PutFixed32(&bytes, static_cast<uint32_t>(number));
    PutBytes(&bytes, std::string(number % 300, 'x'));
  }
  absl::string_view in = bytes;
  for (const uint64_t number : numbers) {
    uint64_t varint, fixed64;
    uint32_t fixed32;
    std::string text;
    ASSERT_TRUE(GetVarint64(&in, &varint) && GetFixed64(&in, &fixed64) &&
                GetFixed32(&in, &fixed32) && GetBytes(&in, &text));
    EXPECT_EQ(varint, number);
    EXPECT_EQ(fixed64, number);
    EXPECT_EQ(fixed32, static_cast<uint32_t>(number));
    EXPECT_EQ(text.size(), number % 300);
  }
  EXPECT_TRUE(in.empty());
}

// A damaged file may hold a value that is cut off, or a number that is too long. Reading must fail
// then, and not run past the end.
TEST(CodingTest, CutOffAndOverlongInputIsRefused) {
  std::string bytes;
  PutBytes(&bytes, "0123456789");
  for (size_t size = 0; size < bytes.size(); ++size) {
    absl::string_view in(bytes.data(), size);
    std::string text;
    EXPECT_FALSE(GetBytes(&in, &text)) << size;
  }
  const std::string overlong(11, '\xff');
  absl::string_view in = overlong;
  uint64_t number;
  EXPECT_FALSE(GetVarint64(&in, &number));
  const std::string too_big = std::string(9, '\xff') + '\x02';  // 65 bits
  in = too_big;
  EXPECT_FALSE(GetVarint64(&in, &number));
}

}  // namespace keys_test
}  // namespace tqdb::storage
