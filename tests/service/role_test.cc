// Tests which methods a read-only caller may call, over all methods of the API.
#include "service/role.h"

#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tqdb::service {
namespace role_test {

TEST(RoleTest, AReaderMayCallWhatChangesNothing) {
  for (size_t i = 0; i < kNumMethods; ++i) {
    const Method method = static_cast<Method>(i);
    EXPECT_TRUE(CheckRole(Role::kWriter, method, "x").ok()) << MethodName(method);
    EXPECT_EQ(CheckRole(Role::kReader, method, "x").ok(), !Writes(method)) << MethodName(method);
  }
  EXPECT_FALSE(Writes(Method::kSearch));
  EXPECT_TRUE(Writes(Method::kUpsert));
}

// A method that is new in the protos must not be open to readers before somebody has decided so.
TEST(RoleTest, AMethodThatIsNotKnownIsClosedToReaders) {
  EXPECT_TRUE(CheckRole(Role::kWriter, std::nullopt, "NotYetInvented").ok());
  const absl::Status denied = CheckRole(Role::kReader, std::nullopt, "NotYetInvented");
  EXPECT_EQ(denied.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(denied.message()),
              ::testing::HasSubstr("read-only; NotYetInvented needs one that may write"));
}

TEST(RoleTest, EveryMethodHasANameOfItsOwn) {
  std::set<std::string> names;
  for (size_t i = 0; i < kNumMethods; ++i) names.insert(MethodName(static_cast<Method>(i)));
  EXPECT_EQ(names.size(), kNumMethods);
  EXPECT_EQ(names.count("Unknown"), 0u);
}

}  // namespace role_test
}  // namespace tqdb::service
