// One pass of up to 64 queries over segments of codes.
//
// The simple idea: score every row from all bits of its record and keep the best k. A record of dim
// 1536 has 988 bytes, and most rows are nowhere near the best. So a scan has two steps. A *scan
// stage* reads a part of every row and gives an estimate with an error bound. Only rows whose
// estimate plus bound reaches the worst of the best k so far *survive* and are *refined*: scored
// with all bits of their record.
//
// There are two scan stages:
//
// clang-format off
//   stage        bytes of a row, dim 1536   lets through, text embeddings
//   sign plane   192 + 12                   some tenths of a percent
//   codes        960 + 20                   about 0.01 %
// clang-format on
//
// The sign plane is the cheap one and suffices for text embeddings. Signs cannot tell rows of
// isotropic data apart, which are all about equally far from the query. Most rows would survive,
// and refining one costs more than a scan of its whole code. The scan therefore measures the share
// that the signs let through, and takes the stage that is faster at that share.
// docs/quantization.md, "Scanning the sign plane first", has the estimators and their bounds.
//
// In the sign stage a row whose estimate is among the best is refined at once, so that the
// threshold rises early. A row that is only within the bound waits for the end. By then the
// threshold is final, and most rows that waited are ruled out unread. The code stage's bounds are
// narrow: estimate minus bound gives a threshold by itself, so all its survivors wait.
//
// Example: 1,000,000 rows of dim 1536 and one query. The sign stage reads 204 MB, about 1,000 rows
// survive, and refining them reads another 4 MB. Scoring all records would read 980 MB.
//
// This file leaves out:
// - An index. Every live row is estimated; a filter only masks rows out.
// - Stopping a row's sum early. Sums run over 64 rows at once, and some of them nearly always go
//   on.
// - Threads. A Scan belongs to one thread; VectorSpace splits rows over several.
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

// Which scan stage a search uses.
enum class Stages : uint8_t {
  kAuto,   // the stage that measures faster on these rows
  kSigns,  // always the sign plane first
  kCodes,  // always the codes
};

// Options of one search. The defaults suit text embeddings.
struct SearchOptions {
  size_t top_k = 10;  // hits per query, at least 1
  // Lowest score of a hit. Rows below it are left out, and may be ruled out unread.
  float score_threshold = -std::numeric_limits<float>::infinity();
  // Width of a scan stage's error bound, in standard deviations. A row of the true top k is lost
  // only if its estimate errs by more. At 3, on real embeddings, none in ten thousand is.
  float error_bound = 3.0f;
  Stages stages = Stages::kAuto;
  // Rows that may be hits; null for all. Must outlive the search.
  const RowFilter* filter = nullptr;
  // Threads that one call may use: the caller's own, and others from HelperPool::Shared.
  size_t max_threads = 1;
  // Returns true once the search is to be abandoned, which then ends with CANCELLED. Every thread
  // of the search polls it between segments. May be empty.
  std::function<bool()> cancelled;
};

// Counters of one search, for metrics and benchmarks. A row counts once for every query.
struct SearchStats {
  uint64_t rows_scanned = 0;           // rows estimated by either stage
  uint64_t rows_scanned_by_codes = 0;  // rows of rows_scanned that the code stage estimated
  uint64_t rows_refined = 0;           // rows scored from their whole record

  void Add(const SearchStats& other) {
    rows_scanned += other.rows_scanned;
    rows_scanned_by_codes += other.rows_scanned_by_codes;
    rows_refined += other.rows_refined;
  }
};

// The scan of one thread. Not thread-safe.
//
// The order of rows and of queries within a pass is fixed, and so is every decision: the same calls
// give the same hits.
class Scan {
 public:
  static constexpr size_t kMaxQueries = 64;

  // Requires: at most kMaxQueries queries, and that all three arguments outlive the scan.
  Scan(const Codec& codec, const QuerySet& queries, const SearchOptions& options);

  // Scans the live rows [first, end) of a segment.
  //
  // Requires: the segment lives until Finish, and the queries are prepared for its mean.
  void Run(const Segment& segment, size_t first, size_t end);

  // Refines the rows that have waited. More runs may follow.
  void Finish();

  const SearchStats& stats() const { return stats_; }
  // Returns the hits of each query, complete after Finish.
  const std::vector<TopK>& top() const { return top_; }

 private:
  // Consecutive blocks of one segment. They stay in the second-level cache while all queries pass
  // over them, so that memory is read once for all queries.
  struct Tile {
    const Segment& segment;
    const std::vector<CenteredQuery>& queries;
    size_t first_block;
    size_t num_blocks;
    const uint64_t* candidates;  // mask for each block: live rows that may be hits
  };
  // Factors that turn the sums of a stage over one block into estimates and errors, 64 floats each.
  struct Factors {
    const float* scale;
    const float* error;
  };
  // A survivor that waits for the final threshold.
  struct Waiting {
    float bound;     // estimate plus error bound: the best score that it may have
    uint32_t index;  // row of the segment
    const Segment* segment;
  };

  // A survivor that is refined a block later, when memory has brought its record.
  struct Ready {
    uint32_t index;
    uint32_t query;
  };

  // Blocks of a tile, at most: the number of blocks of a segment.
  static constexpr size_t kMaxTileBlocks = 64;

  // Returns the mask of the rows of a block that are live, may be hits, and lie in [first, end) of
  // the segment.
  uint64_t Candidates(const Segment& segment, size_t block, size_t first, size_t end) const;
  // Estimates the candidates of a tile by one stage or the other, for all queries.
  void ScanSigns(const Tile& tile);
  void ScanCodes(const Tile& tile);
  // Brings the queries into the order in which sum_codes reads them, in weights_ and zeros_. Done
  // once a mean version, not once a tile.
  void PackQueries(const std::vector<CenteredQuery>& queries);
  // Takes the survivors of a block for one query. `sums` are its 64 sums of the stage.
  void Pick(const Tile& tile, size_t block, size_t query, const int32_t* sums,
            const Factors& factors, const CenteredQuery::Stage& stage, bool by_codes);
  // Returns the score that a row must reach to be among the best k of a query. Two facts bound it
  // from below: the hits so far, and the code stage's estimates.
  float Threshold(size_t query) const {
    return std::max(top_[query].threshold(), floors_[query].value());
  }
  // Scores one row from all bits of its record, for one query.
  void Refine(const Segment& segment, size_t index, size_t query);
  // Refines the rows that the block before found, and those that waited for a query.
  void RefineReady(const Segment& segment);
  void RefineWaiting(size_t query);
  // Returns whether the next tile is scanned by codes.
  bool UseCodes() const;

  const Codec& codec_;
  const QuerySet& queries_;
  const SearchOptions& options_;
  const Codebook& book_;
  const int level_shift_;  // place of a level in its field: 1 if the residual bit stands below it
  const float code_gain_;  // factor that makes the code alone an unbiased estimate
  std::vector<TopK> top_;
  // For each query the k-th best of estimate - bound, which only the code stage feeds.
  std::vector<KthBest> floors_;
  std::vector<std::vector<Waiting>> waiting_;  // per query
  // Rows that the block before found, whose records are on their way from memory.
  std::vector<Ready> ready_;
  // Blocks of the next tile. It starts at 1 and doubles up to tile_limit_. The first tiles have no
  // threshold, so a small one is scanned first, and gives the others theirs.
  size_t tile_blocks_;
  size_t tile_limit_;
  uint64_t let_through_ = 0;      // survivors of the tile at hand, over all queries
  double survivor_rate_ = 0;      // share of rows that the signs let through in recent tiles
  size_t tiles_since_signs_ = 0;  // tiles by codes since the last one by signs
  size_t sign_probe_ = 1;         // tiles by codes after which the signs are tried again

  // Buffers of the kernels, kept from tile to tile.
  AlignedVector<int32_t> sums_;
  AlignedVector<uint8_t> signs_;     // sign bits of the row that is refined
  AlignedVector<uint8_t> fields_;    // its fields, a byte each
  AlignedVector<uint8_t> expanded_;  // codes of a block, expanded to bytes (sum_codes)
  // The queries as sum_codes reads them, and for which mean version's queries that was done.
  const std::vector<CenteredQuery>* packed_for_;
  AlignedVector<int8_t> weights_;
  std::vector<int32_t> zeros_;
  SearchStats stats_;
};

}  // namespace tqdb

#endif  // TQDB_CORE_SCAN_SCAN_H_
