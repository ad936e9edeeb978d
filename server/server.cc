#include "server/server.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "core/kernels/kernels.h"
#include "grpc/grpc.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/resource_quota.h"
#include "grpcpp/server_builder.h"
#include "server/grpc/admin_service.h"
#include "server/grpc/collection_service.h"
#include "server/grpc/parse_failure.h"
#include "server/grpc/point_service.h"
#include "server/grpc/reflection.h"
#include "server/listen_address.h"
#include "service/build_info.h"
#include "spdlog/spdlog.h"

namespace tqdb::server {

namespace {

// Number of gRPC's threads beyond those of admitted calls: pollers, and calls that are refused.
constexpr int kSpareThreads = 64;

// The server notices that a peer has vanished without closing its connection after the sum of the
// first two times. Clients may send pings as often as the third says.
constexpr int kKeepaliveTimeMs = 60'000;
constexpr int kKeepaliveTimeoutMs = 20'000;
constexpr int kMinPingIntervalMs = 10'000;

// Calls that one connection may have open at once, health checks and watches included. Clients that
// keep to HTTP/2 wait for one to end.
constexpr int kMaxConcurrentStreams = 256;
constexpr int kMaxMetadataBytes = 16 << 10;
// A peer that has connected must have greeted by then, by TLS and HTTP/2.
constexpr int kHandshakeTimeoutMs = 10'000;

void SetChannelOptions(const ServerOptions& options, grpc::ServerBuilder* builder) {
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMs);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                              kMinPingIntervalMs);
  builder->AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxConcurrentStreams);
  builder->AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  builder->AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeTimeoutMs);
  builder->SetMaxReceiveMessageSize(static_cast<int>(options.max_message_bytes));
  grpc::ResourceQuota quota("tqdb");
  quota.SetMaxThreads(2 * static_cast<int>(options.admission.max_requests) + kSpareThreads);
  builder->SetResourceQuota(quota);
}

// Logs that a collection has got another status.
void LogHealth(const storage::CollectionHealth& health) {
  switch (health.status) {
    case storage::CollectionStatus::kReady:
      spdlog::info("collection '{}' is ready again", health.name);
      break;
    case storage::CollectionStatus::kReadOnly:
      spdlog::error("{}", health.error);  // begins with the name
      break;
    case storage::CollectionStatus::kQuarantined:
      spdlog::error("collection '{}' is quarantined: {}", health.name, health.error);
      break;
    case storage::CollectionStatus::kUnavailable:
      spdlog::error("collection '{}' is unavailable for now, and tried again: {}", health.name,
                    health.error);
      break;
  }
}

void LogCollection(const storage::CollectionInfo& info) {
  switch (info.status) {
    case storage::CollectionStatus::kReady:
      spdlog::info("collection '{}': {} points, {:.1f} MiB in memory", info.name, info.points,
                   static_cast<double>(info.memory_bytes) / (1 << 20));
      break;
    default: LogHealth({info.name, info.status, info.error});
  }
}

}  // namespace

Server::Server(const ServerOptions& options)
    : options_(options),
      admission_(options.admission),
      metrics_(admission_),
      runner_(admission_, metrics_),
      calls_(runner_, options.max_message_bytes,
             [this](absl::string_view peer) { gate_->Claim(peer); }) {}

Server::~Server() {
  if (const absl::Status status = Shutdown(absl::ZeroDuration()); !status.ok()) {
    spdlog::error("closing the database: {}", status.ToString());
  }
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options) {
  spdlog::info("tqdb-server {} (commit {}), {} kernels, data directory {}", service::Version(),
               service::Commit(), BestKernels().name, options.database.directory);
  TQDB_ASSIGN_OR_RETURN(const std::string address, ResolveListenAddress(options.listen));
  // A port in use is reported before the database is loaded, which can take minutes.
  TQDB_RETURN_IF_ERROR(CheckPortFree(address, options.grpc_port, "--grpc-port"));
  std::unique_ptr<Server> server(new Server(options));
  TQDB_ASSIGN_OR_RETURN(Guard guard, server->MakeGuard(address));
  TQDB_RETURN_IF_ERROR(server->StartHttp(address));
  TQDB_RETURN_IF_ERROR(server->OpenDatabase());
  TQDB_RETURN_IF_ERROR(server->StartGrpc(address, std::move(guard)));
  server->ready_ = true;
  return server;
}

absl::StatusOr<Guard> Server::MakeGuard(const std::string& address) {
  Guard guard;
  if (options_.tls.enabled()) {
    TQDB_ASSIGN_OR_RETURN(guard.tls, LoadTls(options_.tls));
  }
  if (options_.api_key_file.empty()) {
    if (!IsLoopback(address) && options_.tls.client_ca.empty()) {
      spdlog::warn("everybody who reaches {} may read and write: there is no --api-key-file",
                   address);
    }
    return guard;
  }
  TQDB_ASSIGN_OR_RETURN(ApiKeys keys, ApiKeys::Load(options_.api_key_file));
  if (!options_.tls.enabled() && !IsLoopback(address) && !options_.allow_plaintext_keys) {
    return absl::InvalidArgumentError(
        absl::StrCat("--api-key-file: without TLS, keys would travel readable to ", address,
                     " (--listen); give --tls-cert and --tls-key, listen on 127.0.0.1, or give "
                     "--allow-plaintext-keys when something else encrypts the way"));
  }
  spdlog::info("{} API keys from {}", keys.size(), options_.api_key_file);
  guard.keys = std::make_shared<const ApiKeys>(std::move(keys));
  guard.on_refused = [this](absl::StatusCode code) { metrics_.CountUnauthorized(code); };
  return guard;
}

absl::Status Server::StartHttp(const std::string& address) {
  if (!options_.http_port.has_value()) return absl::OkStatus();
  TQDB_RETURN_IF_ERROR(CheckPortFree(address, *options_.http_port, "--http-port"));
  using Work = HttpRouter::Work;
  HttpRouter router;
  for (const char* path : {"/healthz", "/livez"}) {
    router.AddGet(path, Work::kShort, [] { return HttpRouter::Answer{.body = "ok\n"}; });
  }
  router.AddGet("/readyz", Work::kShort, [this] {
    if (ready_) return HttpRouter::Answer{.body = "ready\n"};
    return HttpRouter::Answer{.code = 503, .body = "not ready\n"};
  });
  // Long: it takes the locks of all collections.
  router.AddGet("/metrics", Work::kLong, [this] {
    return HttpRouter::Answer{.type = "text/plain; version=0.0.4; charset=utf-8",
                              .body = metrics_.Serialize(scraped_database_.load())};
  });
  TQDB_ASSIGN_OR_RETURN(http_, HttpServer::Start(address, *options_.http_port, std::move(router),
                                                 HttpServer::Options()));
  spdlog::info("metrics and health on http://{}:{}", address, http_->port());
  return absl::OkStatus();
}

absl::Status Server::OpenDatabase() {
  const absl::Time start = absl::Now();
  storage::DatabaseOptions own = options_.database;
  own.on_health = LogHealth;
  TQDB_ASSIGN_OR_RETURN(database_, storage::Database::Open(own));
  scraped_database_ = database_.get();
  const std::vector<storage::CollectionInfo> collections = database_->ListCollections();
  uint64_t points = 0;
  size_t quarantined = 0;
  for (const storage::CollectionInfo& info : collections) {
    LogCollection(info);
    points += info.points;
    quarantined += info.status == storage::CollectionStatus::kQuarantined;
  }
  spdlog::info("loaded {} collections ({} quarantined) with {} points in {:.3f} s",
               collections.size(), quarantined, points, absl::ToDoubleSeconds(absl::Now() - start));
  return absl::OkStatus();
}

absl::Status Server::StartGrpc(const std::string& address, Guard guard) {
  services_ = std::make_unique<service::Services>(*database_, metrics_, options_.database.directory,
                                                  options_.max_message_bytes);
  streams_ = std::make_unique<UpsertStreams>(
      services_->points, admission_, metrics_,
      [this](absl::string_view peer) { gate_->Claim(peer); }, options_.streams);
  collection_service_ = std::make_unique<CollectionService>(services_->collections, calls_);
  point_service_ =
      std::make_unique<PointService>(services_->points, services_->searches, calls_, *streams_);
  admin_service_ = std::make_unique<AdminService>(services_->admin, calls_);
  // Both are switches of the whole process, which must be set before the builder is made.
  grpc::EnableDefaultHealthCheckService(true);
  EnableReflection();

  grpc::ServerBuilder builder;
  SetChannelOptions(options_, &builder);
  const char* kind = !guard.tls.has_value()         ? "plaintext"
                     : guard.tls->client_ca.empty() ? "TLS"
                                                    : "TLS with client certificates";
  TQDB_ASSIGN_OR_RETURN(gate_,
                        ConnectionGate::Listen(address, options_.grpc_port, options_.connections,
                                               MakeCredentials(std::move(guard)), builder));
  builder.RegisterService(collection_service_.get());
  builder.RegisterService(point_service_.get());
  builder.RegisterService(admin_service_.get());
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> hooks;
  hooks.push_back(std::make_unique<ParseFailureFactory>());
  builder.experimental().SetInterceptorCreators(std::move(hooks));
  poller_ = std::make_unique<NetworkPoller>(builder);
  grpc_ = builder.BuildAndStart();
  if (grpc_ == nullptr) return absl::UnavailableError("gRPC did not start");
  poller_->Start();
  gate_->Start();
  // gRPC reports the server as a whole by itself. Clients may also ask for each service by name.
  grpc::HealthCheckServiceInterface* health = grpc_->GetHealthCheckService();
  for (const char* service :
       {v1::CollectionService::service_full_name(), v1::PointService::service_full_name(),
        v1::AdminService::service_full_name()}) {
    health->SetServingStatus(service, true);
  }
  spdlog::info("serving gRPC on {}:{} ({})", address, gate_->port(), kind);
  return absl::OkStatus();
}

absl::Status Server::Shutdown(absl::Duration grace) {
  // Nothing was started, or Shutdown has run before.
  if (database_ == nullptr && http_ == nullptr) return absl::OkStatus();
  ready_ = false;
  if (grpc_ != nullptr) {
    grpc_->GetHealthCheckService()->SetServingStatus(false);
    // Clients keep their streams open without end, so gRPC would wait for them for all of `grace`.
    // Draining ends them as soon as their batches are acknowledged.
    streams_->Drain();
    gate_->StopListening();
    grpc_->Shutdown(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(grace));
    poller_.reset();
    grpc_.reset();
  }
  gate_.reset();
  streams_.reset();
  http_.reset();  // no scrape can read the database after this
  scraped_database_ = nullptr;
  absl::Status status;
  if (database_ != nullptr) status = database_->Close();
  database_.reset();
  return status;
}

}  // namespace tqdb::server
