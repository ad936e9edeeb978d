// One pass of up to 16 queries over segments of codes: sign plane first, then the records of the rows
// that its error bound lets through (FACTS-codec 8.3).
#ifndef TQDB_CORE_SCAN_H_
#define TQDB_CORE_SCAN_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <vector>

#include "core/codec.h"
#include "core/matrix_view.h"
#include "core/query.h"
#include "core/segment.h"
#include "core/top_k.h"

namespace tqdb {

struct SearchOptions {
  size_t top_k = 10;
  // Hits below this score are left out.
  float score_threshold = -std::numeric_limits<float>::infinity();
  // Width of the sign plane's error bound in standard deviations. A row of the true top k is lost only
  // if its sign estimate errs by more: at 3, on real embeddings, none in ten thousand.
  float error_bound = 3.0f;
  // Polled between segments; true abandons the search with CANCELLED. May be empty.
  std::function<bool()> cancelled;
};

// What a search did, for metrics and benchmarks. A row counts once for every query.
struct SearchStats {
  uint64_t rows_scanned = 0;
  uint64_t rows_refined = 0;
};

class Scan {
 public:
  static constexpr size_t kMaxQueries = 16;

  // queries (n <= kMaxQueries, dim), validated. `codec` and `options` must outlive the scan.
  Scan(const Codec& codec, MatrixView queries, const SearchOptions& options);

  // Scores the live rows [first, end) of a segment.
  void Run(const Segment& segment, size_t first, size_t end);

  const SearchStats& stats() const { return stats_; }
  // Hits of each query, best first. Ends the scan.
  std::vector<std::vector<Hit>> TakeHits();

 private:
  // The queries, centred on the mean of `segment`.
  const std::vector<CenteredQuery>& QueriesFor(const Segment& segment);
  void RefineBlock(const Segment& segment, size_t block, const std::vector<CenteredQuery>& queries,
                   const uint64_t* survivors);

  const Codec& codec_;
  const SearchOptions& options_;
  std::vector<std::vector<float>> vectors_;  // normalised under COSINE
  std::vector<std::vector<float>> rotated_;
  std::map<uint32_t, std::vector<CenteredQuery>> centered_;  // by mean version
  std::vector<TopK> top_;
  std::vector<int32_t> sums_;
  std::vector<uint8_t> signs_;
  std::vector<uint8_t> fields_;
  SearchStats stats_;
};

}  // namespace tqdb

#endif  // TQDB_CORE_SCAN_H_
