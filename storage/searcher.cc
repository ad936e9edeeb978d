#include "storage/searcher.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/status_macros.h"
#include "core/top_k.h"
#include "storage/diversity.h"
#include "storage/format.h"
#include "storage/keys.h"
#include "storage/validate.h"

namespace tqdb::storage {

namespace {

// Points that change under a search are so few that a second look nearly always finds them in
// peace.
constexpr int kMaxAttempts = 3;
// Originals scored between two looks at `cancelled`.
constexpr uint64_t kCancelPollRows = 256;

// Originals in float16 may round to a vector of another length, never to a NaN score: validated.
float Score(const Space& space, const float* query, const float* row) {
  return ExactScore(space.config().codec.metric, query, row, space.dim());
}

// `wanted` of the records, which have their vectors.
std::vector<PointRecord> Diverse(const Space& space, const SearchSpec::Diversity& diversity,
                                 size_t wanted, std::vector<PointRecord> records) {
  std::vector<float> scores;
  std::vector<std::vector<float>> vectors;
  for (const PointRecord& record : records) {
    scores.push_back(record.score);
    for (const PointVector& vector : record.vectors) {
      if (vector.name == space.config().name) vectors.push_back(vector.values);
    }
  }
  std::vector<PointRecord> picked;
  for (const size_t i :
       PickDiverse(space.config().codec.metric, scores, vectors, diversity.diversity, wanted)) {
    picked.push_back(std::move(records[i]));
  }
  return picked;
}

}  // namespace

absl::StatusOr<std::vector<std::vector<PointRecord>>> Searcher::Search(
    const Space& space, MatrixView queries, const SearchSpec& spec, const PreparedFilter* filter) const {
  SearchSpec wide = spec;
  wide.limit += spec.offset;
  const size_t wanted = wide.limit;
  if (spec.diversity) {
    wide.limit = spec.diversity->candidates;
    if (wide.limit == 0)
      wide.limit = std::min(kDiversityOversampling * wanted, kMaxDiversityCandidates);
    wide.select.vectors = true;
  }
  TQDB_ASSIGN_OR_RETURN(auto lists, FindBest(space, queries, wide, filter));
  for (std::vector<PointRecord>& records : lists) {
    if (spec.diversity) records = Diverse(space, *spec.diversity, wanted, std::move(records));
    records.erase(records.begin(),
                  records.begin() + static_cast<ptrdiff_t>(std::min(spec.offset, records.size())));
    if (spec.select.vectors) continue;
    for (PointRecord& record : records) {
      record.vectors.clear();
      record.sparse_vectors.clear();
    }
  }
  return lists;
}

absl::StatusOr<std::vector<std::vector<PointRecord>>> Searcher::FindBest(
    const Space& space, MatrixView queries, const SearchSpec& spec,
    const PreparedFilter* filter) const {
  for (int attempt = 1;; ++attempt) {
    std::optional<RowFilter> rows;
    if (filter != nullptr) {
      TQDB_ASSIGN_OR_RETURN(rows, filters_.FindBits(*filter, spec.cancelled));
    }
    const Request request = {space, queries, spec, filter, rows ? &*rows : nullptr};
    bool complete = true;
    std::vector<std::vector<PointRecord>> records;
    if (spec.exact) {
      // Payloads and vectors come from the state that was scanned: whatever is replaced meanwhile,
      // no hit is lost.
      const std::unique_ptr<Snapshot> snapshot = store_.TakeSnapshot();
      TQDB_ASSIGN_OR_RETURN(const HitLists lists, ScanOriginals(request, *snapshot));
      TQDB_ASSIGN_OR_RETURN(records, ToRecords(request, lists, snapshot.get(), complete));
    } else {
      TQDB_ASSIGN_OR_RETURN(const HitLists lists, ScanCodes(request, complete));
      TQDB_ASSIGN_OR_RETURN(records, ToRecords(request, lists, nullptr, complete));
    }
    if (complete || attempt == kMaxAttempts) return records;
  }
}

absl::StatusOr<Searcher::HitLists> Searcher::ScanCodes(const Request& request, bool& complete) const {
  const auto& [space, queries, spec, filter, allowed] = request;
  SearchOptions options;
  options.filter = allowed;
  options.top_k = spec.rerank ? RerankCandidates(spec) : spec.limit;
  if (!spec.rerank) options.score_threshold = spec.score_threshold;
  if (spec.error_bound > 0) options.error_bound = spec.error_bound;
  options.cancelled = spec.cancelled;
  TQDB_ASSIGN_OR_RETURN(HitLists lists, space.batcher().Search(queries, options));
  if (!spec.rerank) return lists;
  for (size_t q = 0; q < lists.size(); ++q) {
    if (spec.cancelled && spec.cancelled()) return absl::CancelledError("search was cancelled");
    TQDB_ASSIGN_OR_RETURN(lists[q], Rerank(space, queries.row(q), spec, lists[q], complete));
  }
  return lists;
}

absl::StatusOr<std::vector<Hit>> Searcher::Rerank(const Space& space, absl::Span<const float> query,
                                                  const SearchSpec& spec,
                                                  const std::vector<Hit>& candidates,
                                                  bool& complete) const {
  TopK top(spec.limit, spec.score_threshold);
  constexpr size_t kChunk = 256;  // bounds the memory of originals
  std::vector<uint64_t> rows;
  std::vector<float> values;
  std::vector<bool> found;
  for (size_t first = 0; first < candidates.size(); first += kChunk) {
    const auto chunk = absl::MakeConstSpan(candidates).subspan(first, kChunk);
    rows.clear();
    for (const Hit& hit : chunk) rows.push_back(hit.row);
    TQDB_RETURN_IF_ERROR(reader_.ReadOriginals(space, rows, values, found));
    for (size_t i = 0; i < chunk.size(); ++i) {
      if (!found[i]) {
        complete = false;
        continue;
      }
      top.Push(
          {Score(space, query.data(), values.data() + i * space.dim()), chunk[i].row, chunk[i].id});
    }
  }
  return top.Take();
}

absl::StatusOr<Searcher::HitLists> Searcher::ScanOriginals(const Request& request, const Snapshot& snapshot) const {
  const auto& [space, queries, spec, filter, allowed] = request;
  std::vector<TopK> top(queries.rows(), TopK(spec.limit, spec.score_threshold));
  const Key lower = Key::OfSpaceRow(space.index(), 0), upper = Key::SpaceEnd(space.index());
  const auto vectors = store_.Scan({.family = Family::kVectors,
                                    .lower = lower.view(),
                                    .upper = upper.view(),
                                    .snapshot = &snapshot,
                                    .sequential = true});
  // Payloads tell whose row it is; both families are in row order.
  const auto payloads = store_.Scan({.family = Family::kPayloads,
                                     .lower = {},
                                     .upper = {},
                                     .snapshot = &snapshot,
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

absl::StatusOr<std::vector<std::vector<PointRecord>>> Searcher::ToRecords(const Request& request,
                                                                          const HitLists& lists,
                                                                          const Snapshot* snapshot,
                                                                          bool& complete) const {
  const auto unjudged = [&request](const Hit& hit) {
    return request.rows != nullptr && hit.row >= request.rows->end();
  };
  std::vector<std::vector<PointRecord>> results;
  for (const std::vector<Hit>& hits : lists) {
    std::vector<uint64_t> rows;
    std::vector<PointRecord> records;
    for (const Hit& hit : hits) {
      rows.push_back(hit.row);
      PointRecord& record = records.emplace_back();
      record.id = hit.id;
      record.score = hit.score;
    }
    Select select = request.spec.select;
    select.payload |= std::any_of(hits.begin(), hits.end(), unjudged);
    TQDB_ASSIGN_OR_RETURN(const std::vector<bool> alive,
                          reader_.Fill(rows, select, absl::MakeSpan(records), snapshot));
    std::vector<PointRecord>& result = results.emplace_back();
    for (size_t i = 0; i < records.size(); ++i) {
      if (!alive[i]) {
        complete = false;
        continue;
      }
      if (unjudged(hits[i])) {
        TQDB_ASSIGN_OR_RETURN(const nlohmann::json payload, ParsePayload(records[i].payload));
        if (!request.filter->Matches(records[i].id, payload)) {
          // It has taken the place of one that does.
          complete = false;
          continue;
        }
      }
      if (!request.spec.select.payload) records[i].payload.clear();
      result.push_back(std::move(records[i]));
    }
  }
  return results;
}

}  // namespace tqdb::storage
