#include "storage/read/term_searcher.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/status_macros.h"

namespace tqdb::storage {

namespace {

SparseSearchOptions OptionsOf(const SearchSpec& spec, const RowFilter& rows) {
  SparseSearchOptions options;
  options.top_k = spec.limit + spec.offset;
  options.score_threshold = spec.score_threshold;
  options.cancelled = spec.cancelled;
  options.filter = &rows;
  return options;
}

}  // namespace

absl::StatusOr<RowFilter> TermSearcher::RowsToSearch(const SearchSpec& spec,
                                                     const PreparedFilter* filter,
                                                     ReadMoment& moment) const {
  // Even without a filter the index must be told which rows count: it also has rows that were
  // written or died after the moment. Such a filter is a bound and a few exceptions, so a copy
  // costs little.
  if (filter == nullptr) return moment.memory().rows();
  return filters_.FindBits(*filter, moment, spec.cancelled);
}

absl::StatusOr<std::vector<PointRecord>> TermSearcher::SearchText(const SearchSpec& spec,
                                                                  const KeyPath& key,
                                                                  const PreparedFilter* filter,
                                                                  ReadMoment& moment) const {
  TQDB_ASSIGN_OR_RETURN(const RowFilter rows, RowsToSearch(spec, filter, moment));
  std::vector<uint64_t> edited;
  TQDB_ASSIGN_OR_RETURN(std::vector<Hit> hits,
                        state_.payloads.SearchText(key, spec.text->text, moment.memory(),
                                                   OptionsOf(spec, rows), edited));
  TQDB_RETURN_IF_ERROR(moment.LeaveMemory());
  // The texts of edited rows come from the disk, so the read has left memory by then.
  TQDB_RETURN_IF_ERROR(AddEdited(spec, key, rows, edited, moment.view(), hits));
  return ToRecords(spec, hits, moment.view());
}

absl::StatusOr<std::vector<PointRecord>> TermSearcher::SearchSparse(const SearchSpec& spec,
                                                                    const SparseSpace& space,
                                                                    const PreparedFilter* filter,
                                                                    ReadMoment& moment) const {
  TQDB_ASSIGN_OR_RETURN(const RowFilter rows, RowsToSearch(spec, filter, moment));
  // Sparse vectors are never edited in place: a point that is replaced gets another row. So there
  // are no rows to be scored from the disk.
  TQDB_ASSIGN_OR_RETURN(const std::vector<Hit> hits,
                        space.Search(spec.sparse->view(), OptionsOf(spec, rows)));
  TQDB_RETURN_IF_ERROR(moment.LeaveMemory());
  return ToRecords(spec, hits, moment.view());
}

absl::Status TermSearcher::AddEdited(const SearchSpec& spec, const KeyPath& key,
                                     const RowFilter& rows, const std::vector<uint64_t>& edited,
                                     const ReadView& view, std::vector<Hit>& hits) const {
  std::vector<uint64_t> wanted;
  for (const uint64_t row : edited) {
    if (rows.Allows(row)) wanted.push_back(row);
  }
  if (wanted.empty()) return absl::OkStatus();
  TQDB_RETURN_IF_ERROR(filters_.ReadPayloads(
      std::move(wanted), view,
      [&](uint64_t row, const PointId& id, absl::string_view text) -> absl::Status {
        TQDB_ASSIGN_OR_RETURN(const nlohmann::json payload, ParsePayload(text));
        // The score uses the word statistics that the index has now, as the scores of the other
        // hits do. So both can be compared, although the text itself is an older one.
        const std::optional<float> score = state_.payloads.ScoreText(key, spec.text->text, payload);
        if (score && *score >= spec.score_threshold) hits.push_back({*score, row, id});
        return absl::OkStatus();
      }));
  // This is the order of the index. The list may have grown beyond the limit by now, so it is cut
  // again.
  std::sort(hits.begin(), hits.end(), RanksBefore);
  hits.resize(std::min(hits.size(), spec.limit + spec.offset));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<PointRecord>> TermSearcher::ToRecords(const SearchSpec& spec,
                                                                 absl::Span<const Hit> hits,
                                                                 const ReadView& view) const {
  hits.remove_prefix(std::min(spec.offset, hits.size()));
  std::vector<uint64_t> rows;
  std::vector<PointRecord> records;
  for (const Hit& hit : hits) {
    rows.push_back(hit.row);
    PointRecord& record = records.emplace_back();
    record.id = hit.id;
    record.score = hit.score;
  }
  TQDB_RETURN_IF_ERROR(points_.Fill(rows, spec.select, absl::MakeSpan(records), view));
  return records;
}

}  // namespace tqdb::storage
