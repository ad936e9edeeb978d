// The HTTP server for operators, besides gRPC: metrics and health, by the routes that it is given.
//
// The simple idea: one thread waits for all connections, so a connection that says nothing costs a
// few hundred bytes and no thread. Each connection has a limit of time for each step: until the
// next request begins, until that request is complete, until the answer has been taken. When all
// connections are in use, a new one takes the place of the one that has waited longest for its
// peer. So a probe gets its answer however many silent peers there are.
//
// Example: 1,000 peers connect and send nothing. The server keeps the youngest 256 of them for 30
// seconds. A probe closes the oldest one and is answered at once.
//
// Thread-safe. Runs from Start until it is destroyed, on two threads of its own.
#ifndef TQDB_SERVER_HTTP_HTTP_SERVER_H_
#define TQDB_SERVER_HTTP_HTTP_SERVER_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/http/http_router.h"

namespace tqdb::server {

class HttpServer {
 public:
  struct Options {
    size_t max_connections = 256;
    size_t max_header_bytes = 16 << 10;
    size_t max_body_bytes = 64 << 10;
    absl::Duration idle_timeout = absl::Seconds(30);    // from an answer to the next request
    absl::Duration request_timeout = absl::Seconds(5);  // from its first byte to its last
    absl::Duration answer_timeout = absl::Seconds(10);  // until the peer has taken the answer
  };

  // Starts a server. `address` is numeric, IPv6 in brackets. Port 0 takes a free one. Returns
  // Unavailable with the reason when it cannot listen on the port. The handlers of `router` are
  // called until the server is destroyed.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const std::string& address, int port,
                                                           HttpRouter router,
                                                           const Options& options);
  // Waits for running handlers. Answers that were not sent yet are dropped.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  int port() const { return port_; }

 private:
  class Impl;
  HttpServer(std::unique_ptr<Impl> impl, int port);

  const std::unique_ptr<Impl> impl_;
  const int port_;
};

}  // namespace tqdb::server

#endif  // TQDB_SERVER_HTTP_HTTP_SERVER_H_
