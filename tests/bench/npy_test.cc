#include "bench/data/npy.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string>

#include "bench/data/data_sets.h"
#include "bench/measure/scratch.h"
#include "gtest/gtest.h"

namespace tqdb::bench {
namespace npy_test {

class NpyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto directory = ScratchDirectory::Create("");
    ASSERT_TRUE(directory.ok()) << directory.status();
    directory_ = std::move(directory).value();
  }

  std::string Write(const std::string& name, const std::string& bytes) {
    const std::string path = directory_->path() + "/" + name;
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  // A version 1.0 file.
  static std::string Npy(const std::string& type, const std::string& shape,
                         const std::string& data) {
    std::string header =
        "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }";
    header.resize(118, ' ');
    return std::string("\x93NUMPY\x01\x00\x76\x00", 10) + header + data;
  }

  std::unique_ptr<ScratchDirectory> directory_;
};

TEST_F(NpyTest, ReadsHalfSingleAndByteItems) {
  const float floats[] = {1.5f, -2, 0.25f, 1e10f};
  const auto f32 =
      ReadNpy(Write("a", Npy("<f4", "(2, 2)",
                             std::string(reinterpret_cast<const char*>(floats), sizeof(floats)))));
  ASSERT_TRUE(f32.ok()) << f32.status();
  EXPECT_EQ(f32->rows, 2u);
  EXPECT_EQ(f32->dim, 2u);
  EXPECT_EQ(f32->values, (std::vector<float>{1.5f, -2, 0.25f, 1e10f}));

  const uint16_t halves[] = {0x3c00, 0xc000, 0x3800};
  const auto f16 =
      ReadNpy(Write("b", Npy("<f2", "(1, 3)",
                             std::string(reinterpret_cast<const char*>(halves), sizeof(halves)))));
  ASSERT_TRUE(f16.ok()) << f16.status();
  EXPECT_EQ(f16->values, (std::vector<float>{1, -2, 0.5f}));

  const auto i8 = ReadNpy(Write("c", Npy("|i1", "(2,)", "\x7f\x80")));
  ASSERT_TRUE(i8.ok()) << i8.status();
  EXPECT_EQ(i8->rows, 1u);
  EXPECT_EQ(i8->values, (std::vector<float>{127, -128}));
}

TEST_F(NpyTest, RefusesWhatItCannotReadWithTheReason) {
  EXPECT_EQ(ReadNpy(directory_->path() + "/none").status().code(), absl::StatusCode::kNotFound);
  const struct {
    std::string bytes;
    absl::StatusCode code;
    std::string message;
  } cases[] = {
      {"hello, world", absl::StatusCode::kInvalidArgument, "not a .npy file"},
      {Npy("<f8", "(1, 1)", std::string(8, 0)), absl::StatusCode::kInvalidArgument, "<f8"},
      {Npy("<f4", "(1, 1, 1)", std::string(4, 0)), absl::StatusCode::kInvalidArgument, "shape"},
      {Npy("<f4", "(999999999999999999, 9)", ""), absl::StatusCode::kInvalidArgument,
       "larger than any file"},
      {Npy("<f4", "(2, 1)", std::string(4, 0)), absl::StatusCode::kDataLoss, "need 8"},
      {Npy("<f4", "(1, 1)", std::string(5, 0)), absl::StatusCode::kDataLoss, "need 4"},
      {Npy("<f4", "(1, 1)", "").substr(0, 40), absl::StatusCode::kDataLoss, "truncated within"},
  };
  for (const auto& c : cases) {
    const absl::Status status = ReadNpy(Write("bad", c.bytes)).status();
    EXPECT_EQ(status.code(), c.code) << c.message;
    EXPECT_NE(std::string(status.message()).find(c.message), std::string::npos) << status;
  }
}

TEST_F(NpyTest, DataSetsPairBaseWithQueries) {
  Write("two.base.i8.npy", Npy("|i1", "(3, 2)", "\x01\x02\x03\x04\x05\x06"));
  Write("two.query.f32.npy", Npy("<f4", "(1, 2)", std::string(8, 0)));
  Write("one.base.f16.npy", Npy("<f2", "(1, 1)", std::string(2, 0)));
  Write("readme.txt", "no set");
  EXPECT_EQ(FindDataSets(directory_->path()).status().code(), absl::StatusCode::kNotFound);
  Write("one.query.f16.npy", Npy("<f2", "(1, 2)", std::string(4, 0)));
  const auto sets = FindDataSets(directory_->path());
  ASSERT_TRUE(sets.ok()) << sets.status();
  ASSERT_EQ(sets->size(), 2u);
  EXPECT_EQ((*sets)[0].name, "one");
  // Base and queries of different dim.
  EXPECT_EQ(ReadDataSet((*sets)[0], {}).status().code(), absl::StatusCode::kInvalidArgument);
  const auto two = ReadDataSet((*sets)[1], {2, 10});
  ASSERT_TRUE(two.ok()) << two.status();
  EXPECT_EQ(two->base.rows, 2u);
  EXPECT_EQ(two->base.values, (std::vector<float>{1, 2, 3, 4}));

  const auto chosen = FindDataSets(directory_->path(), {"two"});
  ASSERT_TRUE(chosen.ok()) << chosen.status();
  ASSERT_EQ(chosen->size(), 1u);
  EXPECT_EQ((*chosen)[0].name, "two");
  const absl::Status unknown = FindDataSets(directory_->path(), {"two", "three"}).status();
  EXPECT_EQ(unknown.code(), absl::StatusCode::kNotFound);
  EXPECT_NE(std::string(unknown.message()).find("'three'"), std::string::npos) << unknown;
}

TEST_F(NpyTest, WriterWritesWhatTheReaderReads) {
  const std::string path = directory_->path() + "/written.npy";
  Matrix piece(2, 3);
  piece.values = {1, -2, 3.5f, 4, 5, 1e-9f};
  auto writer = NpyWriter::Create(path, 4, 3);
  ASSERT_TRUE(writer.ok()) << writer.status();
  writer->Append(piece);
  writer->Append(piece);
  ASSERT_TRUE(writer->Close().ok());
  const auto read = ReadNpy(path);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->rows, 4u);
  EXPECT_EQ(read->dim, 3u);
  EXPECT_TRUE(std::equal(piece.values.begin(), piece.values.end(), read->values.begin() + 6));
  std::ifstream in(path, std::ios::binary);
  std::string header(128, '\0');
  in.read(header.data(), 128);
  EXPECT_EQ(header.find('\n') % 64, 63u);

  auto incomplete = NpyWriter::Create(path, 3, 3);
  ASSERT_TRUE(incomplete.ok());
  incomplete->Append(piece);
  EXPECT_EQ(incomplete->Close().code(), absl::StatusCode::kDataLoss);
  EXPECT_FALSE(NpyWriter::Create("/no/such/directory/a.npy", 1, 1).ok());
}

}  // namespace npy_test
}  // namespace tqdb::bench
