#include "server/server.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/fault_log.h"
#include "base/status_macros.h"
#include "core/kernels/kernels.h"
#include "grpc/grpc.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/resource_quota.h"
#include "grpcpp/server_builder.h"
#include "server/grpc/admin_service.h"
#include "server/grpc/collection_service.h"
#include "server/grpc/point_service.h"
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

void SetChannelOptions(const ServerOptions& options, grpc::ServerBuilder* builder) {
  // A second server on the same port must fail, not take half of the connections.
  builder->AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMs);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                              kMinPingIntervalMs);
  builder->SetMaxReceiveMessageSize(static_cast<int>(options.max_message_bytes));
  grpc::ResourceQuota quota("tqdb");
  quota.SetMaxThreads(2 * static_cast<int>(options.admission.max_requests) + kSpareThreads);
  builder->SetResourceQuota(quota);
}

void LogCollection(const storage::CollectionInfo& info) {
  switch (info.status) {
    case storage::CollectionStatus::kReady:
      spdlog::info("collection '{}': {} points, {:.1f} MiB in memory", info.name, info.points,
                   static_cast<double>(info.memory_bytes) / (1 << 20));
      break;
    case storage::CollectionStatus::kReadOnly:
      spdlog::warn("collection '{}' is read-only: {}", info.name, info.error);
      break;
    case storage::CollectionStatus::kQuarantined:
      spdlog::error("collection '{}' is quarantined: {}", info.name, info.error);
      break;
  }
}

}  // namespace

Server::Server(const ServerOptions& options)
    : options_(options),
      admission_(options.admission),
      metrics_(admission_),
      runner_(admission_, metrics_),
      calls_(runner_, options.max_message_bytes) {}

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
  HttpServer::Handlers handlers;
  handlers.ready = [this] { return ready_.load(); };
  handlers.metrics = [this] { return metrics_.Serialize(scraped_database_.load()); };
  TQDB_ASSIGN_OR_RETURN(http_,
                        HttpServer::Start(address, *options_.http_port, std::move(handlers)));
  spdlog::info("metrics and health on http://{}:{}", address, http_->port());
  return absl::OkStatus();
}

absl::Status Server::OpenDatabase() {
  const absl::Time start = absl::Now();
  SetFaultLogger([](FaultState state, absl::string_view message) {
    // spdlog writes to the standard error at least, and does not throw.
    spdlog::log(state == FaultState::kBegins ? spdlog::level::err : spdlog::level::info, "{}",
                std::string(message));
  });
  TQDB_ASSIGN_OR_RETURN(database_, storage::Database::Open(options_.database));
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
  streams_ =
      std::make_unique<UpsertStreams>(services_->points, admission_, metrics_, options_.streams);
  collection_service_ = std::make_unique<CollectionService>(services_->collections, calls_);
  point_service_ =
      std::make_unique<PointService>(services_->points, services_->searches, calls_, *streams_);
  admin_service_ = std::make_unique<AdminService>(services_->admin, calls_);
  // Both are switches of the whole process, which must be set before the builder is made.
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();

  grpc::ServerBuilder builder;
  SetChannelOptions(options_, &builder);
  const std::string listening = absl::StrCat(address, ":", options_.grpc_port);
  const char* kind = !guard.tls.has_value()         ? "plaintext"
                     : guard.tls->client_ca.empty() ? "TLS"
                                                    : "TLS with client certificates";
  builder.AddListeningPort(listening, MakeCredentials(std::move(guard)), &grpc_port_);
  builder.RegisterService(collection_service_.get());
  builder.RegisterService(point_service_.get());
  builder.RegisterService(admin_service_.get());
  poller_ = std::make_unique<NetworkPoller>(builder);
  grpc_ = builder.BuildAndStart();
  if (grpc_ == nullptr || grpc_port_ == 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot serve gRPC on ", listening, " (--listen, --grpc-port)"));
  }
  poller_->Start();
  // gRPC reports the server as a whole by itself. Clients may also ask for each service by name.
  grpc::HealthCheckServiceInterface* health = grpc_->GetHealthCheckService();
  for (const char* service :
       {v1::CollectionService::service_full_name(), v1::PointService::service_full_name(),
        v1::AdminService::service_full_name()}) {
    health->SetServingStatus(service, true);
  }
  spdlog::info("serving gRPC on {}:{} ({})", address, grpc_port_, kind);
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
    grpc_->Shutdown(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(grace));
    poller_.reset();
    grpc_.reset();
  }
  streams_.reset();
  http_.reset();  // no scrape can read the database after this
  scraped_database_ = nullptr;
  absl::Status status;
  if (database_ != nullptr) status = database_->Close();
  database_.reset();
  return status;
}

}  // namespace tqdb::server
