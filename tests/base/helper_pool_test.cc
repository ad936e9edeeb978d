#include "base/helper_pool.h"

#include <atomic>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace tqdb {
namespace helper_pool_test {

TEST(HelperPoolTest, EveryPartRunsOnceForEveryCaller) {
  for (size_t threads : {0, 1, 3}) {
    HelperPool pool(threads);
    std::vector<std::thread> callers;
    for (int c = 0; c < 4; ++c) {
      callers.emplace_back([&pool] {
        for (size_t count = 0; count < 60; ++count) {
          std::vector<std::atomic<int>> runs(count);
          pool.Run(count, [&](size_t part) { ++runs[part]; });
          for (const std::atomic<int>& n : runs) ASSERT_EQ(n, 1);
        }
      });
    }
    for (std::thread& caller : callers) caller.join();
  }
}

TEST(HelperPoolTest, IdleThreadsHelp) {
  HelperPool pool(1);
  // Neither part can end before the other has begun.
  std::atomic<int> begun{0};
  pool.Run(2, [&](size_t) {
    ++begun;
    while (begun < 2) std::this_thread::yield();
  });
  EXPECT_EQ(begun, 2);
}

}  // namespace helper_pool_test
}  // namespace tqdb
