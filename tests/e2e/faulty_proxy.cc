#include "tests/e2e/faulty_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

#include "absl/strings/str_cat.h"

namespace tqdb::e2e {
namespace {

sockaddr_in Loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

}  // namespace

FaultyProxy::FaultyProxy(int target_port) : target_port_(target_port) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener_, 16) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { Accept(); });
}

FaultyProxy::~FaultyProxy() {
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  Cut();
  std::vector<std::thread> pumps;
  {
    absl::MutexLock lock(&mutex_);
    pumps.swap(pumps_);
  }
  for (std::thread& pump : pumps) pump.join();
  absl::MutexLock lock(&mutex_);
  for (const auto& connection : connections_) {
    close(connection->client);
    close(connection->server);
  }
  close(listener_);
}

std::string FaultyProxy::address() const { return absl::StrCat("127.0.0.1:", port_); }

void FaultyProxy::Cut() {
  absl::MutexLock lock(&mutex_);
  for (const auto& connection : connections_) {
    shutdown(connection->client, SHUT_RDWR);
    shutdown(connection->server, SHUT_RDWR);
  }
}

void FaultyProxy::Freeze() {
  absl::MutexLock lock(&mutex_);
  for (const auto& connection : connections_) connection->frozen = true;
}

int FaultyProxy::connections() {
  absl::MutexLock lock(&mutex_);
  return static_cast<int>(connections_.size());
}

void FaultyProxy::Accept() {
  while (true) {
    const int client = accept(listener_, nullptr, nullptr);
    if (client < 0) return;
    const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = Loopback(target_port_);
    if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      close(client);
      close(server);
      continue;
    }
    absl::MutexLock lock(&mutex_);
    connections_.push_back(std::make_unique<Connection>());
    Connection* connection = connections_.back().get();
    connection->client = client;
    connection->server = server;
    pumps_.emplace_back([=] { Pump(client, server, *connection); });
    pumps_.emplace_back([=] { Pump(server, client, *connection); });
  }
}

// Ends both sides when one of them ends. The sockets are closed by the destructor, so that no
// number is taken by another socket meanwhile.
void FaultyProxy::Pump(int from, int to, const Connection& connection) {
  char buffer[1 << 16];
  while (true) {
    const ssize_t got = recv(from, buffer, sizeof(buffer), 0);
    if (got <= 0) break;
    if (connection.frozen) continue;
    ssize_t done = 0;
    while (done < got) {
      const ssize_t sent = send(to, buffer + done, static_cast<size_t>(got - done), MSG_NOSIGNAL);
      if (sent <= 0) break;
      done += sent;
    }
    if (done < got) break;
  }
  shutdown(from, SHUT_RDWR);
  shutdown(to, SHUT_RDWR);
}

}  // namespace tqdb::e2e
