// Tests that a busy server can be told from a full disk. Both are RESOURCE_EXHAUSTED, but only the
// first is worth another try.
#include "service/overload.h"

#include "gtest/gtest.h"

namespace tqdb::service {
namespace overload_test {

TEST(OverloadTest, OnlyAnOverloadCarriesADelay) {
  const absl::Status busy = OverloadedError("busy", 2);
  EXPECT_EQ(busy.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(RetryAfterS(busy), 2);
  EXPECT_FALSE(RetryAfterS(absl::ResourceExhaustedError("disk full")).has_value());
  EXPECT_FALSE(RetryAfterS(absl::OkStatus()).has_value());
}

}  // namespace overload_test
}  // namespace tqdb::service
