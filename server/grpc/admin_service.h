// tqdb.v1.AdminService: converts its messages and calls the service layer. Thread-safe.
#ifndef TQDB_SERVER_GRPC_ADMIN_SERVICE_H_
#define TQDB_SERVER_GRPC_ADMIN_SERVICE_H_

#include "grpcpp/server_context.h"
#include "server/grpc/unary_calls.h"
#include "service/admin_service.h"
#include "tqdb/v1/admin.grpc.pb.h"

namespace tqdb::server {

class AdminService final : public v1::AdminService::Service {
 public:
  // Both must outlive the service.
  AdminService(const service::AdminService& admin, UnaryCalls& calls)
      : admin_(admin), calls_(calls) {}

  grpc::Status GetServerInfo(grpc::ServerContext* context, const v1::GetServerInfoRequest* request,
                             v1::GetServerInfoResponse* response) override;

 private:
  const service::AdminService& admin_;
  UnaryCalls& calls_;
};

}  // namespace tqdb::server

#endif  // TQDB_SERVER_GRPC_ADMIN_SERVICE_H_
