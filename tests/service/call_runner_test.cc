// Tests the steps that every call goes through: admission, a look whether the caller is still
// there, the work itself, the translation of its status, and the count in the metrics.
#include "service/call_runner.h"

#include <new>
#include <stdexcept>
#include <string>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/overload.h"

namespace tqdb::service {
namespace call_runner_test {

using ::testing::HasSubstr;

class CallRunnerTest : public ::testing::Test {
 protected:
  // Runs a search that answers with `status`, and counts it in `ran_`.
  absl::Status Run(const CallContext& context, const absl::Status& status = absl::OkStatus()) {
    return runner_.Run(Method::kSearch, 0, context, [&] {
      ++ran_;
      return status;
    });
  }
  std::string CountOf(absl::string_view code) {
    return absl::StrCat("tqdb_requests_total{code=\"", code, "\",method=\"Search\"} 1");
  }

  Admission admission_{{.max_requests = 1, .max_streams = 1, .max_upsert_bytes = 100}};
  Metrics metrics_{admission_};
  CallRunner runner_{admission_, metrics_};
  int ran_ = 0;
};

TEST_F(CallRunnerTest, TheStatusOfACallIsReturnedAndCounted) {
  const CallContext context({});
  EXPECT_TRUE(Run(context).ok());
  EXPECT_EQ(Run(context, absl::NotFoundError("no such thing")),
            absl::NotFoundError("no such thing"));
  EXPECT_EQ(ran_, 2);
  const std::string text = metrics_.Serialize(nullptr);
  EXPECT_THAT(text, HasSubstr(CountOf("OK")));
  EXPECT_THAT(text, HasSubstr(CountOf("NOT_FOUND")));
  EXPECT_THAT(text, HasSubstr("tqdb_requests_in_flight 0"));
}

TEST_F(CallRunnerTest, ABusyServerRefusesWithADelayAndRunsNothing) {
  const Admission::Ticket ticket = admission_.AdmitRequest(0).value();
  const absl::Status status = Run(CallContext({}));
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(RetryAfterS(status).has_value());
  EXPECT_EQ(ran_, 0);
  EXPECT_THAT(metrics_.Serialize(nullptr), HasSubstr(CountOf("RESOURCE_EXHAUSTED")));
}

TEST_F(CallRunnerTest, ACallerThatHasGoneRunsNothing) {
  EXPECT_EQ(Run(CallContext({.deadline = absl::Now()})).code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Run(CallContext({.cancelled = [] { return true; }})).code(),
            absl::StatusCode::kCancelled);
  EXPECT_EQ(ran_, 0);
}

// Storage knows only that it was told to stop, and returns Cancelled. The runner must ask the
// context for the reason.
TEST_F(CallRunnerTest, WhoeverGaveUpBecauseOfADeadlineIsToldSo) {
  const absl::Time deadline = absl::Now() + absl::Milliseconds(50);
  const CallContext context({.deadline = deadline});
  const absl::Status status = runner_.Run(Method::kSearch, 0, context, [&] {
    absl::SleepFor(deadline - absl::Now() + absl::Milliseconds(1));
    return absl::CancelledError("search was cancelled");  // the status of storage
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  // A cancellation without a deadline is returned as it is.
  EXPECT_EQ(Run(CallContext({}), absl::CancelledError("x")), absl::CancelledError("x"));
}

// An exception, for example for lack of memory, must also release the ticket of its call.
TEST_F(CallRunnerTest, AnExceptionEndsTheCallAndNotTheProcess) {
  const CallContext context({});
  EXPECT_EQ(
      runner_.Run(Method::kSearch, 0, context, []() -> absl::Status { throw std::bad_alloc(); })
          .code(),
      absl::StatusCode::kResourceExhausted);
  const absl::Status status = runner_.Run(Method::kSearch, 0, context, []() -> absl::Status {
    throw std::runtime_error("of a library");
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(status.message()), HasSubstr("of a library"));
  EXPECT_EQ(admission_.usage().requests, 0u);
}

}  // namespace call_runner_test
}  // namespace tqdb::service
