// Tests the ends of a call: its deadline, its cancellation, and its budget of bytes.
#include "service/call_context.h"

#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tqdb::service {
namespace call_context_test {

using ::testing::HasSubstr;

TEST(CallContextTest, ACallWithoutBoundsGoesOn) {
  const CallContext context({});
  EXPECT_TRUE(context.Check().ok());
  EXPECT_FALSE(context.stop()());
  EXPECT_TRUE(context.CheckAnswerBytes(~size_t{0}).ok());
}

TEST(CallContextTest, ADeadlineEndsTheCallAtItsTime) {
  const CallContext over({.deadline = absl::Now()});
  EXPECT_EQ(over.Check().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(over.stop()());

  const CallContext soon({.deadline = absl::Now() + absl::Milliseconds(200)});
  const std::function<bool()> stop = soon.stop();
  EXPECT_TRUE(soon.Check().ok());
  EXPECT_FALSE(stop());
  absl::SleepFor(absl::Milliseconds(220));
  EXPECT_TRUE(stop());
  EXPECT_EQ(soon.Check().code(), absl::StatusCode::kDeadlineExceeded);

  // The far future of some protocols is no number of nanoseconds.
  for (const absl::Time far : {absl::Now() + absl::Hours(24 * 365 * 300), absl::InfiniteFuture()}) {
    const CallContext never({.deadline = far});
    EXPECT_TRUE(never.Check().ok());
    EXPECT_FALSE(never.stop()());
  }
}

// Check asks the protocol every time. stop() is polled in loops and must ask it rarely, because a
// question may take as long as many steps of such a loop.
TEST(CallContextTest, ACancelledCallIsSeenAtOnceBetweenStepsAndSoonInLoops) {
  bool cancelled = false;
  int asked = 0;
  const CallContext context({.cancelled = [&] {
    ++asked;
    return cancelled;
  }});
  const std::function<bool()> stop = context.stop();
  EXPECT_TRUE(context.Check().ok());
  EXPECT_EQ(asked, 1);
  cancelled = true;
  EXPECT_EQ(context.Check().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(asked, 2);
  while (!stop()) {
  }
  EXPECT_EQ(asked, 3);  // however often it was polled
  EXPECT_TRUE(stop());
  EXPECT_EQ(asked, 3);
}

// A client cancels a call whose deadline has passed. The caller must be told the cause, not this
// consequence.
TEST(CallContextTest, APassedDeadlineIsToldBeforeACancel) {
  const CallContext context({.deadline = absl::InfinitePast(), .cancelled = [] { return true; }});
  EXPECT_EQ(context.Check().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST(CallContextTest, TheBudgetHoldsToTheByte) {
  const CallContext context({.max_answer_bytes = 1000});
  EXPECT_EQ(context.max_answer_bytes(), 1000u);
  EXPECT_TRUE(context.CheckAnswerBytes(1000).ok());
  const absl::Status large = context.CheckAnswerBytes(1001);
  EXPECT_EQ(large.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(large.message()), HasSubstr("more than 1000 bytes (--max-message-mb)"));

  storage::CollectionConfig config;
  config.spaces.resize(2);
  config.spaces[0].codec.dim = 20;
  config.spaces[1].codec.dim = 4;
  config.spaces[1].name = "four";  // 4 * 20 + 4 * 4 + 4 = 100 bytes a point
  EXPECT_TRUE(context.CheckVectorBytes(10, config).ok());
  const absl::Status vectors = context.CheckVectorBytes(11, config);
  EXPECT_EQ(vectors.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(
      std::string(vectors.message()),
      HasSubstr("the vectors of up to 11 hits take 1100 bytes; a message has at most 1000"));
}

}  // namespace call_context_test
}  // namespace tqdb::service
