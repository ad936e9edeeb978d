#include "bench/measure/scratch.h"

#include <filesystem>
#include <fstream>
#include <string>

#include "bench/measure/server.h"
#include "gtest/gtest.h"

namespace tqdb::bench {
namespace scratch_test {

TEST(ScratchTest, DirectoryIsCountedAndGoesWithItsObject) {
  auto directory = ScratchDirectory::Create("");
  ASSERT_TRUE(directory.ok()) << directory.status();
  const std::string path = (*directory)->path();
  std::filesystem::create_directories(path + "/a/b");
  std::ofstream(path + "/a/b/file") << std::string(5000, 'x');
  std::ofstream(path + "/other") << std::string(1000, 'y');
  EXPECT_EQ(MeasureDisk(path).bytes, 6000u);
  directory->reset();
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_EQ(MeasureDisk(path).bytes, 0u);
  EXPECT_FALSE(ScratchDirectory::Create("/no/such/place").ok());
}

TEST(ServerTest, ProgramThatEndsIsAnErrorWithItsReason) {
  auto directory = ScratchDirectory::Create("");
  ASSERT_TRUE(directory.ok()) << directory.status();
  const auto server = StartServer("/bin/false", (*directory)->path() + "/data");
  ASSERT_FALSE(server.ok());
  EXPECT_NE(std::string(server.status().message()).find("/bin/false ended"), std::string::npos)
      << server.status();
}

}  // namespace scratch_test
}  // namespace tqdb::bench
