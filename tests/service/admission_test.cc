// Tests the bounds on requests, streams and bytes of upserts, and that every ticket gives back
// exactly what it holds.
#include "service/admission.h"

#include <vector>

#include "gtest/gtest.h"
#include "service/overload.h"

namespace tqdb::service {
namespace admission_test {

TEST(AdmissionTest, RequestsBeyondTheBoundAreRefusedUntilOneEnds) {
  Admission admission({.max_requests = 2, .max_streams = 1, .max_upsert_bytes = 100});
  absl::StatusOr<Admission::Ticket> a = admission.AdmitRequest(0);
  absl::StatusOr<Admission::Ticket> b = admission.AdmitRequest(0);
  ASSERT_TRUE(a.ok() && b.ok());
  const absl::Status refused = admission.AdmitRequest(0).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(RetryAfterS(refused).has_value());
  a->Release();
  EXPECT_TRUE(admission.AdmitRequest(0).ok());
}

// A message above the whole bound never fits. It must be admitted when nothing else is in progress,
// or its caller could retry forever.
TEST(AdmissionTest, BytesAreBoundedAndAnOversizedUpsertIsAdmittedAlone) {
  Admission admission({.max_requests = 10, .max_streams = 1, .max_upsert_bytes = 100});
  {
    absl::StatusOr<Admission::Ticket> large = admission.AdmitRequest(1000);
    ASSERT_TRUE(large.ok());
    EXPECT_FALSE(admission.AdmitRequest(1).ok());
    EXPECT_TRUE(admission.AdmitRequest(0).ok());  // reads are not upserts
  }
  EXPECT_EQ(admission.usage().upsert_bytes, 0u);
  EXPECT_TRUE(admission.AdmitRequest(100).ok());
}

// If small upserts could pass a waiting batch, a steady flow of them would hold it up forever.
TEST(AdmissionTest, StreamsWaitInLineBeforeLaterUpserts) {
  Admission admission({.max_requests = 10, .max_streams = 1, .max_upsert_bytes = 100});
  absl::StatusOr<Admission::Ticket> first = admission.AdmitRequest(80);
  std::vector<int> order;
  std::vector<Admission::Ticket> held;
  for (int i = 0; i < 2; ++i) {
    admission.WaitForUpsertBytes(90, [i, &order, &held](Admission::Ticket ticket) {
      order.push_back(i);
      held.push_back(std::move(ticket));
    });
  }
  EXPECT_TRUE(order.empty());
  EXPECT_FALSE(admission.AdmitRequest(5).ok());  // would fit, but others wait
  first->Release();
  EXPECT_EQ(order, std::vector<int>{0});
  held.front().Release();
  EXPECT_EQ(order, (std::vector<int>{0, 1}));
  held.clear();
  EXPECT_EQ(admission.usage().waiting_batches, 0u);
  EXPECT_EQ(admission.usage().upsert_bytes, 0u);
}

TEST(AdmissionTest, AMovedTicketReleasesOnce) {
  Admission admission({.max_requests = 1, .max_streams = 1, .max_upsert_bytes = 1});
  Admission::Ticket kept;
  {
    Admission::Ticket ticket = admission.AdmitRequest(0).value();
    kept = std::move(ticket);
  }
  EXPECT_EQ(admission.usage().requests, 1u);
  kept.Release();
  kept.Release();
  EXPECT_EQ(admission.usage().requests, 0u);
}

}  // namespace admission_test
}  // namespace tqdb::service
