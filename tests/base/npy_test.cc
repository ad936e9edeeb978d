#include "base/npy_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "absl/strings/str_cat.h"
#include "tests/support/temp_dir.h"

namespace tqdb {
namespace npy_test {

using ::testing::HasSubstr;

constexpr NpyType kFloats[] = {NpyType::kFloat16, NpyType::kFloat32, NpyType::kFloat64};

template <typename T>
std::string Bytes(const std::vector<T>& items) {
  return std::string(reinterpret_cast<const char*>(items.data()), items.size() * sizeof(T));
}

// A file of version `major`.0 with any dictionary and any data.
std::string Npy(const std::string& dictionary, const std::string& data, int major = 1) {
  std::string out("\x93NUMPY", 6);
  out.push_back(static_cast<char>(major));
  out.push_back('\0');
  const size_t length = dictionary.size();
  for (int i = 0; i < (major == 1 ? 2 : 4); ++i) {
    out.push_back(static_cast<char>((length >> (8 * i)) & 0xff));
  }
  return out + dictionary + data;
}

std::string Dictionary(const std::string& descr, const std::string& order,
                       const std::string& shape) {
  return absl::StrCat("{'descr': ", descr, ", 'fortran_order': ", order, ", 'shape': ", shape,
                      ", }   \n");
}

class NpyReaderTest : public ::testing::Test {
 protected:
  absl::Status Error(const std::string& bytes) {
    return NpyReader::Open(dir_.Write("x.npy", bytes), kFloats).status();
  }
  std::vector<std::vector<float>> ReadAll(const std::string& bytes,
                                          absl::Span<const NpyType> allowed = kFloats) {
    auto reader = NpyReader::Open(dir_.Write("x.npy", bytes), allowed);
    EXPECT_TRUE(reader.ok()) << reader.status();
    std::vector<std::vector<float>> rows;
    if (!reader.ok()) return rows;
    std::vector<float> row(reader->header().dim);
    for (uint64_t i = 0; i < reader->header().rows; ++i) {
      EXPECT_TRUE(reader->ReadRow(absl::MakeSpan(row)).ok());
      rows.push_back(row);
    }
    EXPECT_EQ(reader->ReadRow(absl::MakeSpan(row)).code(), absl::StatusCode::kOutOfRange);
    return rows;
  }

  tqdb::testing::TempDir dir_;
};

TEST_F(NpyReaderTest, ReadsEveryFloatTypeInBothVersions) {
  const std::vector<std::vector<float>> expected = {{1, -2, 0.5f}, {0, 65504, -0.25f}};
  const std::string f32 = Bytes<float>({1, -2, 0.5f, 0, 65504, -0.25f});
  const std::string f64 = Bytes<double>({1, -2, 0.5, 0, 65504, -0.25});
  const std::string f16 = Bytes<uint16_t>({0x3c00, 0xc000, 0x3800, 0, 0x7bff, 0xb400});
  for (int major : {1, 2}) {
    EXPECT_EQ(ReadAll(Npy(Dictionary("'<f4'", "False", "(2, 3)"), f32, major)), expected);
    EXPECT_EQ(ReadAll(Npy(Dictionary("'<f8'", "False", "(2, 3)"), f64, major)), expected);
    EXPECT_EQ(ReadAll(Npy(Dictionary("'<f2'", "False", "(2, 3)"), f16, major)), expected);
  }
}

TEST_F(NpyReaderTest, ReadsBytesWhereTheyAreAllowed) {
  const std::string bytes = Npy(Dictionary("'|i1'", "False", "(2, 2)"), "\x7f\x80\x01\xff");
  EXPECT_EQ(ReadAll(bytes, {NpyType::kFloat32, NpyType::kInt8}),
            (std::vector<std::vector<float>>{{127, -128}, {1, -1}}));
  EXPECT_THAT(Error(bytes).message(),
              HasSubstr("descr: \"|i1\"; allowed are '<f2', '<f4', '<f8' (float16, 32, 64)"));
}

TEST_F(NpyReaderTest, ReadsIntegersOfEverySize) {
  const std::vector<std::vector<float>> expected = {{0, 1}, {100, 127}};
  const auto read = [this](const char* descr, const std::string& data) {
    return ReadAll(Npy(Dictionary(descr, "False", "(2, 2)"), data), kAllNpyTypes);
  };
  EXPECT_EQ(read("'|i1'", Bytes<int8_t>({0, 1, 100, 127})), expected);
  EXPECT_EQ(read("'|u1'", Bytes<uint8_t>({0, 1, 100, 127})), expected);
  EXPECT_EQ(read("'<i2'", Bytes<int16_t>({0, 1, 100, 127})), expected);
  EXPECT_EQ(read("'<u2'", Bytes<uint16_t>({0, 1, 100, 127})), expected);
  EXPECT_EQ(read("'<i4'", Bytes<int32_t>({0, 1, 100, 127})), expected);
  EXPECT_EQ(read("'<u4'", Bytes<uint32_t>({0, 1, 100, 127})), expected);
  EXPECT_EQ(read("'<i8'", Bytes<int64_t>({0, 1, 100, 127})), expected);
  EXPECT_EQ(read("'<u8'", Bytes<uint64_t>({0, 1, 100, 127})), expected);
  EXPECT_EQ(read("'|b1'", Bytes<uint8_t>({0, 1, 1, 0})),
            (std::vector<std::vector<float>>{{0, 1}, {1, 0}}));
  EXPECT_EQ(read("'<i4'", Bytes<int32_t>({-1, -2, -3, -4})),
            (std::vector<std::vector<float>>{{-1, -2}, {-3, -4}}));
}

TEST_F(NpyReaderTest, ReadsTheOtherByteOrder) {
  const auto read = [this](const char* descr, const char* data, size_t bytes) {
    return ReadAll(Npy(Dictionary(descr, "False", "(1, 2)"), std::string(data, bytes)),
                   kAllNpyTypes);
  };
  const std::vector<std::vector<float>> expected = {{1, -2}};
  EXPECT_EQ(read("'>f4'", "\x3f\x80\0\0\xc0\0\0\0", 8), expected);
  EXPECT_EQ(read("'>f2'", "\x3c\0\xc0\0", 4), expected);
  EXPECT_EQ(read("'>i2'", "\0\1\xff\xfe", 4), expected);
}

TEST_F(NpyReaderTest, ReadsRowsOfColumnMajorArrays) {
  constexpr uint64_t kRows = 700;
  constexpr uint32_t kDim = 31000;  // a buffer holds 541 rows
  std::vector<float> items(kRows * kDim);
  for (uint64_t r = 0; r < kRows; ++r) {
    for (uint32_t c = 0; c < kDim; ++c) items[c * kRows + r] = static_cast<float>(r * 7 + c);
  }
  auto reader = NpyReader::Open(
      dir_.Write("x.npy",
                 Npy(Dictionary("'<f4'", "True", absl::StrCat("(", kRows, ", ", kDim, ")")),
                     Bytes(items))),
      kFloats);
  ASSERT_TRUE(reader.ok()) << reader.status();
  std::vector<float> row(kDim);
  for (uint64_t r : {0, 1, 540, 541, 699, 3}) {
    reader->Seek(r);
    ASSERT_TRUE(reader->ReadRow(absl::MakeSpan(row)).ok());
    for (uint32_t c = 0; c < kDim; c += 999) EXPECT_EQ(row[c], static_cast<float>(r * 7 + c));
  }
  EXPECT_EQ(ReadAll(Npy(Dictionary("'<f4'", "True", "(3,)"), Bytes<float>({1, 2, 3}))),
            (std::vector<std::vector<float>>{{1, 2, 3}}));
}

TEST_F(NpyReaderTest, ReadsOneDimensionAsOneRow) {
  EXPECT_EQ(ReadAll(Npy(Dictionary("'<f4'", "False", "(3,)"), Bytes<float>({1, 2, 3}))),
            (std::vector<std::vector<float>>{{1, 2, 3}}));
}

TEST_F(NpyReaderTest, ReadsNoRows) {
  EXPECT_TRUE(ReadAll(Npy(Dictionary("'<f4'", "False", "(0, 7)"), "")).empty());
}

TEST_F(NpyReaderTest, AcceptsKeysInAnyOrderAndAnySpacing) {
  EXPECT_EQ(ReadAll(Npy("{\"shape\":( 1 ,2 ),'fortran_order':False , 'descr':'<f4'}",
                        Bytes<float>({5, 6}))),
            (std::vector<std::vector<float>>{{5, 6}}));
}

TEST_F(NpyReaderTest, SeeksToAnyRow) {
  std::vector<float> items(3000 * 200);
  for (size_t i = 0; i < items.size(); ++i) items[i] = static_cast<float>(i);
  auto reader = NpyReader::Open(
      dir_.Write("x.npy", Npy(Dictionary("'<f4'", "False", "(3000, 200)"), Bytes(items))), kFloats);
  ASSERT_TRUE(reader.ok());
  std::vector<float> row(200);
  for (uint64_t wanted : {2999, 0, 1310, 1311, 1309, 17, 2620, 2621}) {
    reader->Seek(wanted);
    ASSERT_TRUE(reader->ReadRow(absl::MakeSpan(row)).ok());
    EXPECT_EQ(row.front(), items[wanted * 200]);
    EXPECT_EQ(row.back(), items[wanted * 200 + 199]);
  }
}

TEST_F(NpyReaderTest, RefusesOtherLayoutsByName) {
  const std::string data = Bytes<float>({1, 2, 3, 4});
  EXPECT_THAT(Error(Npy(Dictionary("'<c8'", "False", "(2, 2)"), data)).message(),
              HasSubstr("'<f2', '<f4', '<f8'"));
  EXPECT_THAT(Error(Npy(Dictionary("'|f4'", "False", "(2, 2)"), data)).message(), HasSubstr("|f4"));
  EXPECT_THAT(Error(Npy(Dictionary("'<i4'", "False", "(2, 2)"), data)).message(), HasSubstr("<i4"));
  EXPECT_THAT(Error(Npy(Dictionary("[('a', '<f4')]", "False", "(2, 2)"), data)).message(),
              HasSubstr("structured"));
  EXPECT_THAT(Error(Npy(Dictionary("'<f4'", "False", "(1, 2, 2)"), data)).message(),
              HasSubstr("3 dimensions"));
  EXPECT_THAT(Error(Npy(Dictionary("'<f4'", "False", "()"), data)).message(),
              HasSubstr("0 dimensions"));
  EXPECT_THAT(Error(Npy(Dictionary("'<f4'", "False", "(4, 0)"), "")).message(),
              HasSubstr("rows of 0 values"));
  EXPECT_THAT(Error(Npy(Dictionary("'<f4'", "False", "(2, 2)"), data, 4)).message(),
              HasSubstr("version 4.0"));
}

TEST_F(NpyReaderTest, RefusesShapesThatOverflow) {
  for (const std::string shape :
       {"(4611686018427387904, 4)", "(18446744073709551615, 1)", "(1, 18446744073709551615)",
        "(18446744073709551616, 4)", "(99999999999999999999999, 1)", "(-1, 4)"}) {
    EXPECT_EQ(Error(Npy(Dictionary("'<f4'", "False", shape), Bytes<float>({1, 2, 3, 4}))).code(),
              absl::StatusCode::kInvalidArgument)
        << shape;
  }
}

TEST_F(NpyReaderTest, FindsTruncationAtEveryByte) {
  const std::string whole =
      Npy(Dictionary("'<f4'", "False", "(2, 3)"), Bytes<float>({1, 2, 3, 4, 5, 6}));
  for (size_t length = 0; length < whole.size(); ++length) {
    const absl::Status status = Error(whole.substr(0, length));
    ASSERT_FALSE(status.ok()) << length;
    EXPECT_THAT(status.message(), HasSubstr("x.npy: "));
  }
  EXPECT_THAT(Error(whole.substr(0, whole.size() - 1)).message(),
              HasSubstr("truncated: 23 bytes of data where 2 x 3 items of 4 bytes need 24"));
  EXPECT_THAT(Error(whole + "x").message(), HasSubstr("bytes after the array"));
}

TEST_F(NpyReaderTest, RefusesGarbage) {
  EXPECT_THAT(Error("").message(), HasSubstr("not a .npy file"));
  EXPECT_THAT(Error("PK\x03\x04 a zip archive").message(), HasSubstr("PK"));
  std::mt19937 random(20261123);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random() % 300, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    EXPECT_FALSE(Error(bytes).ok());
  }
}

// Changed headers either fail with an error or describe the file as it is.
TEST_F(NpyReaderTest, SurvivesEveryChangedByte) {
  const std::string whole =
      Npy(Dictionary("'<f4'", "False", "(2, 3)"), Bytes<float>({1, 2, 3, 4, 5, 6}));
  std::mt19937 random(7);
  for (size_t at = 0; at < whole.size() - 24; ++at) {
    for (int round = 0; round < 8; ++round) {
      std::string bytes = whole;
      bytes[at] = static_cast<char>(random());
      auto reader = NpyReader::Open(dir_.Write("x.npy", bytes), kFloats);
      if (!reader.ok()) continue;
      std::vector<float> row(reader->header().dim);
      for (uint64_t i = 0; i < reader->header().rows; ++i) {
        EXPECT_TRUE(reader->ReadRow(absl::MakeSpan(row)).ok());
      }
    }
  }
}

TEST_F(NpyReaderTest, ReadsWhatFollowsThePreamble) {
  for (uint32_t dim : {1u, 8u, 1536u}) {
    const std::vector<float> row(dim, 0.5f);
    EXPECT_EQ(ReadAll(NpyPreamble(2, dim) + Bytes(row) + Bytes(row)),
              (std::vector<std::vector<float>>{row, row}));
  }
}

TEST(NpyPreambleTest, HasOneLengthForAllShapes) {
  EXPECT_EQ(NpyPreamble(0, 1).size(), 128u);
  EXPECT_EQ(NpyPreamble(~uint64_t{0}, ~uint32_t{0}).size(), 128u);
}

TEST_F(NpyReaderTest, NamesMissingFilesAndDirectories) {
  EXPECT_EQ(NpyReader::Open(dir_.File("none.npy"), kFloats).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(NpyReader::Open(dir_.path(), kFloats).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace npy_test
}  // namespace tqdb
