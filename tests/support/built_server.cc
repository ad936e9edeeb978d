#include "tests/support/built_server.h"

#include <grpcpp/grpcpp.h>

#include "absl/time/clock.h"

namespace tqdb::testing {
namespace {

// Turns on gRPC's own health checking: a channel is connected only while the health service says
// SERVING. The policy pick_first, which is the default, would not ask it.
constexpr char kHealthChecking[] =
    R"({"loadBalancingConfig": [{"round_robin": {}}], "healthCheckConfig": {"serviceName": ""}})";

}  // namespace

ServerProcess::Options BuiltServer(ServerProcess::Options options) {
  options.program = TQDB_SERVER_BINARY;
  options.answers = IsServing;
  return options;
}

bool IsServing(const std::string& address, absl::Duration timeout) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetServiceConfigJSON(kHealthChecking);
  const auto channel =
      grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  return channel->WaitForConnected(absl::ToChronoTime(absl::Now() + timeout));
}

}  // namespace tqdb::testing
