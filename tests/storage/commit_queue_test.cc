// Tests the commit queue with writes that are only numbers: which of them form a group, in which
// order, and whether each writer hears of its own outcome. The function that commits belongs to the
// test, so nothing reaches a disk.
#include "storage/write/commit_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <new>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"

namespace tqdb::storage {
namespace commit_queue_test {

// A write without content, which the test tells from others by its number.
struct NumberedWrite : Write {
  NumberedWrite(int number, size_t bytes) : Write(bytes, Durability::kAsync), number(number) {}
  Sharing sharing() const override { return Sharing::kAny; }
  bool numbered() const override { return false; }
  absl::Status Plan(Planner&) override { return absl::OkStatus(); }
  const int number;
};

// Returns the number of a write. Requires: it is a NumberedWrite, as all writes of these tests are.
int NumberOf(const Write* write) { return static_cast<const NumberedWrite*>(write)->number; }

// The first group is held open while five more writes arrive. The groups that follow show the order
// of arrival and the bound on the bytes of a group.
TEST(CommitQueueTest, WritesThatWaitAreCommittedTogetherInOrderOfArrival) {
  absl::Notification first_running, go_on;
  std::vector<std::vector<int>> groups;
  CommitQueue queue(100, [&](absl::Span<Write* const> group) {
    groups.emplace_back();
    for (Write* write : group) groups.back().push_back(NumberOf(write));
    if (groups.size() == 1) {
      first_running.Notify();
      go_on.WaitForNotification();
    }
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

// A leader that kept strictly to the bound would never take such a write, and its writer would wait
// forever.
TEST(CommitQueueTest, WriteLargerThanTheBoundIsCommittedAlone) {
  CommitQueue queue(10, [](absl::Span<Write* const> group) { EXPECT_EQ(group.size(), 1u); });
  NumberedWrite write(0, 1000);
  EXPECT_TRUE(queue.Commit(write).ok());
}

// Eight threads write at once, and every tenth write fails. An error that reached the wrong writer
// of a group, or a write that was lost or committed twice, shows in the counts.
TEST(CommitQueueTest, EveryWriteIsCommittedOnceAndHearsItsOwnStatus) {
  std::atomic<int> inside{0}, committed{0};
  CommitQueue queue(1000, [&](absl::Span<Write* const> group) {
    EXPECT_EQ(inside.fetch_add(1), 0);  // one leader at a time
    for (Write* write : group) {
      if (NumberOf(write) % 10 == 0) write->set_status(absl::InternalError("a multiple of ten"));
    }
    committed += static_cast<int>(group.size());
    inside.fetch_sub(1);
  });
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&queue, t] {
      for (int i = 0; i < 500; ++i) {
        NumberedWrite write(t * 500 + i, 10);
        const absl::Status status = queue.Commit(write);
        EXPECT_EQ(status.ok(), write.number % 10 != 0) << write.number;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(committed, 4000);
}

// An exception says nothing about how far the group got, so all its writes must fail. Writers of
// other groups must not notice, and nobody may be left waiting.
TEST(CommitQueueTest, ExceptionEndsEveryWriteOfItsGroupAndNoOther) {
  std::atomic<int> thrown{0};
  CommitQueue queue(1000, [&](absl::Span<Write* const> group) {
    for (const Write* write : group) {
      if (NumberOf(write) % 100 != 0) continue;
      thrown += static_cast<int>(group.size());
      throw std::bad_alloc();
    }
  });
  std::atomic<int> failed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) {
        NumberedWrite write(t * 500 + i, 10);
        if (!queue.Commit(write).ok()) ++failed;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, thrown);
  EXPECT_GE(failed, 40);
}

}  // namespace commit_queue_test
}  // namespace tqdb::storage
