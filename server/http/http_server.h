// The small HTTP server for operators, besides gRPC: /metrics, /healthz, /livez, /readyz.
//
// Thread-safe. Runs from Start until it is destroyed, on two threads of its own.
#ifndef TQDB_SERVER_HTTP_HTTP_SERVER_H_
#define TQDB_SERVER_HTTP_HTTP_SERVER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

struct mg_connection;
struct mg_context;

namespace tqdb::server {

class HttpServer {
 public:
  struct Handlers {
    std::function<bool()> ready;           // for /readyz: true is status 200, false is 503
    std::function<std::string()> metrics;  // for /metrics: returns the Prometheus text
  };

  // Starts a server. `address` is numeric, IPv6 in brackets. Port 0 takes a free one. Returns
  // Unavailable when it cannot listen on the port. Handlers are called until the server is
  // destroyed.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const std::string& address, int port,
                                                           Handlers handlers);
  // Waits for running requests.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  int port() const { return port_; }

 private:
  explicit HttpServer(Handlers handlers) : handlers_(std::move(handlers)) {}
  static int Handle(mg_connection* connection, void* self);
  int Respond(mg_connection* connection) const;

  const Handlers handlers_;
  mg_context* context_ = nullptr;
  int port_ = 0;
};

}  // namespace tqdb::server

#endif  // TQDB_SERVER_HTTP_HTTP_SERVER_H_
