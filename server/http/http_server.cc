#include "server/http/http_server.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "civetweb.h"
#include "spdlog/spdlog.h"

namespace tqdb::server {

namespace {

constexpr char kTextType[] = "text/plain; charset=utf-8";
constexpr char kMetricsType[] = "text/plain; version=0.0.4; charset=utf-8";

// Logs CivetWeb's own messages for debugging only. The status of Start reports a failure to start,
// and all other messages are about faults of peers.
int LogMessage(const mg_connection*, const char* message) {
  spdlog::debug("http: {}", message);
  return 1;  // handled: not to stderr
}

// Sends a whole answer and returns its code, which CivetWeb takes as "handled". The connection is
// closed, so that an idle peer does not keep one of the two threads.
int Send(mg_connection* connection, int code, const char* reason, const char* type,
         const std::string& body) {
  const bool head = std::strcmp(mg_get_request_info(connection)->request_method, "HEAD") == 0;
  mg_printf(connection,
            "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
            "Cache-Control: no-store\r\nConnection: close\r\n\r\n",
            code, reason, type, body.size());
  if (!head) mg_write(connection, body.data(), body.size());
  return code;
}

}  // namespace

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const std::string& address, int port,
                                                              Handlers handlers) {
  // The library counts the calls of this function, so every server may call it.
  mg_init_library(MG_FEATURES_DEFAULT);
  std::unique_ptr<HttpServer> server(new HttpServer(std::move(handlers)));
  const std::string listening = absl::StrCat(address, ":", port);
  // Two threads serve a scrape and a health check at once. The timeout takes a thread back from a
  // peer that sends nothing.
  const char* options[] = {"listening_ports",
                           listening.c_str(),
                           "num_threads",
                           "2",
                           "request_timeout_ms",
                           "5000",
                           nullptr};
  mg_callbacks callbacks = {};
  callbacks.log_message = &LogMessage;
  server->context_ = mg_start(&callbacks, server.get(), options);
  if (server->context_ == nullptr) {
    return absl::UnavailableError(
        absl::StrCat("cannot serve HTTP on ", listening, " (--listen, --http-port)"));
  }
  mg_server_port bound = {};
  if (mg_get_server_ports(server->context_, 1, &bound) == 1) server->port_ = bound.port;
  mg_set_request_handler(server->context_, "**", &HttpServer::Handle, server.get());
  return server;
}

HttpServer::~HttpServer() {
  if (context_ != nullptr) mg_stop(context_);
  mg_exit_library();
}

int HttpServer::Handle(mg_connection* connection, void* self) {
  return static_cast<const HttpServer*>(self)->Respond(connection);
}

int HttpServer::Respond(mg_connection* connection) const {
  const mg_request_info* request = mg_get_request_info(connection);
  const absl::string_view method = request->request_method;
  const absl::string_view path = request->local_uri;
  if (method != "GET" && method != "HEAD") {
    return Send(connection, 405, "Method Not Allowed", kTextType, "only GET and HEAD\n");
  }
  if (path == "/healthz" || path == "/livez") {
    return Send(connection, 200, "OK", kTextType, "ok\n");
  }
  if (path == "/readyz") {
    if (handlers_.ready()) return Send(connection, 200, "OK", kTextType, "ready\n");
    return Send(connection, 503, "Service Unavailable", kTextType, "not ready\n");
  }
  if (path == "/metrics") {
    return Send(connection, 200, "OK", kMetricsType, handlers_.metrics());
  }
  return Send(connection, 404, "Not Found", kTextType,
              "not found; there are /metrics, /healthz, /livez and /readyz\n");
}

}  // namespace tqdb::server
