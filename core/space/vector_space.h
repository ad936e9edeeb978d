// One vector space of a collection in memory: its codes, and search over them.
//
// Rows are appended by one writer at a time and found by any number of readers that take no lock.
// A reader sees every row whose Append returned before its Search began, and may see later ones; a
// row that is replaced while a search runs is found in its old or in its new state, never missed.
#ifndef TQDB_CORE_SPACE_VECTOR_SPACE_H_
#define TQDB_CORE_SPACE_VECTOR_SPACE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/codec/centering.h"
#include "core/codec/codec.h"
#include "core/scan/scan.h"
#include "core/scan/top_k.h"
#include "core/space/segment.h"
#include "values/types.h"

namespace tqdb {

// Where a row lies in memory. Changes when a row is re-encoded or moved; never written to disk.
using Slot = uint64_t;
inline constexpr Slot kNoSlot = ~Slot{0};

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
  // Frees segments that Remove has left mostly dead, after moving their live rows to the end.
  // `moved(row, id, from, to)` is called for every row moved. Cheap when there is nothing to do.
  using MoveFn = std::function<void(uint64_t row, const PointId& id, Slot from, Slot to)>;
  void Vacuum(const MoveFn& moved);

  // --- Search. Thread-safe, lock-free against writers.
  // Best rows of each query (n, dim), score descending, ties by id ascending; n lists come back.
  // Queries must have passed codec().Validate. CANCELLED when options.cancelled said so.
  absl::StatusOr<std::vector<std::vector<Hit>>> Search(MatrixView queries,
                                                       const SearchOptions& options,
                                                       SearchStats* stats = nullptr) const;

  // Threads that a search of so many queries can use: one for every few hundred microseconds of
  // work.
  size_t ThreadsFor(size_t queries) const;

  // --- Accounting. Thread-safe.
  uint64_t live_rows() const { return live_rows_.load(std::memory_order_relaxed); }
  uint64_t stored_rows() const;  // live and dead
  // Bytes of memory in use by codes, side information and directories.
  uint64_t memory_bytes() const;
  // Rows that are encoded under `version`.
  uint64_t rows_under_mean(uint32_t version) const;

 private:
  // What readers hold while they search. Replaced, never changed.
  struct View {
    std::vector<std::shared_ptr<const Segment>> segments;
  };
  using Means = std::vector<std::shared_ptr<const Mean>>;

  explicit VectorSpace(std::unique_ptr<Codec> codec);
  // Search of at most Scan::kMaxQueries queries.
  absl::Status SearchPass(MatrixView queries, const SearchOptions& options,
                          std::vector<std::vector<Hit>>& results, SearchStats& stats) const;
  std::shared_ptr<const View> view() const { return view_.load(std::memory_order_acquire); }
  // The segment that takes rows of a mean version; makes and publishes one when there is none with
  // room.
  absl::StatusOr<uint64_t> OpenSegment(uint32_t mean_version);
  void PublishView();

  const std::unique_ptr<Codec> codec_;
  std::atomic<uint64_t> live_rows_{0};
  std::atomic<std::shared_ptr<const View>> view_;
  std::atomic<std::shared_ptr<const Means>> means_;
  std::atomic<std::shared_ptr<const Mean>> current_mean_;

  // Of the writer alone. A slot is segment number * Segment::kRows + index; freed numbers are null.
  std::vector<std::shared_ptr<Segment>> segments_;
  ArenaSlab slab_;                     // of all segments but the first
  std::map<uint32_t, uint64_t> open_;  // mean version -> number of the segment being filled
};

// Exact scores of one row (dim floats) under `metric`, in double precision: the reference.
float ExactScore(Metric metric, const float* query, const float* row, size_t dim);

}  // namespace tqdb

#endif  // TQDB_CORE_SPACE_VECTOR_SPACE_H_
