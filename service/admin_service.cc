#include "service/admin_service.h"

#include "core/kernels/kernels.h"
#include "service/build_info.h"
#include "service/metrics.h"
#include "storage/api/options.h"

namespace tqdb::service {

ServerInfo AdminService::Info() const {
  return {.version = Version(),
          .commit = Commit(),
          .kernels = BestKernels().name,
          .data_directory = data_directory_,
          .uptime = absl::Now() - start_,
          .memory_bytes = ResidentBytes(),
          .max_batch_points = storage::kMaxBatchPoints,
          .max_limit = storage::kMaxTopK,
          .max_message_bytes = max_message_bytes_};
}

}  // namespace tqdb::service
