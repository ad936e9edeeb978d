#include "server/grpc/connection_gate.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "server/listen_address.h"
#include "spdlog/spdlog.h"

namespace tqdb::server {

namespace {

// Time between two looks at the bytes of all connections. A peer on loopback sends about 1 GB a
// second, so it exceeds a bound by 50 MB at most.
constexpr absl::Duration kTick = absl::Milliseconds(50);
constexpr absl::Duration kWarnEvery = absl::Seconds(10);
// gRPC may read a connection for as long as bytes come in on the thread that hands it over. So that
// is not the thread which accepts and ends connections, and there are several.
constexpr size_t kHandOverThreads = 4;
constexpr int kMaxReserve = 256;
constexpr int kPeerTimeoutMs = 20'000;  // until data that nobody acknowledges ends a connection

// Returns the number from which descriptors are kept for the database and the HTTP port. The
// operating system gives the lowest free number, so a number tells how many are in use.
int FirstReservedDescriptor() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= rlim_t{1} << 30) return 1 << 30;
  const int all = static_cast<int>(limit.rlim_cur);
  return all - std::min(kMaxReserve, all / 4);
}

// Returns the address of a peer without its port. One of IPv4 is written as such, however it came.
std::string HostOf(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
  } else if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
      inet_ntop(AF_INET, v6.sin6_addr.s6_addr + 12, text, sizeof(text));
    } else {
      inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
    }
  }
  return text;
}

int PortOf(const sockaddr_storage& address) {
  return ntohs(address.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                   : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

// Returns the peer of a call as HostOf and PortOf write it: "ipv6:%5B::1%5D:80" is "::1:80".
std::string PlainPeer(absl::string_view peer) {
  peer.remove_prefix(std::min(peer.size(), peer.find(':') + 1));
  return absl::StrReplaceAll(peer, {{"%5B", ""}, {"%5D", ""}, {"[", ""}, {"]", ""}});
}

// Returns what the operating system counts of a connection; zeros when that is not known.
tcp_info InfoOf(int fd) {
  tcp_info info = {};
  socklen_t size = sizeof(info);
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return {};
  return info;
}

void SetOn(int fd, int level, int option, int value) {
  setsockopt(fd, level, option, &value, sizeof(value));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ConnectionGate>> ConnectionGate::Listen(
    const std::string& address, int port, const Options& options,
    std::shared_ptr<grpc::ServerCredentials> credentials, grpc::ServerBuilder& builder) {
  TQDB_ASSIGN_OR_RETURN(const int listener, ListenOn(address, port, "--grpc-port"));
  sockaddr_storage bound = {};
  socklen_t size = sizeof(bound);
  getsockname(listener, reinterpret_cast<sockaddr*>(&bound), &size);
  fcntl(listener, F_SETFL, fcntl(listener, F_GETFL) | O_NONBLOCK);
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  const int wake = eventfd(0, EFD_CLOEXEC);
  if (epoll < 0 || wake < 0) {
    const std::string reason = std::strerror(errno);
    for (const int fd : {listener, epoll, wake}) {
      if (fd >= 0) close(fd);
    }
    return absl::UnavailableError(absl::StrCat("cannot serve gRPC: ", reason));
  }
  using Type = grpc::ServerBuilder::experimental_type::ExternalConnectionType;
  return std::unique_ptr<ConnectionGate>(new ConnectionGate(
      options, listener, epoll, wake, PortOf(bound),
      builder.experimental().AddExternalConnectionAcceptor(Type::FROM_FD, std::move(credentials))));
}

ConnectionGate::ConnectionGate(
    const Options& options, int listener, int epoll, int wake, int port,
    std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor)
    : options_(options),
      listener_(listener),
      epoll_(epoll),
      wake_(wake),
      port_(port),
      acceptor_(std::move(acceptor)),
      pool_(kHandOverThreads) {
  epoll_event event = {.events = EPOLLIN, .data = {.fd = wake_}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event);
}

ConnectionGate::~ConnectionGate() {
  const uint64_t one = 1;
  if (write(wake_, &one, sizeof(one)) < 0) spdlog::error("waking the acceptor failed");
  if (thread_.joinable()) thread_.join();
  StopListening();
  for (const auto& [duplicate, unused] : connections_) close(duplicate);
  for (const int fd : {listener_, wake_, epoll_}) close(fd);
}

void ConnectionGate::Start() {
  {
    absl::MutexLock lock(&mu_);
    Watch(true);
  }
  thread_ = std::thread([this] { Run(); });
}

void ConnectionGate::StopListening() {
  absl::MutexLock lock(&mu_);
  if (!std::exchange(listening_, false)) return;
  epoll_ctl(epoll_, EPOLL_CTL_DEL, listener_, nullptr);
  // Not closed yet: the thread may be about to accept, and the number could be another's by then.
  shutdown(listener_, SHUT_RDWR);
}

void ConnectionGate::Watch(bool on) {
  if (!listening_) return;
  epoll_event event = {.events = EPOLLIN, .data = {.fd = listener_}};
  epoll_ctl(epoll_, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, listener_, &event);
}

void ConnectionGate::Run() {
  constexpr int kMaxEvents = 64;
  epoll_event events[kMaxEvents];
  absl::Time next_tick = absl::Now() + kTick;
  bool paused = false;  // the listener is not watched until the next tick
  while (true) {
    const auto wait = std::max(absl::ZeroDuration(), next_tick - absl::Now());
    const int n = epoll_wait(epoll_, events, kMaxEvents,
                             static_cast<int>(absl::ToInt64Milliseconds(wait)) + 1);
    for (int i = 0; i < n; ++i) {
      const int fd = events[i].data.fd;
      if (fd == wake_) return;
      if (fd != listener_) {
        Forget(fd);
      } else if (!paused && !AcceptAll()) {
        absl::MutexLock lock(&mu_);
        Watch(false);
        paused = true;
      }
    }
    if (absl::Now() < next_tick) continue;
    next_tick = absl::Now() + kTick;
    EndFloods();
    if (paused) {
      absl::MutexLock lock(&mu_);
      Watch(true);
      paused = false;
    }
  }
}

bool ConnectionGate::AcceptAll() {
  while (true) {
    sockaddr_storage address = {};
    socklen_t size = sizeof(address);
    const int fd = accept4(listener_, reinterpret_cast<sockaddr*>(&address), &size,
                           SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      return errno == EAGAIN || errno == EWOULDBLOCK;
    }
    try {
      HandOver(fd, address);
    } catch (const std::exception&) {  // no memory, before gRPC had the descriptor
      shutdown(fd, SHUT_RDWR);         // the duplicate, where there is one, must hear of it
      close(fd);
      return false;
    }
  }
}

bool ConnectionGate::HasRoom(int fd, const std::string& host) {
  const char* reason = nullptr;
  if (fd >= FirstReservedDescriptor()) {
    reason = "nearly all descriptors are in use (ulimit -n)";
  } else if (options_.max_connections != 0 && connections_.size() >= options_.max_connections) {
    reason = "--max-connections are open";
  } else if (const auto it = per_host_.find(host);
             options_.max_connections_per_peer != 0 && it != per_host_.end() &&
             it->second >= options_.max_connections_per_peer) {
    reason = "--max-connections-per-peer of it are open";
  }
  if (reason == nullptr) return true;
  ++refused_;
  if (const absl::Time now = absl::Now(); now >= next_warning_) {
    next_warning_ = now + kWarnEvery;
    spdlog::warn("a connection of {} is refused: {}; {} refused so far", host, reason, refused_);
  }
  return false;
}

void ConnectionGate::HandOver(int fd, const sockaddr_storage& address) {
  const std::string host = HostOf(address);
  const std::string peer = absl::StrCat(host, ":", PortOf(address));
  {
    absl::MutexLock lock(&mu_);
    if (!HasRoom(fd, host)) {
      close(fd);
      return;
    }
    const int duplicate = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (duplicate < 0) {
      ++refused_;
      close(fd);
      return;
    }
    try {
      ++per_host_[host];
      connections_[duplicate] = {.host = host, .peer = peer};
      by_peer_[peer] = duplicate;
    } catch (...) {
      connections_.erase(duplicate);
      if (const auto it = per_host_.find(host); it != per_host_.end() && --it->second == 0) {
        per_host_.erase(it);
      }
      close(duplicate);
      throw;
    }
    SetOn(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    SetOn(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, kPeerTimeoutMs);
    // gRPC shuts a connection down before it closes it, so this tells the end by either side.
    epoll_event event = {.events = EPOLLRDHUP | EPOLLHUP | EPOLLERR, .data = {.fd = duplicate}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, duplicate, &event);
  }
  grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters parameters;
  parameters.fd = fd;
  pool_.Submit([this, parameters]() mutable { acceptor_->HandleNewConnection(&parameters); });
}

void ConnectionGate::Forget(int duplicate) {
  absl::MutexLock lock(&mu_);
  const auto it = connections_.find(duplicate);
  if (it == connections_.end()) return;
  const auto host = per_host_.find(it->second.host);
  if (--host->second == 0) per_host_.erase(host);
  // The peer may have connected again from the same port.
  const auto peer = by_peer_.find(it->second.peer);
  if (peer != by_peer_.end() && peer->second == duplicate) by_peer_.erase(peer);
  connections_.erase(it);
  close(duplicate);
}

void ConnectionGate::Claim(absl::string_view peer) {
  const std::string plain = PlainPeer(peer);
  absl::MutexLock lock(&mu_);
  const auto it = by_peer_.find(plain);
  if (it != by_peer_.end()) connections_.find(it->second)->second.claimed = true;
}

void ConnectionGate::EndFloods() {
  absl::MutexLock lock(&mu_);
  uint64_t all = 0;
  for (auto& [duplicate, connection] : connections_) {
    const tcp_info info = InfoOf(duplicate);
    const uint64_t received = info.tcpi_bytes_received;
    const uint64_t added = received < connection.received ? 0 : received - connection.received;
    connection.unclaimed =
        std::exchange(connection.claimed, false) ? 0 : connection.unclaimed + added;
    connection.received = received;
    const bool answered = info.tcpi_bytes_sent != connection.sent;
    connection.unanswered = answered ? 0 : connection.unanswered + added;
    connection.sent = info.tcpi_bytes_sent;
    if (connection.unclaimed > options_.max_unclaimed_bytes / 4 ||
        connection.unanswered > options_.max_unclaimed_bytes / 16) {
      End(duplicate, &connection);
    }
    if (!connection.ended) all += connection.unclaimed;
  }
  while (all > options_.max_unclaimed_bytes) {
    const auto most = std::max_element(connections_.begin(), connections_.end(),
                                       [](const auto& a, const auto& b) {
                                         return std::pair(!a.second.ended, a.second.unclaimed) <
                                                std::pair(!b.second.ended, b.second.unclaimed);
                                       });
    if (most == connections_.end() || most->second.ended) return;
    all -= most->second.unclaimed;
    End(most->first, &most->second);
  }
}

void ConnectionGate::End(int duplicate, Connection* connection) {
  if (std::exchange(connection->ended, true)) return;
  ++ended_;
  spdlog::warn("the connection of {} is ended: {} MB came in without a whole message",
               connection->peer, connection->unclaimed / 1'000'000);
  shutdown(duplicate, SHUT_RDWR);
}

ConnectionGate::Counts ConnectionGate::counts() const {
  absl::MutexLock lock(&mu_);
  return {.open = connections_.size(), .refused = refused_, .ended = ended_};
}

}  // namespace tqdb::server
