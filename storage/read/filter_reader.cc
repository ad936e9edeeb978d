#include "storage/read/filter_reader.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/status_macros.h"
#include "storage/disk/keys.h"
#include "storage/payload/payload_walk.h"

namespace tqdb::storage {

namespace {

// Number of rows that one MultiGet reads, and that are read between two looks at `cancelled`.
constexpr size_t kChunk = 256;
// Cost of reading a row by its key, in rows that a sequential pass reads in the same time.
constexpr uint64_t kSeekCost = 4;
// Cost of looking up the id of a matching row, in ids that a walk over all points passes in the
// same time. For one page, a scroll either looks up and sorts the ids of all matches, or walks over
// all ids until the page is full. It takes the cheaper way.
constexpr double kLookUpCost = 8;
// Bounds of the number of candidates that a scroll reads at a time. The first read asks for about
// one page, and later ones double.
constexpr size_t kMinScrollChunk = 16;
constexpr size_t kMaxScrollChunk = 512;

absl::Status CheckCancelled(const FilterReader::CancelledFn& cancelled) {
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

IndexedPayloads::Matches FilterReader::Match(const PreparedFilter& filter) const {
  return memory_.payloads.Match(filter,
                                [this](const PointId& id) { return memory_.index.FindRow(id); });
}

absl::Status FilterReader::ForEachPayload(absl::Span<const uint64_t> rows, uint64_t total,
                                          const ReadView* view, const CancelledFn& cancelled,
                                          VisitPayload visit) const {
  const auto visit_value = [&visit](uint64_t row, absl::string_view value) -> absl::Status {
    PointId id;
    if (!ConsumeId(&value, &id)) return absl::DataLossError("a record of payloads is damaged");
    return visit(row, id, value);
  };
  if (rows.size() * kSeekCost < total) {
    std::vector<Key> keys;
    for (size_t first = 0; first < rows.size(); first += kChunk) {
      TQDB_RETURN_IF_ERROR(CheckCancelled(cancelled));
      const auto chunk = rows.subspan(first, kChunk);
      keys.clear();
      for (const uint64_t row : chunk) keys.push_back(Key::OfRow(row));
      TQDB_ASSIGN_OR_RETURN(const auto values, store_.MultiGet(Family::kPayloads, keys, view));
      for (size_t i = 0; i < chunk.size(); ++i) {
        if (values[i]) TQDB_RETURN_IF_ERROR(visit_value(chunk[i], *values[i]));
      }
    }
    return absl::OkStatus();
  }
  if (rows.empty()) return absl::OkStatus();
  const Key lower = Key::OfRow(rows.front()), upper = Key::OfRow(rows.back() + 1);
  const auto cursor = store_.Scan({.family = Family::kPayloads,
                                   .lower = lower.view(),
                                   .upper = upper.view(),
                                   .view = view,
                                   .sequential = true});
  size_t next = 0;
  for (uint64_t scanned = 0; cursor->Valid(); cursor->Next(), ++scanned) {
    if (scanned % kChunk == 0) TQDB_RETURN_IF_ERROR(CheckCancelled(cancelled));
    uint64_t row;
    if (!ParseRowKey(cursor->key(), &row)) {
      return absl::DataLossError("a record of payloads is damaged");
    }
    while (next < rows.size() && rows[next] < row) ++next;
    if (next < rows.size() && rows[next] == row) {
      TQDB_RETURN_IF_ERROR(visit_value(row, cursor->value()));
    }
  }
  return cursor->status();
}

absl::Status FilterReader::Decide(const PreparedFilter& filter, const ReadView* view,
                                  const CancelledFn& cancelled,
                                  IndexedPayloads::Matches& found) const {
  TQDB_RETURN_IF_ERROR(ForEachPayload(
      found.rows.undecided.ToVector(), found.total, view, cancelled,
      [&](uint64_t row, const PointId& id, absl::string_view payload) -> absl::Status {
        TQDB_ASSIGN_OR_RETURN(const bool match, Matches(filter, id, payload));
        if (match) found.rows.certain.Add(row);
        return absl::OkStatus();
      }));
  found.rows.undecided = {};
  return absl::OkStatus();
}

absl::StatusOr<IndexedPayloads::Matches> FilterReader::MatchAll(
    const PreparedFilter& filter, const CancelledFn& cancelled) const {
  IndexedPayloads::Matches found = Match(filter);
  TQDB_RETURN_IF_ERROR(Decide(filter, nullptr, cancelled, found));
  return found;
}

FilterReader::Moment FilterReader::TakeMoment(const PreparedFilter& filter) const {
  return {Match(filter), store_.TakeReadView()};
}

absl::StatusOr<RowSet> FilterReader::Find(const PreparedFilter& filter,
                                          const CancelledFn& cancelled) const {
  TQDB_ASSIGN_OR_RETURN(IndexedPayloads::Matches found, MatchAll(filter, cancelled));
  return std::move(found.rows.certain);
}

absl::StatusOr<RowFilter> FilterReader::FindBits(const PreparedFilter& filter,
                                                 const CancelledFn& cancelled) const {
  TQDB_ASSIGN_OR_RETURN(const IndexedPayloads::Matches found, MatchAll(filter, cancelled));
  const RowSet& rows = found.rows.certain;
  RowFilter bits(rows.empty() ? found.end : rows.min(), found.end);
  rows.SetBits(bits.first(), bits.words());
  return bits;
}

absl::StatusOr<ScrollPage> FilterReader::Scroll(const PointId* after, size_t limit, Select select,
                                                const PreparedFilter& filter,
                                                const CancelledFn& cancelled) const {
  const IndexedPayloads::Matches found = Match(filter);
  const RowSet possible = found.rows.possible();
  const auto num_possible = static_cast<double>(possible.size());

  // Candidates come in id order from one of two sources. `sorted` holds the ids of all rows that
  // can match. Without it, a walk over the points supplies ids.
  //
  // With m possible rows of n, a walk passes about limit * n / m ids before a page is full. The
  // look-up costs kLookUpCost * m. Example: 10 matches among a million points are looked up, as a
  // walk for a page of 100 would pass all of them.
  std::optional<std::vector<PointId>> sorted;
  size_t taken = 0;
  std::optional<PointId> last;
  if (after != nullptr) last = *after;
  if (kLookUpCost * num_possible * num_possible <=
      static_cast<double>(limit) * static_cast<double>(found.total)) {
    sorted.emplace();
    TQDB_RETURN_IF_ERROR(ForEachPayload(possible.ToVector(), found.total, nullptr, cancelled,
                                        [&](uint64_t, const PointId& id, absl::string_view) {
                                          if (!last || *last < id) sorted->push_back(id);
                                          return absl::OkStatus();
                                        }));
    std::sort(sorted->begin(), sorted->end());
  }

  ScrollPage page;
  page.more = true;
  size_t chunk_size = std::clamp(limit, kMinScrollChunk, kMaxScrollChunk);
  for (; page.more && page.points.size() < limit;
       chunk_size = std::min(2 * chunk_size, kMaxScrollChunk)) {
    TQDB_RETURN_IF_ERROR(CheckCancelled(cancelled));
    std::vector<PointId> ids;
    if (sorted) {
      const auto chunk = absl::MakeConstSpan(*sorted).subspan(taken, chunk_size);
      ids.assign(chunk.begin(), chunk.end());
      taken += chunk.size();
      page.more = taken < sorted->size();
    } else {
      // Rows that came after the match are unknown to `possible`, so they are candidates, too.
      TQDB_ASSIGN_OR_RETURN(page.more,
                            points_.Walk(last ? &*last : nullptr, chunk_size * kChunk,
                                         [&](const PointId& id, uint64_t row) {
                                           last = id;
                                           if (row >= found.end || possible.Contains(row)) {
                                             ids.push_back(id);
                                           }
                                           return ids.size() < chunk_size;
                                         }));
    }
    // Even certain rows are evaluated again on the payload that is returned. So every point of the
    // page matches, whatever is written during the call.
    TQDB_ASSIGN_OR_RETURN(std::vector<PointRecord> records,
                          points_.Get(ids, {.payload = true, .vectors = false}));
    std::vector<PointId> matching;
    for (size_t i = 0; i < records.size(); ++i) {
      TQDB_ASSIGN_OR_RETURN(const bool match, Matches(filter, records[i].id, records[i].payload));
      if (!match) continue;
      matching.push_back(records[i].id);
      page.points.push_back(std::move(records[i]));
      if (!select.payload) page.points.back().payload.clear();
      if (page.points.size() < limit) continue;
      page.more |= i + 1 < records.size();
      break;
    }
    // Vectors are read for matching points only, as they are much larger than payloads. A point may
    // have changed between the two reads, so its payload is read and evaluated once more.
    if (select.vectors && !matching.empty()) {
      TQDB_ASSIGN_OR_RETURN(records, points_.Get(matching, {.payload = true, .vectors = true}));
      page.points.resize(page.points.size() - matching.size());
      for (PointRecord& record : records) {
        TQDB_ASSIGN_OR_RETURN(const bool match, Matches(filter, record.id, record.payload));
        if (!match) continue;
        if (!select.payload) record.payload.clear();
        page.points.push_back(std::move(record));
      }
    }
  }
  return page;
}

absl::Status FilterReader::ForEachMatch(const PreparedFilter& filter, const Moment& moment,
                                        size_t batch, const CancelledFn& cancelled,
                                        Visit visit) const {
  IndexedPayloads::Matches found = moment.matches;
  TQDB_RETURN_IF_ERROR(Decide(filter, moment.view.get(), cancelled, found));
  std::vector<PointId> ids;
  std::vector<uint64_t> rows;
  TQDB_RETURN_IF_ERROR(
      ForEachPayload(found.rows.certain.ToVector(), found.total, moment.view.get(), cancelled,
                     [&](uint64_t row, const PointId& id, absl::string_view) -> absl::Status {
                       ids.push_back(id);
                       rows.push_back(row);
                       if (ids.size() < batch) return absl::OkStatus();
                       TQDB_RETURN_IF_ERROR(visit(ids, rows));
                       ids.clear();
                       rows.clear();
                       return absl::OkStatus();
                     }));
  return ids.empty() ? absl::OkStatus() : visit(ids, rows);
}

absl::StatusOr<OrderedPage> FilterReader::ScrollOrdered(const KeyPath& key, bool descending,
                                                        const OrderedPosition* after, size_t limit,
                                                        Select select, const PreparedFilter* filter,
                                                        const CancelledFn& cancelled) const {
  std::optional<RowSet> rows;
  if (filter != nullptr) {
    TQDB_ASSIGN_OR_RETURN(rows, Find(*filter, cancelled));
  }
  OrderedPage page;
  std::optional<IndexedPayloads::OrderedRow> last;
  if (after != nullptr) last = {after->value, after->row};
  // Some of the rows found may be gone when their points are read. So the loop goes on until the
  // page is full.
  page.more = true;
  while (page.more && page.points.size() < limit) {
    TQDB_RETURN_IF_ERROR(CheckCancelled(cancelled));
    const size_t wanted = limit - page.points.size();
    TQDB_ASSIGN_OR_RETURN(const auto found,
                          memory_.payloads.Ordered(key, descending, last ? &*last : nullptr, wanted,
                                                   rows ? &*rows : nullptr));
    page.more = found.size() == wanted;
    if (!found.empty()) last = found.back();
    std::vector<uint64_t> found_rows;
    for (const auto& each : found) found_rows.push_back(each.row);
    TQDB_ASSIGN_OR_RETURN(const auto ids, FindIds(std::move(found_rows), nullptr));
    std::vector<PointId> ordered;
    std::vector<OrderedPosition> positions;
    for (const auto& each : found) {
      const auto it = ids.find(each.row);
      if (it == ids.end()) continue;
      ordered.push_back(it->second);
      positions.push_back({each.value, each.row});
    }
    TQDB_ASSIGN_OR_RETURN(std::vector<PointRecord> records, points_.Get(ordered, select));
    size_t next = 0;
    for (size_t i = 0; i < ordered.size() && next < records.size(); ++i) {
      if (records[next].id != ordered[i]) continue;  // deleted during the call
      page.points.push_back(std::move(records[next++]));
      page.positions.push_back(positions[i]);
    }
  }
  return page;
}

absl::StatusOr<absl::flat_hash_map<uint64_t, PointId>> FilterReader::FindIds(
    std::vector<uint64_t> rows, const PreparedFilter* filter) const {
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  absl::flat_hash_map<uint64_t, PointId> ids;
  // The rows are hits or a page, so there are few. A huge total makes ForEachPayload read each by
  // its key.
  TQDB_RETURN_IF_ERROR(ForEachPayload(
      rows, ~uint64_t{0}, nullptr, {},
      [&](uint64_t row, const PointId& id, absl::string_view payload) -> absl::Status {
        if (filter != nullptr) {
          TQDB_ASSIGN_OR_RETURN(const bool match, Matches(*filter, id, payload));
          if (!match) return absl::OkStatus();
        }
        ids[row] = id;
        return absl::OkStatus();
      }));
  return ids;
}

absl::StatusOr<PayloadIndex::FacetCounts> FilterReader::Facet(const KeyPath& key,
                                                              const PreparedFilter* filter,
                                                              const CancelledFn& cancelled) const {
  std::optional<RowSet> rows;
  if (filter != nullptr) {
    TQDB_ASSIGN_OR_RETURN(rows, Find(*filter, cancelled));
  }
  PayloadIndex::FacetCounts counts;
  RowSet undecided;
  memory_.payloads.Facet(key, rows ? &*rows : nullptr, counts, undecided);
  std::vector<FieldValue> own;
  TQDB_RETURN_IF_ERROR(ForEachPayload(
      undecided.ToVector(), undecided.size(), nullptr, cancelled,
      [&](uint64_t, const PointId&, absl::string_view text) -> absl::Status {
        TQDB_ASSIGN_OR_RETURN(const nlohmann::json payload, ParsePayload(text));
        own.clear();
        AnyValue(payload, key.segments(), [&own](const nlohmann::json& value) {
          const std::optional<FieldValue> read = ToFieldValue(value);
          if (read && std::find(own.begin(), own.end(), *read) == own.end()) own.push_back(*read);
          return false;
        });
        for (const FieldValue& value : own) ++counts[value];
        if (counts.size() <= kMaxFacetValues) return absl::OkStatus();
        return absl::ResourceExhaustedError(absl::StrCat("the key has more than ", kMaxFacetValues,
                                                         " different values; use a filter"));
      }));
  return counts;
}

}  // namespace tqdb::storage
