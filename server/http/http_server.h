// The small HTTP server beside gRPC: /metrics, /healthz, /livez, /readyz.
//
// Thread-safe. Runs from Start until destroyed, on two threads of its own.
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
    std::function<bool()> ready;           // /readyz: 200 or 503
    std::function<std::string()> metrics;  // /metrics: Prometheus text
  };

  // `address` is numeric, IPv6 in brackets; port 0 takes a free one. Unavailable when the port
  // cannot be listened on. Handlers are called until the server is destroyed.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const std::string& address, int port,
                                                           Handlers handlers);
  // Requests under way finish first.
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
