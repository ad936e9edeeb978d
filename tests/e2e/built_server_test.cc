#include "tests/support/built_server.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <gtest/gtest.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "tqdb/v1/admin.grpc.pb.h"

namespace tqdb::e2e {
namespace built_server_test {

constexpr absl::Duration kShort = absl::Milliseconds(300);
constexpr absl::Duration kLong = absl::Seconds(20);

TEST(IsServingTest, IsWhatTheHealthServiceSays) {
  grpc::EnableDefaultHealthCheckService(true);
  v1::AdminService::Service service;  // a server without any does not start
  grpc::ServerBuilder builder;
  builder.RegisterService(&service);
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  ASSERT_NE(server, nullptr);
  const std::string address = absl::StrCat("127.0.0.1:", port);
  EXPECT_TRUE(testing::IsServing(address, kLong));
  server->GetHealthCheckService()->SetServingStatus(false);
  EXPECT_FALSE(testing::IsServing(address, kShort));
  server->GetHealthCheckService()->SetServingStatus(true);
  EXPECT_TRUE(testing::IsServing(address, kLong));
  server->Shutdown();
  server = nullptr;
  EXPECT_FALSE(testing::IsServing(address, kShort));
}

}  // namespace built_server_test
}  // namespace tqdb::e2e
