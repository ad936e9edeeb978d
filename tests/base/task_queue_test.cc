#include "base/task_queue.h"

#include <atomic>

#include "gtest/gtest.h"

namespace tqdb {
namespace task_queue_test {

TEST(TaskQueueTest, RunsEveryTaskBeforeItIsDestroyed) {
  std::atomic<int> ran{0};
  {
    TaskQueue queue(3);
    for (int i = 0; i < 1000; ++i) queue.Submit([&ran] { ++ran; });
  }
  EXPECT_EQ(ran, 1000);
}

}  // namespace task_queue_test
}  // namespace tqdb
