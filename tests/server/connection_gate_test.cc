// Tests the acceptance of gRPC's connections: bounds, exhausted descriptors, IPv6, floods.
#include "server/grpc/connection_gate.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "tests/server/test_server.h"

namespace tqdb::server {
namespace connection_gate_test {

// A plain connection to the gRPC port.
class RawPeer {
 public:
  explicit RawPeer(int port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval limit = {.tv_sec = 20, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~RawPeer() { close(fd_); }
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;

  bool connected() const { return connected_; }
  // Returns whether all bytes could be sent.
  bool Send(const std::string& bytes) {
    for (size_t sent = 0; sent < bytes.size();) {
      const ssize_t n = send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) return false;
      sent += static_cast<size_t>(n);
    }
    return true;
  }
  // Returns whether the server has something to say, SETTINGS of HTTP/2, before it hangs up.
  bool IsGreeted() {
    char buffer[512];
    return recv(fd_, buffer, sizeof(buffer), 0) > 0;
  }

 private:
  const int fd_;
  bool connected_ = false;
};

std::string Frame(size_t length, char type, char flags, char stream) {
  return std::string({static_cast<char>(length >> 16), static_cast<char>(length >> 8),
                      static_cast<char>(length), type, flags, 0, 0, 0, stream});
}

const char kPreface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

class ConnectionGateTest : public ServerTest {
 protected:
  void Restart(const ConnectionGate::Options& connections, const std::string& listen) {
    channel_.reset();
    server_.reset();
    ServerOptions options = TestOptions(dir_.path());
    options.connections = connections;
    options.listen = listen;
    StartServer(options);
  }
  // A new connection, since every channel shares the old ones unless told otherwise.
  grpc::Status InfoOverNewConnection(const std::string& host = "127.0.0.1") {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    auto stub = v1::AdminService::NewStub(
        grpc::CreateCustomChannel(absl::StrCat(host, ":", server_->grpc_port()),
                                  grpc::InsecureChannelCredentials(), arguments));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    context.set_wait_for_ready(true);
    v1::GetServerInfoResponse response;
    return stub->GetServerInfo(&context, v1::GetServerInfoRequest(), &response);
  }
};

TEST_F(ConnectionGateTest, ConnectionsOverTheBoundsAreRefusedUntilOthersEnd) {
  for (const bool of_peer : {false, true}) {
    Restart({.max_connections = of_peer ? 0u : 3u, .max_connections_per_peer = of_peer ? 3u : 0u},
            "127.0.0.1");
    std::vector<std::unique_ptr<RawPeer>> peers;
    for (int i = 0; i < 3; ++i) {
      peers.push_back(std::make_unique<RawPeer>(server_->grpc_port()));
      EXPECT_TRUE(peers.back()->Send(kPreface) && peers.back()->IsGreeted());
    }
    RawPeer fourth(server_->grpc_port());
    fourth.Send(kPreface);
    EXPECT_FALSE(fourth.IsGreeted());
    peers.clear();
    EXPECT_TRUE(InfoOverNewConnection().ok());
  }
}

// gRPC's own listener never accepted again after this.
TEST_F(ConnectionGateTest, ServesAgainAfterAllDescriptorsWereInUse) {
  rlimit before = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const int free = open("/dev/null", O_RDONLY | O_CLOEXEC);
  std::vector<std::unique_ptr<RawPeer>> peers;
  for (int i = 0; i < 20; ++i) {  // before the limit sinks: these are of the same process
    peers.push_back(std::make_unique<RawPeer>(server_->grpc_port()));
  }
  absl::SleepFor(absl::Milliseconds(200));
  std::vector<std::unique_ptr<RawPeer>> waiting;
  const rlimit tight = {.rlim_cur = static_cast<rlim_t>(free) + 1, .rlim_max = before.rlim_max};
  for (int i = 0; i < 20; ++i) {
    waiting.push_back(std::make_unique<RawPeer>(server_->grpc_port()));
    if (i == 0) {
      ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &tight), 0);
    }
  }
  absl::SleepFor(absl::Milliseconds(200));
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  peers.clear();
  waiting.clear();
  close(free);
  EXPECT_TRUE(InfoOverNewConnection().ok());
}

TEST_F(ConnectionGateTest, AFloodOfContinuationsIsEndedAndAnUploadIsNot) {
  Restart({.max_unclaimed_bytes = size_t{8} << 20}, "127.0.0.1");
  CreateCollection("books");
  for (uint64_t i = 0; i < 6; ++i) {  // about 2.4 MB over one connection, each message claimed
    v1::UpsertRequest request;
    request.set_collection("books");
    for (uint64_t id = 0; id < 8000; ++id) AddPoint(id, 1, &request);
    const grpc::Status status = Upsert(request);
    ASSERT_TRUE(status.ok()) << status.error_message();
    absl::SleepFor(absl::Milliseconds(5));
  }
  RawPeer peer(server_->grpc_port());
  peer.Send(absl::StrCat(kPreface, Frame(0, 4, 0, 0), Frame(1, 1, 0, 1), "\x82"));
  std::string headers;
  for (int i = 0; i < 100; ++i) {
    absl::StrAppend(&headers, std::string("\0\x04", 2), "x-", i / 10, i % 10, "\x7e",
                    std::string(126, 'y'));
  }
  const std::string frame = Frame(headers.size(), 9, 0, 1) + headers;
  size_t sent = 0;
  while (sent < size_t{512} << 20 && peer.Send(frame)) sent += frame.size();
  EXPECT_LT(sent, size_t{200} << 20);
  EXPECT_TRUE(InfoOverNewConnection().ok());
  EXPECT_EQ(Count("books"), 8000u);
}

TEST_F(ConnectionGateTest, ServesIPv6AndIPv4AtOnce) {
  if (access("/proc/net/if_inet6", F_OK) != 0) GTEST_SKIP() << "this machine has no IPv6";
  Restart({}, "::");
  EXPECT_TRUE(InfoOverNewConnection("[::1]").ok());
  EXPECT_TRUE(InfoOverNewConnection("127.0.0.1").ok());
  Restart({}, "::1");
  EXPECT_TRUE(InfoOverNewConnection("[::1]").ok());
}

}  // namespace connection_gate_test
}  // namespace tqdb::server
