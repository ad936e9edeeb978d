// A thread that always waits for the network, on behalf of a gRPC server.
//
// A server with a method of the callback interface (UpsertStream) is a hybrid to gRPC: the threads
// that run unary calls then do not wait for the network themselves. Only two threads of gRPC do,
// those that serve callbacks. After a second without a callback each of them sleeps for 100 ms, and
// nobody reads a socket while both sleep. Searches call no callback, so every 1.1 s all clients
// waited for 100 ms. A completion queue of our own, declared as polled often, brings a thread that
// never sleeps. That is all it is for: no event comes out of it but its end.
//
// One thread is enough: gRPC's own are still there, and whoever has read something hands the
// network over to another thread before it works on that.
#ifndef TQDB_SERVER_GRPC_NETWORK_POLLER_H_
#define TQDB_SERVER_GRPC_NETWORK_POLLER_H_

#include <memory>
#include <thread>

#include "grpcpp/completion_queue.h"
#include "grpcpp/server_builder.h"

namespace tqdb::server {

// Not thread-safe.
class NetworkPoller {
 public:
  // Adds a queue to the server that `builder` will start.
  explicit NetworkPoller(grpc::ServerBuilder& builder);
  // Requires a server that has been shut down, or was never started.
  ~NetworkPoller();
  NetworkPoller(const NetworkPoller&) = delete;
  NetworkPoller& operator=(const NetworkPoller&) = delete;

  // Requires that the server has been started.
  void Start();

 private:
  void Poll();

  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::thread thread_;
};

}  // namespace tqdb::server

#endif  // TQDB_SERVER_GRPC_NETWORK_POLLER_H_
