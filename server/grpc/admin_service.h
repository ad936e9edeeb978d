// tqdb.v1.AdminService: what this server is. Thread-safe.
#ifndef TQDB_SERVER_GRPC_ADMIN_SERVICE_H_
#define TQDB_SERVER_GRPC_ADMIN_SERVICE_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpcpp/server_context.h"
#include "server/grpc/call.h"
#include "tqdb/v1/admin.grpc.pb.h"

namespace tqdb::server {

class AdminService final : public v1::AdminService::Service {
 public:
  // `runner` must outlive the service.
  AdminService(std::string data_dir, uint64_t max_message_bytes, CallRunner& runner)
      : data_dir_(std::move(data_dir)), max_message_bytes_(max_message_bytes), runner_(runner) {}

  grpc::Status GetServerInfo(grpc::ServerContext* context, const v1::GetServerInfoRequest* request,
                             v1::GetServerInfoResponse* response) override;

 private:
  const std::string data_dir_;
  const uint64_t max_message_bytes_;
  const absl::Time start_ = absl::Now();
  CallRunner& runner_;
};

}  // namespace tqdb::server

#endif  // TQDB_SERVER_GRPC_ADMIN_SERVICE_H_
