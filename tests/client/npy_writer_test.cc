#include "client/cli/output/npy_writer.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>
#include <vector>

#include "client/cli/input/npy_matrix.h"
#include "tests/support/temp_dir.h"

namespace tqdb::client {
namespace npy_writer_test {

TEST(NpyWriterTest, WritesWhatTheReaderReads) {
  testing::TempDir dir;
  std::mt19937 random(42);
  std::normal_distribution<float> normal;
  for (uint32_t dim : {1u, 8u, 100u, 1536u}) {
    for (uint64_t rows : {0u, 1u, 257u}) {
      std::vector<std::vector<float>> expected(rows, std::vector<float>(dim));
      auto writer = NpyWriter::Open(dir.File("w.npy"), dim);
      ASSERT_TRUE(writer.ok()) << writer.status();
      for (auto& row : expected) {
        for (float& x : row) x = normal(random);
        ASSERT_TRUE(writer->Append(row).ok());
      }
      EXPECT_FALSE(writer->Append(std::vector<float>(dim + 1)).ok());
      ASSERT_TRUE(writer->Finish().ok());

      auto reader = NpyMatrix::Open(*FileReader::Open(dir.File("w.npy")));
      ASSERT_TRUE(reader.ok()) << reader.status();
      ASSERT_EQ((*reader)->rows(), rows);
      std::vector<float> row;
      for (const std::vector<float>& wanted : expected) {
        ASSERT_TRUE((*reader)->ReadRow(row).ok());
        EXPECT_EQ(row, wanted);
      }
      EXPECT_EQ((*reader)->ReadRow(row).code(), absl::StatusCode::kOutOfRange);
    }
  }
}

TEST(NpyWriterTest, AnUnfinishedFileLeavesNothing) {
  testing::TempDir dir;
  {
    auto writer = NpyWriter::Open(dir.File("w.npy"), 4);
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE(writer->Append({1, 2, 3, 4}).ok());
  }
  EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
}

}  // namespace npy_writer_test
}  // namespace tqdb::client
