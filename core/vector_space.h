// One vector space of a collection in memory: its codes, and search over them.
//
// Rows are appended by one writer at a time and found by any number of readers that take no lock.
// A reader sees every row whose Append returned before its Search began, and may see later ones; a row
// that is replaced while a search runs is found in its old or in its new state, never missed.
#ifndef TQDB_CORE_VECTOR_SPACE_H_
#define TQDB_CORE_VECTOR_SPACE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/centering.h"
#include "core/codec.h"
#include "core/segment.h"
#include "core/types.h"

namespace tqdb {

// Where a row lies in memory. Changes when a row is re-encoded or moved; never written to disk.
using Slot = uint64_t;
inline constexpr Slot kNoSlot = ~Slot{0};

// One search hit.
struct Hit {
  float score;
  uint64_t row;  // the row number under which storage keeps payload and original
  PointId id;
};

struct SearchOptions {
  size_t top_k = 10;
  // Hits below this score are left out.
  float score_threshold = -std::numeric_limits<float>::infinity();
  // Width of the sign plane's error bound in standard deviations (FACTS-codec 8.3).
  float error_bound = 3.0f;
  // Polled between segments; true abandons the search with CANCELLED. May be empty.
  std::function<bool()> cancelled;
};

// What a search did, for metrics and benchmarks.
struct SearchStats {
  uint64_t rows_scanned = 0;
  uint64_t rows_refined = 0;
};

class VectorSpace {
 public:
  static absl::StatusOr<std::unique_ptr<VectorSpace>> Create(const CodecOptions& options,
                                                             const Kernels* kernels = nullptr);

  const Codec& codec() const { return *codec_; }

  // --- Means. AddMean and the write calls below: one writer at a time.
  void AddMean(std::shared_ptr<const Mean> mean);
  // The version that new rows are encoded under; null for none. Thread-safe.
  std::shared_ptr<const Mean> current_mean() const;
  // Null when the version is unknown. Thread-safe.
  std::shared_ptr<const Mean> FindMean(uint32_t version) const;
  // Makes `version` (0: none) the one that new rows use. NotFound when unknown.
  absl::Status SetCurrentMean(uint32_t version);

  // --- Writes.
  // Appends one row from its code record (codec().code_bytes() bytes) and publishes it.
  // FailedPrecondition when the record names a mean version that was not added.
  absl::StatusOr<Slot> Append(const PointId& id, uint64_t row, const uint8_t* code);
  // Hides the row at `slot` from searches that begin later.
  void Remove(Slot slot);
  // Called when Remove has left segments mostly dead: moves their live rows to the end and frees them.
  // `moved(row, id, old_slot, new_slot)` is called for every row moved.
  using MoveFn = std::function<void(uint64_t row, const PointId& id, Slot from, Slot to)>;
  void Vacuum(const MoveFn& moved);

  // --- Search. Thread-safe, lock-free against writers.
  // Best rows of each query (n, dim), score descending, ties by id ascending; n lists come back.
  // Queries must have passed codec().Validate. CANCELLED when options.cancelled said so.
  absl::StatusOr<std::vector<std::vector<Hit>>> Search(MatrixView queries, const SearchOptions& options,
                                                       SearchStats* stats = nullptr) const;

  // --- Accounting. Thread-safe.
  uint64_t live_rows() const { return live_rows_.load(std::memory_order_relaxed); }
  uint64_t stored_rows() const;  // live and dead
  // Bytes of memory in use by codes, side information and directories.
  uint64_t memory_bytes() const;
  // Rows that are encoded under `version`.
  uint64_t rows_under_mean(uint32_t version) const;

 private:
  explicit VectorSpace(std::unique_ptr<Codec> codec);
  // (see vector_space.cc)
  std::unique_ptr<Codec> codec_;
  std::atomic<uint64_t> live_rows_{0};
};

// Exact scores of one row (dim floats) under `metric`, in double precision: the reference.
float ExactScore(Metric metric, const float* query, const float* row, size_t dim);

}  // namespace tqdb

#endif  // TQDB_CORE_VECTOR_SPACE_H_
