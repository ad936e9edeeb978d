// Accepts the connections of the gRPC port, within bounds, and ends those that only take memory.
//
// The simple idea: gRPC's own listener of the versions that Debian has never accepts again after it
// has met the limit of open files, and it bounds neither connections nor what a peer may send
// before a call begins. So this class accepts by itself, and hands gRPC each connection as a
// descriptor. It keeps a duplicate of each. The duplicate shows when the connection has ended, how
// many bytes have come in, and can end it.
//
// Bytes that have come in since the last message was handed to a service are "unclaimed": messages
// that are being received, or a flood that never becomes a message. gRPC keeps most of them in
// memory. A connection with more unclaimed bytes than `max_unclaimed_bytes` / 4 is ended. So is one
// with more than a sixteenth to which gRPC has sent nothing meanwhile: a message on its way is met
// by updates of windows, headers without end by nothing. While all together have more than
// `max_unclaimed_bytes`, the one with most is ended.
//
// Example: max_unclaimed_bytes is 1 GiB. A peer sends header frames without end, 600 MB a second.
// After 0.1 s it has 64 MiB of them unanswered, and its connection is reset. An upload of messages
// of 60 MB goes on for ever, since each message that arrives claims all bytes before it.
//
// Left out: calls that are opened and reset at once take much memory for few bytes. A front
// (docs/operations.md) bounds them.
#ifndef TQDB_SERVER_GRPC_CONNECTION_GATE_H_
#define TQDB_SERVER_GRPC_CONNECTION_GATE_H_

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "base/task_queue.h"
#include "grpcpp/server_builder.h"

namespace tqdb::server {

// Thread-safe, except for construction and destruction.
class ConnectionGate {
 public:
  struct Options {
    size_t max_connections = 2000;          // 0: no bound
    size_t max_connections_per_peer = 500;  // by address; 0: no bound
    size_t max_unclaimed_bytes = size_t{1} << 30;
  };
  struct Counts {
    size_t open = 0;
    uint64_t refused = 0;  // over a bound, or for want of descriptors
    uint64_t ended = 0;    // by this class, because of unclaimed bytes
  };

  // Binds and listens, and adds itself to the server that `builder` will start. `address` is
  // numeric, IPv6 in brackets. Port 0 takes a free one. Returns Unavailable with the reason of the
  // operating system when it cannot listen.
  static absl::StatusOr<std::unique_ptr<ConnectionGate>> Listen(
      const std::string& address, int port, const Options& options,
      std::shared_ptr<grpc::ServerCredentials> credentials, grpc::ServerBuilder& builder);
  // Requires a server that has been shut down, or was never started.
  ~ConnectionGate();
  ConnectionGate(const ConnectionGate&) = delete;
  ConnectionGate& operator=(const ConnectionGate&) = delete;

  int port() const { return port_; }
  // Requires that the server has been started.
  void Start();
  // New connections are refused by the operating system from now on. Those that are open go on.
  void StopListening() ABSL_LOCKS_EXCLUDED(mu_);

  // A service has got a message from `peer` (ServerContext::peer).
  void Claim(absl::string_view peer) ABSL_LOCKS_EXCLUDED(mu_);

  Counts counts() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Connection {
    std::string host;         // the address of the peer without its port
    std::string peer;         // with it, as Claim finds it
    uint64_t received = 0;    // bytes, when they were last asked for
    uint64_t unclaimed = 0;   // of these
    uint64_t sent = 0;        // bytes to the peer, at the same time
    uint64_t unanswered = 0;  // bytes received since the last of them
    bool claimed = false;     // a message has been handed over since
    bool ended = false;
  };

  ConnectionGate(const Options& options, int listener, int epoll, int wake, int port,
                 std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor);
  void Run() ABSL_LOCKS_EXCLUDED(mu_);
  // Accepts what waits. Returns false when descriptors or memory are short, and a pause may help.
  bool AcceptAll() ABSL_LOCKS_EXCLUDED(mu_);
  void HandOver(int fd, const sockaddr_storage& address) ABSL_LOCKS_EXCLUDED(mu_);
  bool HasRoom(int fd, const std::string& host) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Forget(int duplicate) ABSL_LOCKS_EXCLUDED(mu_);
  void EndFloods() ABSL_LOCKS_EXCLUDED(mu_);
  void End(int duplicate, Connection* connection) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Watch(bool on) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const Options options_;
  const int listener_;
  const int epoll_;
  const int wake_;  // an eventfd: ends Run
  const int port_;
  const std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor_;
  mutable absl::Mutex mu_;
  bool listening_ ABSL_GUARDED_BY(mu_) = true;
  std::map<int, Connection> connections_ ABSL_GUARDED_BY(mu_);  // by the duplicate
  std::map<std::string, int, std::less<>> by_peer_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, size_t> per_host_ ABSL_GUARDED_BY(mu_);
  uint64_t refused_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t ended_ ABSL_GUARDED_BY(mu_) = 0;
  absl::Time next_warning_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
  std::thread thread_;
  TaskQueue pool_;  // hands connections over; last, because its tasks use the members above
};

}  // namespace tqdb::server

#endif  // TQDB_SERVER_GRPC_CONNECTION_GATE_H_
