// Filling a collection over gRPC from rows that lie ready in memory.
#ifndef TQDB_BENCH_MEASURE_LOAD_H_
#define TQDB_BENCH_MEASURE_LOAD_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/matrix_view.h"
#include "bench/data/cluster_tree.h"
#include "bench/measure/target.h"
#include "client/cpp/types.h"

namespace tqdb::bench {

using PointBatches = std::vector<std::vector<client::Point>>;

// Row i becomes the point with id first_id + i.
PointBatches MakeBatches(MatrixView rows, uint64_t first_id, size_t batch_rows);
// The rows [0, rows) of the tree, made in pieces: nothing else is kept in memory.
PointBatches GenerateBatches(const ClusterTree& tree, size_t rows, size_t batch_rows,
                             size_t threads);

struct LoadOptions {
  std::string collection;
  size_t clients = 2;   // connections, one upsert stream and one thread each
  uint32_t window = 8;  // batches in flight on each
  client::Durability durability = client::Durability::kSync;
};
struct LoadResult {
  double seconds = 0;   // from the first batch sent to the last acknowledgement
  uint64_t points = 0;  // acknowledged
};
// Sends all batches, client c those with number c modulo clients. The first refused batch is an
// error.
absl::StatusOr<LoadResult> Load(const Target& target, const PointBatches& batches,
                                const LoadOptions& options);

// Waits until the collection reports the same sizes for two seconds: flushes, compactions and
// re-encoding are then over. Gives up waiting, without an error, after two minutes.
absl::StatusOr<client::CollectionInfo> WaitUntilSettled(client::Client& client,
                                                        const std::string& collection);

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_MEASURE_LOAD_H_
