#include "client/cpp/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace tqdb::client {
namespace address_test {

using ::testing::HasSubstr;

TEST(AddressTest, GetsTheDefaultPort) {
  EXPECT_EQ(*NormalizeAddress("db"), "db:6334");
  EXPECT_EQ(*NormalizeAddress("db:7000"), "db:7000");
  EXPECT_EQ(*NormalizeAddress("::1"), "[::1]:6334");
  EXPECT_EQ(*NormalizeAddress("[::1]"), "[::1]:6334");
  EXPECT_EQ(*NormalizeAddress("[::1]:7000"), "[::1]:7000");
  EXPECT_EQ(*NormalizeAddress("unix:/run/tqdb.sock"), "unix:/run/tqdb.sock");
  EXPECT_EQ(*NormalizeAddress("dns:///db:7000"), "dns:///db:7000");
}

TEST(AddressTest, NamesWhatIsWrong) {
  const auto message = [](const char* address) {
    return std::string(NormalizeAddress(address).status().message());
  };
  EXPECT_THAT(message(""), HasSubstr("must not be empty"));
  EXPECT_THAT(message("http://db:6334"), HasSubstr("host:port without http://"));
  EXPECT_THAT(message("db:0"), HasSubstr("1..65535"));
  EXPECT_THAT(message("db:99999"), HasSubstr("1..65535"));
  EXPECT_THAT(message("db:"), HasSubstr("1..65535"));
  EXPECT_THAT(message(":6334"), HasSubstr("give a host"));
  EXPECT_THAT(message("[::1"), HasSubstr("no \"]\""));
}

TEST(AddressTest, KnowsThisMachine) {
  for (const char* address : {"localhost:1", "LOCALHOST:1", "127.0.0.1:1", "127.9.9.9:1", "[::1]:1",
                              "unix:/x", "dns:///localhost:1"}) {
    EXPECT_TRUE(IsLoopback(address)) << address;
  }
  for (const char* address : {"db:1", "10.0.0.1:1", "[fe80::1]:1", "localhost.example.com:1"}) {
    EXPECT_FALSE(IsLoopback(address)) << address;
  }
}

class ProxyTest : public ::testing::Test {
 protected:
  ProxyTest() { Clear(); }
  ~ProxyTest() override { Clear(); }
  static void Clear() {
    for (const char* name :
         {"grpc_proxy", "https_proxy", "http_proxy", "no_grpc_proxy", "no_proxy"}) {
      unsetenv(name);
    }
  }
};

TEST_F(ProxyTest, IsNamedWithItsVariableAndWithoutSecrets) {
  EXPECT_EQ(ProxyBefore("db:6334"), "");
  setenv("http_proxy", "http://user:secret@proxy:3128/", 1);
  EXPECT_EQ(ProxyBefore("db:6334"), "proxy:3128 (http_proxy)");
  setenv("grpc_proxy", "other:1", 1);
  EXPECT_EQ(ProxyBefore("db:6334"), "other:1 (grpc_proxy)");
  EXPECT_EQ(ProxyBefore("127.0.0.1:6334"), "");
  EXPECT_EQ(ProxyBefore("unix:/x"), "");
  setenv("no_proxy", "example.com, db", 1);
  EXPECT_EQ(ProxyBefore("db:6334"), "");
  EXPECT_EQ(ProxyBefore("x.example.com:6334"), "");
  EXPECT_EQ(ProxyBefore("elsewhere:6334"), "other:1 (grpc_proxy)");
}

}  // namespace address_test
}  // namespace tqdb::client
