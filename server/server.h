// The tqdb server: a database behind gRPC, with HTTP beside it. main.cc and the tests start it
// alike.
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
#include "server/admission.h"
#include "server/grpc/call.h"
#include "server/grpc/network_poller.h"
#include "server/grpc/upsert_stream.h"
#include "server/http/http_server.h"
#include "server/metrics.h"
#include "server/security/credentials.h"
#include "server/security/tls.h"
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
  TlsFiles tls;                         // of gRPC; HTTP is always plain
  std::string api_key_file;             // empty: everybody may call
  // Keys travel readable without TLS. Off: they are refused there on any but a loopback address.
  bool allow_plaintext_keys = false;
  size_t max_message_bytes = size_t{64} << 20;
  AdmissionLimits admission;
  UpsertStreams::Options streams;
};

// Thread-safe, but for Shutdown, which one thread calls once.
class Server {
 public:
  // Opens the database, then listens. When it returns the server answers, and health is SERVING.
  // The status of a failure names the directory or the address: Unavailable when either is in use,
  // whatever Database::Open says, InvalidArgument for an address that is none, for a certificate or
  // a file of keys that is wrong, and for keys that would travel readable.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options);

  // Shutdown without grace, unless that was called.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  int grpc_port() const { return grpc_port_; }
  int http_port() const { return http_ == nullptr ? 0 : http_->port(); }

  // Health turns NOT_SERVING, new calls are refused, streams finish what they have accepted, calls
  // under way have `grace` before they are cancelled; then the database is flushed and closed.
  absl::Status Shutdown(absl::Duration grace);

 private:
  explicit Server(const ServerOptions& options);
  absl::Status StartHttp(const std::string& address);
  absl::Status OpenDatabase();
  absl::Status StartGrpc(const std::string& address, Guard guard);
  // TLS and keys as the options say, read and checked.
  absl::StatusOr<Guard> MakeGuard(const std::string& address);

  const ServerOptions options_;
  Admission admission_;
  Metrics metrics_;
  CallRunner runner_;
  std::atomic<bool> ready_{false};
  std::unique_ptr<storage::Database> database_;
  std::atomic<const storage::Database*> scraped_database_{nullptr};  // null until it is open
  std::unique_ptr<UpsertStreams> streams_;
  std::unique_ptr<CollectionService> collection_service_;
  std::unique_ptr<PointService> point_service_;
  std::unique_ptr<AdminService> admin_service_;
  std::unique_ptr<NetworkPoller> poller_;  // goes after grpc_ has been shut down
  std::unique_ptr<grpc::Server> grpc_;
  std::unique_ptr<HttpServer> http_;
  int grpc_port_ = 0;
};

}  // namespace tqdb::server

#endif  // TQDB_SERVER_SERVER_H_
