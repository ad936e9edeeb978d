// The server that a benchmark talks to: one that it starts in a scratch directory, or one that runs
// already.
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

// Options that choose the server.
struct TargetFlags {
  std::string server;     // path of the program to start; empty: the one of this build
  std::string address;    // address of a running server; empty: start one
  std::string directory;  // parent of the scratch directory
};

// A server, and a connection to it. Not thread-safe.
class Target {
 public:
  static absl::StatusOr<std::unique_ptr<Target>> Start(const TargetFlags& flags);

  // Returns whether this object has started the server and will stop it.
  bool owned() const { return process_ != nullptr; }
  client::Client& client() { return *client_; }
  // Makes another connection.
  absl::StatusOr<std::unique_ptr<client::Client>> Connect() const;

  // Returns the resident memory of the server process: from /proc for an owned server, and as the
  // server reports it otherwise.
  absl::StatusOr<uint64_t> ResidentBytes();
  // Measures the data directory. Requires: the server runs on this machine.
  absl::StatusOr<DiskUse> Disk();
  // Stops the server and starts it again on the same data. Requires: owned().
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

// Options of the vector space of a benchmark's collection.
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
