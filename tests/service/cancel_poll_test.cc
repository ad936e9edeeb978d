// Tests how often a poll asks its expensive question. The clock belongs to the test, so the
// expected numbers of questions are exact and no test sleeps.
#include "service/cancel_poll.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace tqdb::service {
namespace cancel_poll_test {

using std::chrono::milliseconds;

// Makes polls whose questions are counted and answered from a flag. Their clock stands at `ms_`,
// which the test sets.
class CancelPollTest : public ::testing::Test {
 protected:
  CancelPoll Make(CancelPoll::Clock::time_point deadline = CancelPoll::Clock::time_point::max()) {
    return CancelPoll(
        [this] {
          const int asking = ++asking_;
          int most = most_asking_.load();
          while (most < asking && !most_asking_.compare_exchange_weak(most, asking)) {
          }
          ++asked_;
          std::this_thread::yield();
          --asking_;
          return gone_.load();
        },
        {.interval = milliseconds(5), .deadline = deadline, .now = [this] { return At(ms_); }});
  }
  static CancelPoll::Clock::time_point At(int ms) {
    return CancelPoll::Clock::time_point(milliseconds(1000 + ms));
  }

  std::atomic<int> ms_{0};
  std::atomic<int> asked_{0}, asking_{0}, most_asking_{0};
  std::atomic<bool> gone_{false};
};

TEST_F(CancelPollTest, AsksNothingWithinTheFirstInterval) {
  CancelPoll poll = Make();
  gone_ = true;
  ms_ = 4;
  for (int i = 0; i < 1000; ++i) ASSERT_FALSE(poll.Cancelled());
  EXPECT_EQ(asked_, 0);
}

TEST_F(CancelPollTest, AsksOnceAnIntervalHoweverOftenItIsPolled) {
  CancelPoll poll = Make();
  for (; ms_ < 100; ++ms_) {
    for (int i = 0; i < 1000; ++i) ASSERT_FALSE(poll.Cancelled());
  }
  EXPECT_EQ(asked_, 19);  // at 5, 10, ..., 95 ms
}

TEST_F(CancelPollTest, SeesACancelledCallAtMostOneIntervalLaterAndRemembers) {
  for (int cancelled_at = 1; cancelled_at < 20; ++cancelled_at) {
    ms_ = 0;
    gone_ = false;
    CancelPoll poll = Make();
    for (; ms_ < cancelled_at; ++ms_) ASSERT_FALSE(poll.Cancelled());
    gone_ = true;
    while (!poll.Cancelled() && ms_ < 100) ++ms_;
    EXPECT_LE(ms_, cancelled_at + 5);
    const int asked = asked_;
    gone_ = false;
    ms_ = 200;
    EXPECT_TRUE(poll.Cancelled());
    EXPECT_EQ(asked_, asked);
  }
}

TEST_F(CancelPollTest, ADeadlineEndsACallWithoutAQuestion) {
  CancelPoll poll = Make(At(3));
  ms_ = 2;
  EXPECT_FALSE(poll.Cancelled());
  ms_ = 3;
  EXPECT_TRUE(poll.Cancelled());
  ms_ = 50;
  EXPECT_TRUE(poll.Cancelled());
  EXPECT_EQ(asked_, 0);
}

TEST_F(CancelPollTest, ManyThreadsTogetherAskOnceAnIntervalAndOneAtATime) {
  CancelPoll poll = Make();
  std::atomic<bool> stop{false};
  std::atomic<int> looks{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      while (!stop) {
        EXPECT_FALSE(poll.Cancelled());
        ++looks;
      }
    });
  }
  constexpr int kIntervals = 25;
  for (int i = 1; i <= kIntervals; ++i) {
    const int before = asked_;
    ms_ = 5 * i;
    // Every interval gets its question, and all threads have looked often when it ends.
    while (asked_ == before) std::this_thread::yield();
    const int seen = looks;
    while (looks < seen + 40) std::this_thread::yield();
    ASSERT_EQ(asked_, i);
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(asked_, kIntervals);
  EXPECT_EQ(most_asking_, 1);
}

}  // namespace cancel_poll_test
}  // namespace tqdb::service
