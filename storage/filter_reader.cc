#include "storage/filter_reader.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/string_view.h"
#include "core/status_macros.h"
#include "storage/keys.h"

namespace tqdb::storage {

namespace {

constexpr size_t kCancelPollRows = 256;
// Points that a scroll reads at a time: first as many as it looks for, then more and more, since
// few of them match.
constexpr size_t kMinChunk = 16;
constexpr size_t kMaxChunk = 512;

absl::Status CheckCancelled(const std::function<bool()>& cancelled) {
  if (cancelled && cancelled()) return absl::CancelledError("the call was cancelled");
  return absl::OkStatus();
}

absl::StatusOr<bool> Matches(const PreparedFilter& filter, const PointId& id,
                             absl::string_view payload) {
  if (!filter.reads_payload()) return filter.Matches(id, nlohmann::json::object());
  TQDB_ASSIGN_OR_RETURN(const nlohmann::json parsed, ParsePayload(payload));
  return filter.Matches(id, parsed);
}

}  // namespace

absl::StatusOr<ScrollPage> FilterReader::Scroll(const PointId* after, size_t limit, Select select,
                                                const PreparedFilter& filter,
                                                const std::function<bool()>& cancelled) const {
  ScrollPage page;
  page.more = true;
  std::optional<PointId> last;
  if (after != nullptr) last = *after;
  size_t chunk_size = std::clamp(limit, kMinChunk, kMaxChunk);
  for (; page.more && page.points.size() < limit;
       chunk_size = std::min(2 * chunk_size, kMaxChunk)) {
    TQDB_RETURN_IF_ERROR(CheckCancelled(cancelled));
    TQDB_ASSIGN_OR_RETURN(ScrollPage chunk, points_.Scroll(last ? &*last : nullptr, chunk_size,
                                                           {.payload = true, .vectors = false}));
    page.more = chunk.more;
    std::vector<PointRecord> matching;
    for (size_t i = 0; i < chunk.points.size(); ++i) {
      PointRecord& record = chunk.points[i];
      last = record.id;
      TQDB_ASSIGN_OR_RETURN(const bool match, Matches(filter, record.id, record.payload));
      if (!match) continue;
      matching.push_back(std::move(record));
      if (page.points.size() + matching.size() < limit) continue;
      page.more |= i + 1 < chunk.points.size();
      break;
    }
    if (select.vectors) TQDB_RETURN_IF_ERROR(AddVectors(filter, matching));
    for (PointRecord& record : matching) {
      if (!select.payload) record.payload.clear();
      page.points.push_back(std::move(record));
    }
  }
  return page;
}

absl::Status FilterReader::AddVectors(const PreparedFilter& filter,
                                      std::vector<PointRecord>& records) const {
  std::vector<PointId> ids;
  for (const PointRecord& record : records) ids.push_back(record.id);
  TQDB_ASSIGN_OR_RETURN(std::vector<PointRecord> read,
                        points_.Get(ids, {.payload = true, .vectors = true}));
  records.clear();
  for (PointRecord& record : read) {
    TQDB_ASSIGN_OR_RETURN(const bool match, Matches(filter, record.id, record.payload));
    if (match) records.push_back(std::move(record));
  }
  return absl::OkStatus();
}

absl::Status FilterReader::ForEachRow(const PreparedFilter& filter, const Snapshot& snapshot,
                                      const std::function<bool()>& cancelled,
                                      VisitRow visit) const {
  const auto payloads = store_.Scan({.family = Family::kPayloads,
                                     .lower = {},
                                     .upper = {},
                                     .snapshot = &snapshot,
                                     .sequential = true});
  for (uint64_t scanned = 0; payloads->Valid(); payloads->Next(), ++scanned) {
    if (scanned % kCancelPollRows == 0) TQDB_RETURN_IF_ERROR(CheckCancelled(cancelled));
    absl::string_view payload = payloads->value();
    uint64_t row;
    PointId id;
    if (!ParseRowKey(payloads->key(), &row) || !ConsumeId(&payload, &id)) {
      return absl::DataLossError("a record of payloads is damaged");
    }
    TQDB_ASSIGN_OR_RETURN(const bool match, Matches(filter, id, payload));
    TQDB_RETURN_IF_ERROR(visit(id, row, match));
  }
  return payloads->status();
}

absl::StatusOr<RowFilter> FilterReader::MatchingRows(const PreparedFilter& filter,
                                                     const Snapshot& snapshot,
                                                     const std::function<bool()>& cancelled) const {
  std::vector<uint64_t> rows;
  uint64_t end = 0;
  TQDB_RETURN_IF_ERROR(
      ForEachRow(filter, snapshot, cancelled, [&](const PointId&, uint64_t row, bool matches) {
        if (matches) rows.push_back(row);
        end = row + 1;
        return absl::OkStatus();
      }));
  RowFilter allowed(rows.empty() ? end : rows.front(), end);
  for (uint64_t row : rows) allowed.Allow(row);
  return allowed;
}

absl::Status FilterReader::ForEachMatch(const PreparedFilter& filter,
                                        const std::function<bool()>& cancelled, Visit visit) const {
  const std::unique_ptr<Snapshot> snapshot = store_.TakeSnapshot();
  std::vector<PointId> ids;
  std::vector<uint64_t> rows;
  TQDB_RETURN_IF_ERROR(ForEachRow(
      filter, *snapshot, cancelled,
      [&](const PointId& id, uint64_t row, bool matches) -> absl::Status {
        if (!matches) return absl::OkStatus();
        ids.push_back(id);
        rows.push_back(row);
        if (ids.size() < kMaxBatchPoints) return absl::OkStatus();
        TQDB_RETURN_IF_ERROR(visit(ids, rows));
        ids.clear();
        rows.clear();
        return absl::OkStatus();
      }));
  return ids.empty() ? absl::OkStatus() : visit(ids, rows);
}

}  // namespace tqdb::storage
