#include "storage/read/term_searcher.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "base/status_macros.h"

namespace tqdb::storage {

namespace {

// Most attempts of a search. Few points change during a search, so two nearly always suffice.
constexpr int kMaxTermAttempts = 3;

}  // namespace

absl::StatusOr<std::vector<PointRecord>> TermSearcher::Search(const SearchSpec& spec,
                                                              const PreparedFilter* filter,
                                                              Rank rank) const {
  SparseSearchOptions options;
  options.top_k = spec.limit + spec.offset;
  options.score_threshold = spec.score_threshold;
  options.cancelled = spec.cancelled;
  for (int attempt = 1;; ++attempt) {
    std::optional<RowFilter> rows;
    if (filter != nullptr) {
      TQDB_ASSIGN_OR_RETURN(rows, filters_.FindBits(*filter, spec.cancelled));
      options.filter = &*rows;
    }
    TQDB_ASSIGN_OR_RETURN(const std::vector<RowHit> hits, rank(options));
    bool complete = true;
    TQDB_ASSIGN_OR_RETURN(std::vector<PointRecord> records,
                          ToRecords(spec, hits, filter, complete));
    if (complete || attempt == kMaxTermAttempts) return records;
  }
}

absl::StatusOr<std::vector<PointRecord>> TermSearcher::ToRecords(const SearchSpec& spec,
                                                                 absl::Span<const RowHit> hits,
                                                                 const PreparedFilter* filter,
                                                                 bool& complete) const {
  std::vector<uint64_t> rows;
  for (const RowHit& hit : hits) rows.push_back(hit.row);
  TQDB_ASSIGN_OR_RETURN(const auto ids, filters_.FindIds(rows, filter));
  std::vector<PointId> found;
  absl::flat_hash_map<PointId, float> scores;
  for (const RowHit& hit : hits) {
    const auto id = ids.find(hit.row);
    if (id == ids.end()) {
      complete = false;
      continue;
    }
    found.push_back(id->second);
    scores[id->second] = hit.score;
  }
  found.erase(found.begin(),
              found.begin() + static_cast<ptrdiff_t>(std::min(spec.offset, found.size())));
  TQDB_ASSIGN_OR_RETURN(std::vector<PointRecord> records, points_.Get(found, spec.select));
  complete &= records.size() == found.size();
  for (PointRecord& record : records) record.score = scores[record.id];
  return records;
}

}  // namespace tqdb::storage
