#include "storage/read/searcher.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "core/scan/top_k.h"
#include "storage/api/selected_bytes.h"
#include "storage/disk/format.h"
#include "storage/disk/keys.h"
#include "storage/read/candidates.h"
#include "storage/read/mmr.h"

namespace tqdb::storage {

namespace {

// Number of originals that are scored between two looks at `cancelled`.
constexpr uint64_t kCancelPollRows = 256;

// Returns the exact score of an original. Rounding to float16 may change the length of a vector.
// The score is never NaN, because validation has refused the vectors for which it would be.
float Score(const Space& space, const float* query, const float* row) {
  return ExactScore(space.config().codec.metric, query, row, space.dim());
}

// Returns the hits of the first `limit` ranks of a rerank (RerankStages). `candidates` have exact
// scores, and are in the order of their estimates. The hits from spec.offset on are sorted by
// score.
std::vector<Hit> RankByStages(const SearchSpec& spec, size_t limit,
                              absl::Span<const Hit> candidates) {
  std::vector<Hit> ranked, unranked;
  size_t taken = 0;  // candidates that a stage has looked at
  for (const size_t ranks : RerankStages(spec)) {
    const auto fresh = candidates.subspan(taken, RerankCandidates(spec, ranks) - taken);
    taken += fresh.size();
    unranked.insert(unranked.end(), fresh.begin(), fresh.end());
    std::sort(unranked.begin(), unranked.end(), RanksBefore);
    auto end = unranked.begin();
    while (end != unranked.end() && ranked.size() < ranks && end->score >= spec.score_threshold) {
      ranked.push_back(*end++);
    }
    unranked.erase(unranked.begin(), end);
  }
  if (ranked.size() > limit) ranked.resize(limit);
  // A later stage may have found a better hit than an earlier one.
  const size_t offset = spec.mmr ? 0 : std::min(spec.offset, ranked.size());
  std::sort(ranked.begin() + static_cast<ptrdiff_t>(offset), ranked.end(), RanksBefore);
  return ranked;
}

// Records of hits with their ids and scores, to be filled in, and their rows.
struct HitRecords {
  explicit HitRecords(const std::vector<Hit>& hits) {
    for (const Hit& hit : hits) {
      rows.push_back(hit.row);
      PointRecord& record = records.emplace_back();
      record.id = hit.id;
      record.score = hit.score;
    }
  }
  std::vector<uint64_t> rows;
  std::vector<PointRecord> records;
};

}  // namespace

absl::StatusOr<std::vector<std::vector<PointRecord>>> Searcher::Search(const Space& space,
                                                                       MatrixView queries,
                                                                       const SearchSpec& spec,
                                                                       const PreparedFilter* filter,
                                                                       ReadMoment& moment) const {
  // The filter is turned into bits once for all queries. It does not leave memory, which the scan
  // needs.
  std::optional<RowFilter> rows;
  if (filter != nullptr) {
    TQDB_ASSIGN_OR_RETURN(rows, filters_.FindBits(*filter, moment, spec.cancelled));
  }
  const Request request = {space, queries, spec, HitsToFind(spec), rows ? &*rows : nullptr, moment};
  HitLists lists;
  if (spec.exact) {
    // An exact search reads the disk alone, and for long. It must not keep dead rows in memory as
    // long.
    TQDB_RETURN_IF_ERROR(moment.LeaveMemory());
    TQDB_ASSIGN_OR_RETURN(lists, ScanOriginals(request));
  } else {
    TQDB_ASSIGN_OR_RETURN(lists, ScanCodes(request));
  }
  // One bound holds for the lists of all queries together: they are in memory at the same time.
  SelectedBytes bytes(spec.select);
  std::vector<std::vector<PointRecord>> results;
  for (std::vector<Hit>& hits : lists) {
    if (spec.mmr) {
      TQDB_ASSIGN_OR_RETURN(hits, PickDiverse(request, hits));
    }
    TQDB_ASSIGN_OR_RETURN(results.emplace_back(), ToRecords(request, std::move(hits)));
    TQDB_RETURN_IF_ERROR(bytes.Add(results.back()));
  }
  return results;
}

absl::StatusOr<Searcher::HitLists> Searcher::ScanCodes(const Request& request) const {
  const auto& [space, queries, spec, limit, allowed, moment] = request;
  SearchOptions options;
  options.filter = allowed;
  options.top_k = limit;
  if (spec.rerank) {
    // Validation bounds the candidates of the ranks that are asked for. The last stage may have
    // more ranks.
    options.top_k = std::min(RerankCandidates(spec, RerankStages(spec).back()), kMaxCandidates);
  }
  // The threshold is one of exact scores in a rerank, so it must not cut candidates by estimates.
  if (!spec.rerank) options.score_threshold = spec.score_threshold;
  if (spec.error_bound > 0) options.error_bound = spec.error_bound;
  options.cancelled = spec.cancelled;
  // The rows of a filter were chosen at this moment, so the scan must stay there. The same holds
  // for a moment that the caller has named. All others may share a pass at a later moment.
  const bool fixed = allowed != nullptr || spec.moment != nullptr;
  TQDB_ASSIGN_OR_RETURN(HitLists lists, space.batcher().SearchAt(moment, fixed, queries, options));
  TQDB_RETURN_IF_ERROR(moment.LeaveMemory());
  // From here on `moment` is the one at which the scan ran. Rerank reads the view of that moment,
  // which has every row that the scan has found.
  if (!spec.rerank) return lists;
  for (size_t q = 0; q < lists.size(); ++q) {
    if (spec.cancelled && spec.cancelled()) return absl::CancelledError("search was cancelled");
    TQDB_ASSIGN_OR_RETURN(lists[q], Rerank(request, queries.row(q), lists[q]));
  }
  return lists;
}

absl::StatusOr<std::vector<Hit>> Searcher::Rerank(const Request& request,
                                                  absl::Span<const float> query,
                                                  const std::vector<Hit>& candidates) const {
  const Space& space = request.space;
  std::vector<Hit> scored;
  scored.reserve(candidates.size());
  constexpr size_t kChunk = 256;  // bounds the memory of originals
  std::vector<uint64_t> rows;
  std::vector<float> values;
  std::vector<bool> found;
  for (size_t first = 0; first < candidates.size(); first += kChunk) {
    const auto chunk = absl::MakeConstSpan(candidates).subspan(first, kChunk);
    rows.clear();
    for (const Hit& hit : chunk) rows.push_back(hit.row);
    TQDB_RETURN_IF_ERROR(reader_.ReadOriginals(space, rows, &request.moment.view(), values, found));
    for (size_t i = 0; i < chunk.size(); ++i) {
      // The space keeps originals, which validation has checked, and the row was there at the
      // moment of the view. So a missing original is damage, and not a point that was deleted in
      // the meantime.
      if (!found[i]) {
        return absl::DataLossError(absl::StrCat("row ", rows[i], " has no original on disk"));
      }
      scored.push_back(
          {Score(space, query.data(), values.data() + i * space.dim()), chunk[i].row, chunk[i].id});
    }
  }
  return RankByStages(request.spec, request.limit, scored);
}

absl::StatusOr<Searcher::HitLists> Searcher::ScanOriginals(const Request& request) const {
  const auto& [space, queries, spec, limit, allowed, moment] = request;
  std::vector<TopK> top(queries.rows(), TopK(limit, spec.score_threshold));
  const Key lower = Key::OfSpaceRow(space.index(), 0), upper = Key::SpaceEnd(space.index());
  // Without a filter no row has to be left out: the view itself ends with the last row of the
  // moment, and has none that was dead by then.
  const auto vectors = store_.Scan({.family = Family::kVectors,
                                    .lower = lower.view(),
                                    .upper = upper.view(),
                                    .view = &moment.view(),
                                    .sequential = true});
  // The record of the payload also holds the id of the point. Both families are in row order, so
  // one cursor on each finds both without a look-up per row.
  const auto payloads = store_.Scan({.family = Family::kPayloads,
                                     .lower = {},
                                     .upper = {},
                                     .view = &moment.view(),
                                     .sequential = true});
  std::vector<float> values(space.dim());
  for (uint64_t scanned = 0; vectors->Valid(); vectors->Next(), ++scanned) {
    if (scanned % kCancelPollRows == 0 && spec.cancelled && spec.cancelled()) {
      return absl::CancelledError("search was cancelled");
    }
    size_t key_space;
    uint64_t row, payload_row = 0;
    if (!ParseSpaceRowKey(vectors->key(), &key_space, &row)) {
      return absl::DataLossError("a key of vectors is damaged");
    }
    if (allowed != nullptr && !allowed->Allows(row)) continue;
    while (payloads->Valid() && ParseRowKey(payloads->key(), &payload_row) && payload_row < row) {
      payloads->Next();
    }
    TQDB_RETURN_IF_ERROR(payloads->status());
    absl::string_view payload = payloads->Valid() ? payloads->value() : absl::string_view();
    PointId id;
    if (!payloads->Valid() || payload_row != row || !ConsumeId(&payload, &id)) {
      return absl::DataLossError(absl::StrCat("original of row ", row, " belongs to no point"));
    }
    TQDB_RETURN_IF_ERROR(
        DecodeVector(vectors->value(), space.config().store_vectors, absl::MakeSpan(values)));
    for (size_t q = 0; q < queries.rows(); ++q) {
      top[q].Push({Score(space, queries.row(q).data(), values.data()), row, id});
    }
  }
  TQDB_RETURN_IF_ERROR(vectors->status());
  HitLists lists;
  for (TopK& best : top) lists.push_back(best.Take());
  return lists;
}

absl::StatusOr<std::vector<Hit>> Searcher::PickDiverse(const Request& request,
                                                       const std::vector<Hit>& hits) const {
  HitRecords read(hits);
  TQDB_RETURN_IF_ERROR(reader_.Fill(read.rows, {.vectors = true}, absl::MakeSpan(read.records),
                                    request.moment.view()));
  const VectorSpaceConfig& space = request.space.config();
  // A hit without a vector of this space cannot be compared, so it is left out. `there` maps what
  // is left to the places in `hits`.
  std::vector<size_t> there;
  std::vector<float> scores;
  std::vector<std::vector<float>> vectors;
  for (size_t i = 0; i < hits.size(); ++i) {
    for (PointVector& vector : read.records[i].vectors) {
      if (vector.name != space.name) continue;
      there.push_back(i);
      scores.push_back(hits[i].score);
      vectors.push_back(std::move(vector.values));
    }
  }
  std::vector<Hit> picked;
  for (const size_t i : PickByMmr(space.codec.metric, scores, vectors, request.spec.mmr->diversity,
                                  request.spec.limit + request.spec.offset)) {
    picked.push_back(hits[there[i]]);
  }
  return picked;
}

absl::StatusOr<std::vector<PointRecord>> Searcher::ToRecords(const Request& request,
                                                             std::vector<Hit> hits) const {
  // Hits that the offset leaves out need not be read.
  hits.erase(hits.begin(),
             hits.begin() + static_cast<ptrdiff_t>(std::min(request.spec.offset, hits.size())));
  HitRecords read(hits);
  TQDB_RETURN_IF_ERROR(reader_.Fill(read.rows, request.spec.select, absl::MakeSpan(read.records),
                                    request.moment.view()));
  return std::move(read.records);
}

}  // namespace tqdb::storage
