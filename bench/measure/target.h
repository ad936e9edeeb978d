// The server that a benchmark talks to: one of its own in a scratch directory, or one that already
// runs.
#ifndef TQDB_BENCH_MEASURE_TARGET_H_
#define TQDB_BENCH_MEASURE_TARGET_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/server_process.h"
#include "bench/measure/scratch.h"
#include "client/cpp/client.h"
#include "storage/api/options.h"
#include "values/types.h"

namespace tqdb::bench {

struct TargetFlags {
  std::string server;     // program; empty: the one of this build
  std::string address;    // of a running server; empty: start one
  std::string directory;  // parent of the scratch directory
};

// Not thread-safe.
class Target {
 public:
  static absl::StatusOr<std::unique_ptr<Target>> Start(const TargetFlags& flags);

  bool owned() const { return process_ != nullptr; }
  client::Client& client() { return *client_; }
  // A further connection.
  absl::StatusOr<std::unique_ptr<client::Client>> Connect() const;

  // Of the server process, by /proc for one of our own and by its own word otherwise.
  absl::StatusOr<uint64_t> ResidentBytes();
  // Of its data directory. Requires a server on this machine.
  absl::StatusOr<DiskUse> Disk();
  // Stops the server and starts it again on the same data. Requires owned().
  absl::Status Restart();

 private:
  Target() = default;
  absl::Status StartProcess();

  TargetFlags flags_;
  std::string address_;
  std::unique_ptr<ScratchDirectory> scratch_;  // before process_, which is killed first
  std::unique_ptr<ServerProcess> process_;
  std::unique_ptr<client::Client> client_;
};

// How the vectors of a benchmark's collection are kept.
struct SpaceFlags {
  Metric metric = Metric::kCosine;
  int code_bits = 4;
  Residual residual = Residual::kQjl;
  Centering centering = Centering::kAuto;
};
client::CollectionConfig MakeCollectionConfig(const SpaceFlags& flags, size_t dim,
                                              storage::StoreVectors store);

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_MEASURE_TARGET_H_
