#include "server/grpc/admin_service.h"

#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace tqdb::server {

grpc::Status AdminService::GetServerInfo(grpc::ServerContext* context,
                                         const v1::GetServerInfoRequest*,
                                         v1::GetServerInfoResponse* response) {
  return calls_.Run(context, service::Method::kGetServerInfo, [&](const service::CallContext&) {
    const service::ServerInfo info = admin_.Info();
    response->set_version(info.version);
    response->set_commit(info.commit);
    response->set_kernels(info.kernels);
    response->set_data_directory(info.data_directory);
    response->set_uptime_s(static_cast<uint64_t>(absl::ToInt64Seconds(info.uptime)));
    response->set_memory_bytes(info.memory_bytes);
    response->set_max_batch_points(static_cast<uint32_t>(info.max_batch_points));
    response->set_max_limit(static_cast<uint32_t>(info.max_limit));
    response->set_max_message_bytes(info.max_message_bytes);
    return absl::OkStatus();
  });
}

}  // namespace tqdb::server
