// Tests the HTTP server against peers that are silent, slow or hostile. Plain sockets.
#include "server/http/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "tests/server/test_server.h"

namespace tqdb::server {
namespace http_server_test {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// A connection to a port of the loopback address. Reads give up after 20 s.
class Peer {
 public:
  explicit Peer(int port, int family = AF_INET) : fd_(socket(family, SOCK_STREAM, 0)) {
    const timeval limit = {.tv_sec = 20, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    sockaddr_in v4 = {};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(static_cast<uint16_t>(port));
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr_in6 v6 = {};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = v4.sin_port;
    v6.sin6_addr = in6addr_loopback;
    connected_ = family == AF_INET
                     ? connect(fd_, reinterpret_cast<sockaddr*>(&v4), sizeof(v4)) == 0
                     : connect(fd_, reinterpret_cast<sockaddr*>(&v6), sizeof(v6)) == 0;
  }
  ~Peer() { close(fd_); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  bool connected() const { return connected_; }
  void Send(const std::string& bytes) {
    for (size_t sent = 0; sent < bytes.size();) {
      const ssize_t n = send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) return;
      sent += static_cast<size_t>(n);
    }
  }
  // Returns everything up to the end of the connection.
  std::string ReadAll() {
    std::string answer;
    while (ReadSome(&answer)) {
    }
    return answer;
  }
  // Returns what has come once `text` is in it, or the connection has ended.
  std::string ReadUntil(const std::string& text) {
    std::string answer;
    while (answer.find(text) == std::string::npos && ReadSome(&answer)) {
    }
    return answer;
  }

 private:
  bool ReadSome(std::string* answer) {
    char buffer[4096];
    const ssize_t n = recv(fd_, buffer, sizeof(buffer), 0);
    if (n > 0) answer->append(buffer, static_cast<size_t>(n));
    return n > 0;
  }

  const int fd_;
  bool connected_ = false;
};

std::string Get(int port, const std::string& path) {
  Peer peer(port);
  peer.Send(absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
  return peer.ReadAll();
}

class HttpServerTest : public ::testing::Test {
 protected:
  void Start(const HttpServer::Options& options, const std::string& address = "127.0.0.1") {
    HttpRouter router;
    router.AddGet("/short", HttpRouter::Work::kShort,
                  [] { return HttpRouter::Answer{.body = "short answer"}; });
    router.AddGet("/long", HttpRouter::Work::kLong, [this] {
      long_began_.Notify();
      long_may_end_.WaitForNotification();
      return HttpRouter::Answer{.body = "long answer"};
    });
    router.AddGet("/bad", HttpRouter::Work::kShort,
                  []() -> HttpRouter::Answer { throw std::runtime_error("bad"); });
    auto server = HttpServer::Start(address, 0, std::move(router), options);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    port_ = server_->port();
  }

  absl::Notification long_began_, long_may_end_;
  std::unique_ptr<HttpServer> server_;
  int port_ = 0;
};

TEST_F(HttpServerTest, ServesSeveralRequestsOfOneConnection) {
  Start({});
  Peer peer(port_);
  peer.Send("GET /short?a=1 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(peer.ReadUntil("short answer"), StartsWith("HTTP/1.1 200 OK"));
  peer.Send("HEAD /short HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(peer.ReadUntil("\r\n\r\n"), HasSubstr("Content-Length: 12"));
  // Two at once, the second of which ends the connection.
  peer.Send(
      "GET /none HTTP/1.1\r\nHost: x\r\n\r\n"
      "POST /short HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc");
  const std::string both = peer.ReadAll();
  EXPECT_THAT(both, StartsWith("HTTP/1.1 404 Not Found"));
  EXPECT_THAT(both, HasSubstr("HTTP/1.1 405 Method Not Allowed"));
  EXPECT_THAT(Get(port_, "/bad"), StartsWith("HTTP/1.1 500"));
}

TEST_F(HttpServerTest, AThousandSilentPeersDoNotKeepAProbeFromItsAnswer) {
  rlimit limit = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = limit.rlim_max;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  Start({});
  std::vector<std::unique_ptr<Peer>> silent;
  for (int i = 0; i < 1000; ++i) {
    silent.push_back(std::make_unique<Peer>(port_));
    ASSERT_TRUE(silent.back()->connected());
    if (i % 2 == 0) silent.back()->Send("GET /short HTTP/1.1\r\nX-Never");
  }
  const absl::Time start = absl::Now();
  EXPECT_THAT(Get(port_, "/short"), HasSubstr("short answer"));
  EXPECT_LT(absl::Now() - start, absl::Milliseconds(100));
  EXPECT_EQ(silent.front()->ReadAll(), "");  // the oldest gave its place
}

TEST_F(HttpServerTest, ALongHandlerDelaysNoOther) {
  Start({});
  Peer slow(port_);
  slow.Send("GET /long HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  long_began_.WaitForNotification();
  EXPECT_THAT(Get(port_, "/short"), HasSubstr("short answer"));
  long_may_end_.Notify();
  EXPECT_THAT(slow.ReadAll(), HasSubstr("long answer"));
}

TEST_F(HttpServerTest, PeersThatAreTooSlowAreLeft) {
  Start({.idle_timeout = absl::Milliseconds(100), .request_timeout = absl::Milliseconds(150)});
  Peer silent(port_), trickling(port_);
  const absl::Time start = absl::Now();
  trickling.Send("GET /short HTTP/1.1\r\n");
  for (int i = 0; i < 5; ++i) {
    absl::SleepFor(absl::Milliseconds(50));
    trickling.Send("X: y\r\n");
  }
  EXPECT_EQ(silent.ReadAll(), "");
  trickling.ReadAll();
  EXPECT_LT(absl::Now() - start, absl::Seconds(3));
}

TEST_F(HttpServerTest, HostileRequestsAreRefusedByCode) {
  Start({});
  std::string many = "GET /short HTTP/1.1\r\n";
  for (int i = 0; i < 5000; ++i) absl::StrAppend(&many, "X-", i, ": y\r\n");
  const std::pair<std::string, std::string> cases[] = {
      {"GET /../../etc/passwd HTTP/1.1\r\nConnection: close\r\n\r\n", "404"},
      {"GET /%2e%2e/short HTTP/1.1\r\nConnection: close\r\n\r\n", "404"},
      {absl::StrCat("GET /", std::string(1 << 20, 'a'), " HTTP/1.1\r\n\r\n"), "431"},
      {many, "431"},
      {"POST /short HTTP/1.1\r\nContent-Length: 999999999\r\n\r\n", "413"},
      {"POST /short HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "400"},
      {"POST /short HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "400"},
      {"POST /short HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "400"},
      {"BREW /short HTTP/1.1\r\nConnection: close\r\n\r\n", "405"},
      {"nonsense\r\n\r\n", "400"},
      {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), "400"},
  };
  for (const auto& [request, code] : cases) {
    Peer peer(port_);
    peer.Send(request);
    EXPECT_THAT(peer.ReadAll(), StartsWith(absl::StrCat("HTTP/1.1 ", code)))
        << request.substr(0, 80);
  }
  EXPECT_THAT(Get(port_, "/short"), HasSubstr("short answer"));
}

TEST_F(HttpServerTest, ServesIPv6) {
  if (!Peer(0, AF_INET6).connected() && access("/proc/net/if_inet6", F_OK) != 0) {
    GTEST_SKIP() << "this machine has no IPv6";
  }
  Start({}, "[::1]");
  Peer peer(port_, AF_INET6);
  peer.Send("GET /short HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(peer.ReadAll(), HasSubstr("short answer"));
}

}  // namespace http_server_test
}  // namespace tqdb::server
