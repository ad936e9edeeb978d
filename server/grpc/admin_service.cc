#include "server/grpc/admin_service.h"

#include "core/kernels/kernels.h"
#include "service/build_info.h"
#include "service/metrics.h"
#include "storage/api/options.h"

namespace tqdb::server {

grpc::Status AdminService::GetServerInfo(grpc::ServerContext* context,
                                         const v1::GetServerInfoRequest*,
                                         v1::GetServerInfoResponse* response) {
  return runner_.Run(context, service::Method::kGetServerInfo, [&]() -> absl::Status {
    response->set_version(service::Version());
    response->set_commit(service::Commit());
    response->set_kernels(BestKernels().name);
    response->set_data_directory(data_dir_);
    response->set_uptime_s(static_cast<uint64_t>(absl::ToInt64Seconds(absl::Now() - start_)));
    response->set_memory_bytes(service::ResidentBytes());
    response->set_max_batch_points(storage::kMaxBatchPoints);
    response->set_max_limit(storage::kMaxTopK);
    response->set_max_message_bytes(max_message_bytes_);
    return absl::OkStatus();
  });
}

}  // namespace tqdb::server
