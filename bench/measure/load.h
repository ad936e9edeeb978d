// Fills a collection over gRPC. Rows are made before the clock starts, so that only client and
// server are measured.
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

// Returns batches of points; row i becomes the point with id first_id + i.
PointBatches MakeBatches(MatrixView rows, uint64_t first_id, size_t batch_rows);
// Returns batches of the rows [0, rows) of a tree. They are made in pieces, so that the rows are
// not in memory twice.
PointBatches GenerateBatches(const ClusterTree& tree, size_t rows, size_t batch_rows,
                             size_t threads);

// Settings of a load.
struct LoadOptions {
  std::string collection;
  size_t clients = 2;   // number of connections, with one upsert stream and one thread each
  uint32_t window = 8;  // batches in flight on each stream
  client::Durability durability = client::Durability::kSync;
};
// Result of a load.
struct LoadResult {
  double seconds = 0;   // time from the first batch sent to the last acknowledgement
  uint64_t points = 0;  // number of points acknowledged
};
// Sends all batches. Client c sends the batches c, c + clients, c + 2 * clients, ... The first
// refused batch is an error.
absl::StatusOr<LoadResult> Load(const Target& target, const PointBatches& batches,
                                const LoadOptions& options);

// Waits until the collection has reported the same sizes for two seconds. Flushes, compactions and
// re-encoding are over then and disturb no measurement. Stops waiting, without an error, after two
// minutes.
absl::StatusOr<client::CollectionInfo> WaitUntilSettled(client::Client& client,
                                                        const std::string& collection);

}  // namespace tqdb::bench

#endif  // TQDB_BENCH_MEASURE_LOAD_H_
