#include "base/process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "tests/support/temp_dir.h"

namespace tqdb {
namespace process_test {

using ::testing::HasSubstr;

class ProcessTest : public ::testing::Test {
 protected:
  absl::StatusOr<Process> Shell(const std::string& script) {
    return Process::Start({"/bin/sh", "-c", script}, dir_.File("out"), dir_.File("err"));
  }

  tqdb::testing::TempDir dir_;
};

TEST_F(ProcessTest, GivesCodeAndOutputOfAProgram) {
  auto result = RunCommand({"/bin/sh", "-c", "cat; echo out; echo err >&2; exit 3"}, dir_.path());
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->code, 3);
  EXPECT_EQ(result->out, "out\n");
  EXPECT_EQ(result->err, "err\n");
  EXPECT_EQ(RunCommand({dir_.File("no program")}, dir_.path())->code, 127);
}

TEST_F(ProcessTest, ASignalEndsIt) {
  auto process = Shell("sleep 60");
  ASSERT_TRUE(process.ok()) << process.status();
  EXPECT_TRUE(process->running());
  EXPECT_TRUE(absl::IsDeadlineExceeded(process->Wait(absl::Milliseconds(20)).status()));
  process->Signal(SIGTERM);
  const absl::StatusOr<int> code = process->Wait(absl::Minutes(1));
  ASSERT_TRUE(code.ok()) << code.status();
  EXPECT_EQ(*code, 128 + SIGTERM);
  EXPECT_FALSE(process->running());
}

// A program that waits for signals blocks them in all of its threads; its children need them.
TEST_F(ProcessTest, BlockedSignalsAreNotBlockedInTheChild) {
  sigset_t term, before;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  ASSERT_EQ(pthread_sigmask(SIG_BLOCK, &term, &before), 0);
  auto process = Shell("sleep 60");
  ASSERT_EQ(pthread_sigmask(SIG_SETMASK, &before, nullptr), 0);
  ASSERT_TRUE(process.ok()) << process.status();
  process->Signal(SIGTERM);
  EXPECT_EQ(process->Wait(absl::Seconds(30)).value_or(-1), 128 + SIGTERM);
}

TEST_F(ProcessTest, IsKilledWithItsObject) {
  pid_t pid = 0;
  {
    auto process = Shell("sleep 60");
    ASSERT_TRUE(process.ok()) << process.status();
    pid = process->pid();
    EXPECT_GT(process->ResidentBytes(), 0u);
  }
  EXPECT_EQ(kill(pid, 0), -1);
}

TEST(ResidentBytesTest, ResidentMemoryOfAProcessIsFound) {
  EXPECT_GT(ResidentBytesOf(getpid()), uint64_t{1} << 20);
  EXPECT_EQ(ResidentBytesOf(0), 0u);
}

}  // namespace process_test
}  // namespace tqdb
