// The tqdb server: a database behind gRPC, with a small HTTP server for metrics and health. main.cc
// and the tests start it in the same way.
//
// The order of starting and stopping matters. HTTP starts first, so that health answers during
// minutes of loading. gRPC starts last, with a database that is open. Shutdown stops gRPC first,
// and closes the database when no call is left.
#ifndef TQDB_SERVER_SERVER_H_
#define TQDB_SERVER_SERVER_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/server.h"
#include "server/grpc/connection_gate.h"
#include "server/grpc/credentials.h"
#include "server/grpc/network_poller.h"
#include "server/grpc/unary_calls.h"
#include "server/grpc/upsert_stream.h"
#include "server/http/http_server.h"
#include "server/security/tls.h"
#include "service/admission.h"
#include "service/call_runner.h"
#include "service/metrics.h"
#include "service/services.h"
#include "storage/api/database.h"
#include "storage/api/options.h"

namespace tqdb::server {

class CollectionService;
class PointService;
class AdminService;

struct ServerOptions {
  storage::DatabaseOptions database;
  std::string listen = "127.0.0.1";     // address or host name of both ports
  int grpc_port = 6334;                 // 0 takes a free one
  std::optional<int> http_port = 6333;  // empty: no HTTP; 0 takes a free one
  TlsFiles tls;                         // for gRPC; HTTP is always plain
  std::string api_key_file;             // empty: everybody may call
  // Permission to use keys without TLS on an address that other machines can reach. Keys are
  // readable on the network then, so the server refuses to start without this permission.
  bool allow_plaintext_keys = false;
  size_t max_message_bytes = size_t{64} << 20;
  service::AdmissionLimits admission;
  ConnectionGate::Options connections;  // of gRPC
  UpsertStreams::Options streams;
};

// Thread-safe, except for Shutdown, which one thread must call once.
class Server {
 public:
  // Opens the database, then listens. When it returns, the server answers, and health is SERVING.
  // Returns Unavailable when the directory or the address is in use, and the errors of
  // Database::Open. InvalidArgument for a bad address, a bad certificate, a bad file of keys, or
  // keys that would be readable on the network. The message names the directory or the address.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options);

  // Shutdown without grace, unless that was called.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  int grpc_port() const { return gate_ == nullptr ? 0 : gate_->port(); }
  int http_port() const { return http_ == nullptr ? 0 : http_->port(); }

  // Stops the server in this order: health turns NOT_SERVING and new calls are refused; streams
  // finish the batches that they have accepted; running calls have `grace` before they are
  // cancelled; the database is flushed and closed.
  absl::Status Shutdown(absl::Duration grace);

 private:
  explicit Server(const ServerOptions& options);
  absl::Status StartHttp(const std::string& address);
  absl::Status OpenDatabase();
  absl::Status StartGrpc(const std::string& address, Guard guard);
  // Reads and checks the files of TLS and keys that the options name.
  absl::StatusOr<Guard> MakeGuard(const std::string& address);

  const ServerOptions options_;
  service::Admission admission_;
  service::Metrics metrics_;
  service::CallRunner runner_;
  UnaryCalls calls_;
  std::atomic<bool> ready_{false};
  std::unique_ptr<storage::Database> database_;
  std::atomic<const storage::Database*> scraped_database_{nullptr};  // null until it is open
  std::unique_ptr<service::Services> services_;
  std::unique_ptr<UpsertStreams> streams_;
  std::unique_ptr<CollectionService> collection_service_;
  std::unique_ptr<PointService> point_service_;
  std::unique_ptr<AdminService> admin_service_;
  std::unique_ptr<NetworkPoller> poller_;  // goes after grpc_ has been shut down
  std::unique_ptr<ConnectionGate> gate_;   // likewise
  std::unique_ptr<grpc::Server> grpc_;
  std::unique_ptr<HttpServer> http_;
};

}  // namespace tqdb::server

#endif  // TQDB_SERVER_SERVER_H_
