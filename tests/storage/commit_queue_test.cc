#include "storage/write/commit_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"

namespace tqdb::storage {
namespace commit_queue_test {

struct NumberedWrite : QueuedWrite {
  NumberedWrite(int number, size_t bytes) : QueuedWrite(bytes), number(number) {}
  const int number;
};

TEST(CommitQueueTest, WritesThatWaitAreCommittedTogetherInOrderOfArrival) {
  absl::Notification first_running, go_on;
  std::vector<std::vector<int>> groups;
  CommitQueue queue(100, [&](absl::Span<QueuedWrite* const> group) {
    groups.emplace_back();
    for (QueuedWrite* write : group)
      groups.back().push_back(static_cast<NumberedWrite*>(write)->number);
    if (groups.size() == 1) {
      first_running.Notify();
      go_on.WaitForNotification();
    }
    return absl::OkStatus();
  });
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&queue, i] {
      NumberedWrite write(i, 40);
      EXPECT_TRUE(queue.Commit(write).ok());
    });
    if (i == 0) first_running.WaitForNotification();
    absl::SleepFor(absl::Milliseconds(30));  // so that they arrive in order
  }
  go_on.Notify();
  for (std::thread& thread : threads) thread.join();
  // 100 bytes hold two writes of 40.
  const std::vector<std::vector<int>> expected = {{0}, {1, 2}, {3, 4}, {5}};
  EXPECT_EQ(groups, expected);
}

TEST(CommitQueueTest, WriteLargerThanTheBoundIsCommittedAlone) {
  CommitQueue queue(10, [](absl::Span<QueuedWrite* const> group) {
    EXPECT_EQ(group.size(), 1u);
    return absl::OkStatus();
  });
  NumberedWrite write(0, 1000);
  EXPECT_TRUE(queue.Commit(write).ok());
}

TEST(CommitQueueTest, EveryWriteIsCommittedOnceAndHearsTheStatusOfItsGroup) {
  std::atomic<int> inside{0}, committed{0};
  CommitQueue queue(1000, [&](absl::Span<QueuedWrite* const> group) {
    EXPECT_EQ(inside.fetch_add(1), 0);  // one leader at a time
    bool bad = false;
    for (QueuedWrite* write : group) bad |= static_cast<NumberedWrite*>(write)->number % 10 == 0;
    committed += static_cast<int>(group.size());
    inside.fetch_sub(1);
    return bad ? absl::InternalError("a multiple of ten") : absl::OkStatus();
  });
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&queue, t] {
      for (int i = 0; i < 500; ++i) {
        NumberedWrite write(t * 500 + i, 10);
        const absl::Status status = queue.Commit(write);
        if (write.number % 10 == 0) {
          EXPECT_FALSE(status.ok());
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(committed, 4000);
}

}  // namespace commit_queue_test
}  // namespace tqdb::storage
