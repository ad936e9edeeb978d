// One vector space of a collection in memory: its codes, and search over them.
//
// The simple idea: a list of segments of 4,096 rows. Rows are appended to an open segment, a search
// scans all of them, and a vacuum drops segments that are mostly dead. Searches take no lock, and
// writers never wait for them:
// - A search loads the list of segments. The list is immutable: a writer replaces it by a new one,
//   and old segments live as long as a search holds them.
// - Within a segment, the published size says which rows are there (segment.h).
// - SearchOptions::filter says which of them the search may hit. The owner of the space passes the
//   rows of one moment, and removes a row only when no search may hit it any more.
// - A row may change its place: when it is encoded again, or by a vacuum. It is appended in the new
//   place first and removed from the old one afterwards. A search that misses it in the old place
//   finds it beyond the sizes that it has seen. So it looks again, until nothing has grown.
//
// Example: a search has scanned 4,096 places while a writer encodes row 17 again, in place 4,096.
// If place 17 was scanned before the row was removed there, the search has the row. If not, a
// second round scans place 4,096. The row is never missed. If it is found twice, BestHits keeps
// one.
//
// Without a filter, a reader sees every row whose Append returned before its Search began, and may
// see later ones.
//
// This file leaves out everything durable: storage writes rows to disk first and loads them again
// at start-up. It knows no payloads, no filters but RowFilter, and no originals.
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

// The place of a row in memory: segment number * Segment::kRows + index. It changes when a row is
// encoded again or moved, and is never written to disk.
using Slot = uint64_t;
inline constexpr Slot kNoSlot = ~Slot{0};

class VectorSpace {
 public:
  // Returns an empty space, or the error of Codec::Create.
  static absl::StatusOr<std::unique_ptr<VectorSpace>> Create(const CodecOptions& options,
                                                             const Kernels* kernels = nullptr);

  const Codec& codec() const { return *codec_; }

  // --- Means. AddMean, SetCurrentMean and the write calls below: one writer at a time.
  // Adds a version. Codes may name it from then on; it is never removed.
  void AddMean(std::shared_ptr<const Mean> mean);
  // Returns the version that new rows are encoded under; null for none. Thread-safe.
  std::shared_ptr<const Mean> current_mean() const;
  // Returns a version; null when it is unknown. Thread-safe.
  std::shared_ptr<const Mean> FindMean(uint32_t version) const;
  // Makes `version` (0: none) the one that new rows are encoded under. NotFound when it is unknown.
  absl::Status SetCurrentMean(uint32_t version);

  // --- Writes.
  // Appends one row from its code record (codec().code_bytes() bytes), publishes it, and returns
  // its slot. FailedPrecondition when the record names a mean version that was not added.
  absl::StatusOr<Slot> Append(const PointId& id, uint64_t row, const uint8_t* code);
  // Hides the row at `slot` from searches that begin later. Requires: the row is live.
  void Remove(Slot slot);
  // Frees segments that Remove has left mostly dead, after moving their live rows to the end. Calls
  // `moved(row, id, from, to)` for every row moved. Cheap when there is nothing to do.
  using MoveFn = std::function<void(uint64_t row, const PointId& id, Slot from, Slot to)>;
  void Vacuum(const MoveFn& moved);

  // --- Search. Thread-safe; takes no lock.
  // Returns the best rows of each query (n, dim): n lists, by score descending, then by id
  // ascending. Adds to `stats` unless it is null. CANCELLED when options.cancelled said so;
  // InvalidArgument when queries have another dimension than the codec, or options.top_k is 0.
  // Requires: the coordinates of the queries have passed codec().Validate.
  absl::StatusOr<std::vector<std::vector<Hit>>> Search(MatrixView queries,
                                                       const SearchOptions& options,
                                                       SearchStats* stats = nullptr) const;

  // Returns the threads that a search of `queries` queries can use: one for every few hundred
  // microseconds of work. Waking a thread for less would not pay.
  size_t ThreadsFor(size_t queries) const;

  // --- Accounting. Thread-safe.
  // Returns the rows that are not removed, and the rows that are stored, live and dead.
  uint64_t live_rows() const { return live_rows_.load(std::memory_order_relaxed); }
  uint64_t stored_rows() const;
  // Returns the bytes of memory in use by codes, side information and directories.
  uint64_t memory_bytes() const;
  // Returns the live rows that are encoded under `version`.
  uint64_t rows_under_mean(uint32_t version) const;

 private:
  // The list of segments that a search holds. Replaced as a whole, never changed.
  struct View {
    std::vector<std::shared_ptr<const Segment>> segments;
  };
  using Means = std::vector<std::shared_ptr<const Mean>>;

  explicit VectorSpace(std::unique_ptr<Codec> codec);
  // Searches for at most Scan::kMaxQueries queries.
  absl::Status SearchPass(MatrixView queries, const SearchOptions& options,
                          std::vector<std::vector<Hit>>& results, SearchStats& stats) const;
  // Returns the current list. Acquire pairs with the release in PublishView, so that a reader sees
  // the segments that the list names as they were constructed.
  std::shared_ptr<const View> view() const { return view_.load(std::memory_order_acquire); }
  // Returns the number of the segment that takes rows of a mean version. Makes and publishes one
  // when there is none with room.
  absl::StatusOr<uint64_t> OpenSegment(uint32_t mean_version);
  // Publishes the list of the segments that exist now.
  void PublishView();

  const std::unique_ptr<Codec> codec_;
  std::atomic<uint64_t> live_rows_{0};
  std::atomic<std::shared_ptr<const View>> view_;
  std::atomic<std::shared_ptr<const Means>> means_;
  std::atomic<std::shared_ptr<const Mean>> current_mean_;

  // Used by the writer alone. The number of a segment is its index here. Numbers of freed segments
  // hold null and are used again.
  std::vector<std::shared_ptr<Segment>> segments_;
  ArenaSlab slab_;                     // memory of all segments but the first
  std::map<uint32_t, uint64_t> open_;  // mean version -> number of the segment being filled
};

// Returns the exact score of one row (dim floats) under `metric`, computed in double precision. It
// is the reference for estimates and the score of a rerank.
float ExactScore(Metric metric, const float* query, const float* row, size_t dim);

}  // namespace tqdb

#endif  // TQDB_CORE_SPACE_VECTOR_SPACE_H_
