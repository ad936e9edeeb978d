// One pass of up to 64 queries over segments of codes.
//
// Every row is estimated by a scan stage, and the rows that its error bound lets through are scored
// with all that their record holds. There are two scan stages. The sign plane (FACTS-codec 8.3)
// reads one bit a dimension; on text embeddings it rules out all but some tenths of a percent. The
// codes read every bit of the code: four times as much, for data that signs cannot tell apart. A
// scan measures what the sign plane lets through and takes the stage that pays.
//
// In the sign stage a row that its estimate puts among the best is scored at once, so that the
// threshold rises; one that is only within the bound waits to the end, when the threshold is final
// and most of them are out. The code stage's bounds are narrow enough to give a threshold by
// themselves, and all its rows wait.
#ifndef TQDB_CORE_SCAN_SCAN_H_
#define TQDB_CORE_SCAN_SCAN_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "base/aligned_vector.h"
#include "core/codec/codec.h"
#include "core/scan/query.h"
#include "core/scan/row_filter.h"
#include "core/scan/top_k.h"
#include "core/space/segment.h"

namespace tqdb {

// Scan stages of a search.
enum class Stages : uint8_t {
  kAuto,   // as measured
  kSigns,  // always the sign plane first
  kCodes,  // always the codes
};

struct SearchOptions {
  size_t top_k = 10;
  // Hits below this score are left out.
  float score_threshold = -std::numeric_limits<float>::infinity();
  // Width of a scan stage's error bound in standard deviations. A row of the true top k is lost
  // only if its estimate errs by more: at 3, on real embeddings, none in ten thousand.
  float error_bound = 3.0f;
  Stages stages = Stages::kAuto;
  // Rows that may be hits; null: all. Outlives the search.
  const RowFilter* filter = nullptr;
  // Threads that one call may use, of HelperPool::Shared beside the caller's.
  size_t max_threads = 1;
  // Polled between segments, by every thread of the search; true abandons it with CANCELLED. May be
  // empty.
  std::function<bool()> cancelled;
};

// What a search did, for metrics and benchmarks. A row counts once for every query.
struct SearchStats {
  uint64_t rows_scanned = 0;
  uint64_t rows_scanned_by_codes = 0;  // of rows_scanned; the others by signs
  uint64_t rows_refined = 0;

  void Add(const SearchStats& other) {
    rows_scanned += other.rows_scanned;
    rows_scanned_by_codes += other.rows_scanned_by_codes;
    rows_refined += other.rows_refined;
  }
};

class Scan {
 public:
  static constexpr size_t kMaxQueries = 64;

  // At most kMaxQueries queries. All three must outlive the scan.
  Scan(const Codec& codec, const QuerySet& queries, const SearchOptions& options);

  // Scores the live rows [first, end) of a segment, which must live until Finish; the queries must
  // be prepared for its mean.
  void Run(const Segment& segment, size_t first, size_t end);

  // Scores what has waited; more runs may follow.
  void Finish();

  const SearchStats& stats() const { return stats_; }
  // Hits of each query.
  const std::vector<TopK>& top() const { return top_; }

 private:
  // Consecutive blocks of one segment that stay in the cache while all queries pass over them.
  struct Tile {
    const Segment& segment;
    const std::vector<CenteredQuery>& queries;
    size_t first_block;
    size_t num_blocks;
    const uint64_t* candidates;  // live rows to be scored, a mask for each block
  };
  // What turns the sums of a stage over one block into estimates and errors, 64 floats each.
  struct Factors {
    const float* scale;
    const float* error;
  };
  struct Waiting {
    float bound;
    uint32_t index;
    const Segment* segment;
  };

  struct Ready {
    uint32_t index;
    uint32_t query;
  };

  static constexpr size_t kMaxTileBlocks = 64;

  // Live rows of a block that may be hits, of those in [first, end) of the segment.
  uint64_t Candidates(const Segment& segment, size_t block, size_t first, size_t end) const;
  void ScanSigns(const Tile& tile);
  void ScanCodes(const Tile& tile);
  // Into weights_ and zeros_.
  void PackQueries(const std::vector<CenteredQuery>& queries);
  // Lets the rows of a block through, for one query, that its sums (64) do not rule out.
  void Pick(const Tile& tile, size_t block, size_t query, const int32_t* sums,
            const Factors& factors, const CenteredQuery::Stage& stage, bool by_codes);
  // What a row must reach to be among the best k of a query.
  float Threshold(size_t query) const {
    return std::max(top_[query].threshold(), floors_[query].value());
  }
  void Refine(const Segment& segment, size_t index, size_t query);
  void RefineReady(const Segment& segment);
  void RefineWaiting(size_t query);
  bool UseCodes() const;

  const Codec& codec_;
  const QuerySet& queries_;
  const SearchOptions& options_;
  const Codebook& book_;
  const int level_shift_;  // of a level within a field: 1 where the residual bit stands below it
  const float code_gain_;  // makes the code alone an unbiased estimate
  std::vector<TopK> top_;
  std::vector<KthBest> floors_;  // of scores, by the estimates of the code stage
  std::vector<std::vector<Waiting>> waiting_;
  std::vector<Ready> ready_;  // of the block before: its records are on their way from memory
  size_t tile_blocks_;  // grows to tile_limit_: a first small tile gives the others a threshold
  size_t tile_limit_;
  uint64_t let_through_ = 0;  // in the tile at hand
  double survivor_rate_ = 0;  // of its recent tiles
  size_t tiles_since_signs_ = 0;
  size_t sign_probe_ = 1;  // tiles by codes after which the signs are tried again

  AlignedVector<int32_t> sums_;
  AlignedVector<uint8_t> signs_;
  AlignedVector<uint8_t> fields_;
  AlignedVector<uint8_t> expanded_;  // codes of a block, for sum_codes
  // The queries as sum_codes reads them, and which these are.
  const std::vector<CenteredQuery>* packed_for_;
  AlignedVector<int8_t> weights_;
  std::vector<int32_t> zeros_;
  SearchStats stats_;
};

}  // namespace tqdb

#endif  // TQDB_CORE_SCAN_SCAN_H_
