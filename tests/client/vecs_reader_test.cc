#include "client/cli/input/vecs_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/support/temp_dir.h"

namespace tqdb::client {
namespace vecs_reader_test {

using ::testing::HasSubstr;

std::string Row(int32_t dim, const std::vector<float>& values) {
  std::string out(reinterpret_cast<const char*>(&dim), sizeof(dim));
  out.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
  return out;
}

absl::StatusOr<std::unique_ptr<MatrixReader>> Open(const std::string& path,
                                                   VecsItem item = VecsItem::kFloat) {
  absl::StatusOr<FileReader> file = FileReader::Open(path);
  if (!file.ok()) return file.status();
  return VecsReader::Open(*std::move(file), item);
}

TEST(VecsReaderTest, ReadsBackRandomRows) {
  testing::TempDir dir;
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  for (size_t dim : {1u, 100u, 700u}) {
    std::vector<std::vector<float>> expected(1000, std::vector<float>(dim));
    std::string bytes;
    for (auto& row : expected) {
      for (float& x : row) x = normal(random);
      bytes += Row(static_cast<int32_t>(dim), row);
    }
    auto reader = Open(dir.Write("x.fvecs", bytes));
    ASSERT_TRUE(reader.ok()) << reader.status();
    ASSERT_EQ((*reader)->rows(), expected.size());
    ASSERT_EQ((*reader)->dim(), dim);
    std::vector<float> row;
    for (const auto& wanted : expected) {
      ASSERT_TRUE((*reader)->ReadRow(row).ok());
      EXPECT_EQ(row, wanted);
    }
    EXPECT_EQ((*reader)->ReadRow(row).code(), absl::StatusCode::kOutOfRange);
    (*reader)->Seek(500);
    ASSERT_TRUE((*reader)->ReadRow(row).ok());
    EXPECT_EQ(row, expected[500]);
  }
}

TEST(VecsReaderTest, RefusesWhatIsNoFvecsFile) {
  testing::TempDir dir;
  const auto error = [&](const std::string& bytes) {
    return Open(dir.Write("x.fvecs", bytes)).status();
  };
  EXPECT_THAT(error("").message(), HasSubstr("0 bytes"));
  EXPECT_THAT(error("abc").message(), HasSubstr("3 bytes"));
  EXPECT_THAT(error(Row(0, {})).message(), HasSubstr("dim 0"));
  EXPECT_THAT(error(Row(-4, {1})).message(), HasSubstr("dim -4"));
  EXPECT_THAT(error("some text that is not binary").message(), HasSubstr("not a .fvecs file"));
  const std::string whole = Row(3, {1, 2, 3}) + Row(3, {4, 5, 6});
  for (size_t length = 4; length < whole.size(); ++length) {
    if (length == 16) continue;  // exactly one row
    EXPECT_EQ(error(whole.substr(0, length)).code(), absl::StatusCode::kDataLoss) << length;
  }
}

TEST(VecsReaderTest, NamesTheRowOfAnotherDim) {
  testing::TempDir dir;
  auto reader = Open(dir.Write("x.fvecs", Row(2, {1, 2}) + Row(2, {3, 4}) + Row(1, {0, 0})));
  ASSERT_TRUE(reader.ok());
  std::vector<float> row;
  ASSERT_TRUE((*reader)->ReadRow(row).ok());
  ASSERT_TRUE((*reader)->ReadRow(row).ok());
  EXPECT_THAT((*reader)->ReadRow(row).message(), HasSubstr("row 2 has dim 1"));
}

TEST(VecsReaderTest, ReadsBytesAndIntegers) {
  testing::TempDir dir;
  const std::string dim("\2\0\0\0", 4);
  std::vector<float> row;
  auto bytes = Open(dir.Write("x.bvecs", dim + "\x01\xff" + dim + "\x07\x80"), VecsItem::kByte);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_EQ((*bytes)->rows(), 2u);
  ASSERT_TRUE((*bytes)->ReadRow(row).ok());
  EXPECT_EQ(row, (std::vector<float>{1, 255}));
  ASSERT_TRUE((*bytes)->ReadRow(row).ok());
  EXPECT_EQ(row, (std::vector<float>{7, 128}));

  const std::string items("\xff\xff\xff\xff\x00\x01\x00\x00", 8);
  auto ints = Open(dir.Write("x.ivecs", dim + items), VecsItem::kInt);
  ASSERT_TRUE(ints.ok()) << ints.status();
  ASSERT_TRUE((*ints)->ReadRow(row).ok());
  EXPECT_EQ(row, (std::vector<float>{-1, 256}));
  EXPECT_THAT(Open(dir.Write("y.bvecs", dim + "\x01"), VecsItem::kByte).status().message(),
              HasSubstr("not a .bvecs file"));
}

}  // namespace vecs_reader_test
}  // namespace tqdb::client
