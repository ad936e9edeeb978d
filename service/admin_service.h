// Describes this server: its build, its limits, and how long it has been running.
#ifndef TQDB_SERVICE_ADMIN_SERVICE_H_
#define TQDB_SERVICE_ADMIN_SERVICE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace tqdb::service {

struct ServerInfo {
  std::string version;  // "0.1.0"
  std::string commit;
  std::string kernels;  // the instruction set in use, "avx512"
  std::string data_directory;
  absl::Duration uptime;
  uint64_t memory_bytes = 0;  // resident
  size_t max_batch_points = 0;
  size_t max_limit = 0;  // hits of one query
  size_t max_message_bytes = 0;
};

// Thread-safe.
class AdminService {
 public:
  AdminService(std::string data_directory, size_t max_message_bytes)
      : data_directory_(std::move(data_directory)), max_message_bytes_(max_message_bytes) {}

  ServerInfo Info() const;

 private:
  const std::string data_directory_;
  const size_t max_message_bytes_;
  const absl::Time start_ = absl::Now();
};

}  // namespace tqdb::service

#endif  // TQDB_SERVICE_ADMIN_SERVICE_H_
