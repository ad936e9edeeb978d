#include "storage/read/filter_reader.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/status_macros.h"
#include "storage/disk/keys.h"
#include "storage/payload/payload_walk.h"

namespace tqdb::storage {

namespace {

// Number of rows that one MultiGet reads, and that are read between two looks at `cancelled`.
constexpr size_t kChunk = 256;
// Cost of reading a row by its key, in rows that a sequential pass reads in the same time. Example:
// of 1,000,000 rows, 200,000 are looked up by their keys, and 300,000 are read in one pass.
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
  // A filter of ids alone does not look into the payload, so there is nothing to parse.
  if (!filter.reads_payload()) return filter.Matches(id, nlohmann::json::object());
  TQDB_ASSIGN_OR_RETURN(const nlohmann::json parsed, ParsePayload(payload));
  return filter.Matches(id, parsed);
}

}  // namespace

absl::StatusOr<IndexedPayloads::Matches> FilterReader::Match(const PreparedFilter& filter,
                                                             const Moment& moment) const {
  // The id index knows the newest state. An id for which that does not suffice is looked up on disk
  // after the match, which holds a lock, and then the match is repeated.
  // Each round settles at least one id for good, so the loop ends. Without conditions on ids, or
  // without writes in the meantime, there is one round.
  absl::flat_hash_map<PointId, std::optional<uint64_t>> looked_up;
  while (true) {
    std::vector<PointId> open;
    const auto find_row = [&](const PointId& id) -> std::optional<uint64_t> {
      if (const auto known = looked_up.find(id); known != looked_up.end()) return known->second;
      const std::optional<uint64_t> row = memory_.index.FindRow(id);
      // A row below the bound was written before the moment. The point still has it now, so it had
      // it at the moment, too.
      if (row && *row < moment.end) return row;
      // This question comes after the look at the index. In the opposite order a write could begin
      // between the two and delete the point, and an id that existed at the moment would count as
      // unknown.
      if (!memory_.moments.IsLatest(moment)) open.push_back(id);
      return std::nullopt;
    };
    IndexedPayloads::Matches matches = memory_.payloads.Match(filter, find_row, moment);
    if (open.empty()) return matches;
    TQDB_ASSIGN_OR_RETURN(const auto rows, points_.FindRows(open, moment));
    for (size_t i = 0; i < open.size(); ++i) looked_up[open[i]] = rows[i];
  }
}

absl::Status FilterReader::ForEachPayload(absl::Span<const uint64_t> rows, uint64_t total,
                                          const ReadView& view, const CancelledFn& cancelled,
                                          VisitPayload visit) const {
  // A value begins with the id of its point. So one pass over payloads gives ids, too, and no call
  // looks up the id of a row elsewhere.
  const auto visit_value = [&visit](uint64_t row, absl::string_view value) -> absl::Status {
    PointId id;
    if (!ConsumeId(&value, &id)) return absl::DataLossError("a record of payloads is damaged");
    return visit(row, id, value);
  };
  // Both ways visit the same rows in the same order, so callers need not know which one was taken.
  // The first reads a chunk with one MultiGet, in which RocksDB groups the keys by block.
  if (rows.size() * kSeekCost < total) {
    std::vector<Key> keys;
    for (size_t first = 0; first < rows.size(); first += kChunk) {
      TQDB_RETURN_IF_ERROR(CheckCancelled(cancelled));
      const auto chunk = rows.subspan(first, kChunk);
      keys.clear();
      for (const uint64_t row : chunk) keys.push_back(Key::OfRow(row));
      TQDB_ASSIGN_OR_RETURN(const auto values, store_.MultiGet(Family::kPayloads, keys, &view));
      for (size_t i = 0; i < chunk.size(); ++i) {
        if (values[i]) TQDB_RETURN_IF_ERROR(visit_value(chunk[i], *values[i]));
      }
    }
    return absl::OkStatus();
  }
  if (rows.empty()) return absl::OkStatus();
  // The pass is bounded by the wanted rows. Example: if all of them were written last week, the
  // older payloads are not read.
  const Key lower = Key::OfRow(rows.front()), upper = Key::OfRow(rows.back() + 1);
  const auto cursor = store_.Scan({.family = Family::kPayloads,
                                   .lower = lower.view(),
                                   .upper = upper.view(),
                                   .view = &view,
                                   .sequential = true});
  size_t next = 0;
  for (uint64_t scanned = 0; cursor->Valid(); cursor->Next(), ++scanned) {
    if (scanned % kChunk == 0) TQDB_RETURN_IF_ERROR(CheckCancelled(cancelled));
    uint64_t row;
    if (!ParseRowKey(cursor->key(), &row)) {
      return absl::DataLossError("a record of payloads is damaged");
    }
    // Both sides ascend, so one step from row to row finds every match, as in a merge. A wanted row
    // that the view lacks is passed over.
    while (next < rows.size() && rows[next] < row) ++next;
    if (next < rows.size() && rows[next] == row) {
      TQDB_RETURN_IF_ERROR(visit_value(row, cursor->value()));
    }
  }
  return cursor->status();
}

absl::StatusOr<IndexedPayloads::Matches> FilterReader::MatchAll(
    const PreparedFilter& filter, ReadMoment& moment, bool stay,
    const CancelledFn& cancelled) const {
  TQDB_ASSIGN_OR_RETURN(IndexedPayloads::Matches found, Match(filter, moment.memory()));
  // To read many payloads can take seconds. From here on only the view of the disk is needed, so
  // dead rows need not stay in memory for this call.
  if (!stay) TQDB_RETURN_IF_ERROR(moment.LeaveMemory());
  TQDB_RETURN_IF_ERROR(ForEachPayload(
      found.rows.undecided.ToVector(), found.total, moment.view(), cancelled,
      [&](uint64_t row, const PointId& id, absl::string_view payload) -> absl::Status {
        TQDB_ASSIGN_OR_RETURN(const bool match, Matches(filter, id, payload));
        if (match) found.rows.certain.Add(row);
        return absl::OkStatus();
      }));
  found.rows.undecided = {};
  return found;
}

absl::StatusOr<RowSet> FilterReader::Find(const PreparedFilter& filter, ReadMoment& moment,
                                          bool stay, const CancelledFn& cancelled) const {
  TQDB_ASSIGN_OR_RETURN(IndexedPayloads::Matches found, MatchAll(filter, moment, stay, cancelled));
  return std::move(found.rows.certain);
}

absl::StatusOr<RowFilter> FilterReader::FindBits(const PreparedFilter& filter, ReadMoment& moment,
                                                 const CancelledFn& cancelled) const {
  TQDB_ASSIGN_OR_RETURN(const RowSet rows, Find(filter, moment, /*stay=*/true, cancelled));
  // The bits begin with the first matching row. If no row matches, the range is empty, and a scan
  // skips every block.
  RowFilter bits(rows.empty() ? moment.end() : rows.min(), moment.end());
  rows.SetBits(bits.first(), bits.words());
  return bits;
}

absl::StatusOr<ScrollPage> FilterReader::Scroll(const PointId* after, size_t limit, Select select,
                                                const PreparedFilter& filter, ReadMoment& moment,
                                                const CancelledFn& cancelled) const {
  TQDB_ASSIGN_OR_RETURN(const IndexedPayloads::Matches found, Match(filter, moment.memory()));
  TQDB_RETURN_IF_ERROR(moment.LeaveMemory());
  // Undecided payloads are not all read here, unlike in MatchAll: a page needs only as many matches
  // as its limit. So the walk below decides a chunk of candidates at a time, and stops when the
  // page is full.
  const RowSet possible = found.rows.possible();
  const auto num_possible = static_cast<double>(possible.size());

  // Candidates come in id order from one of two sources. `sorted` holds the ids and rows of all
  // rows that can match. Without it, a walk over the points supplies them.
  //
  // With m possible rows of n, a walk passes about limit * n / m ids before a page is full. The
  // look-up costs kLookUpCost * m. Example: 10 matches among a million points are looked up, as a
  // walk for a page of 100 would pass all of them.
  using Candidate = std::pair<PointId, uint64_t>;
  std::optional<std::vector<Candidate>> sorted;
  size_t taken = 0;
  std::optional<PointId> last;
  if (after != nullptr) last = *after;
  if (kLookUpCost * num_possible * num_possible <=
      static_cast<double>(limit) * static_cast<double>(found.total)) {
    sorted.emplace();
    TQDB_RETURN_IF_ERROR(ForEachPayload(possible.ToVector(), found.total, moment.view(), cancelled,
                                        [&](uint64_t row, const PointId& id, absl::string_view) {
                                          if (!last || *last < id) sorted->emplace_back(id, row);
                                          return absl::OkStatus();
                                        }));
    std::sort(sorted->begin(), sorted->end());
  }

  ScrollPage page;
  // True until a source says that it has no more candidates.
  page.more = true;
  size_t chunk_size = std::clamp(limit, kMinScrollChunk, kMaxScrollChunk);
  for (; page.more && page.points.size() < limit;
       chunk_size = std::min(2 * chunk_size, kMaxScrollChunk)) {
    TQDB_RETURN_IF_ERROR(CheckCancelled(cancelled));
    // The next chunk of candidates. Every chunk lies behind the one before in id order, so the page
    // is in id order without a sort.
    std::vector<Candidate> candidates;
    if (sorted) {
      const auto chunk = absl::MakeConstSpan(*sorted).subspan(taken, chunk_size);
      candidates.assign(chunk.begin(), chunk.end());
      taken += chunk.size();
      page.more = taken < sorted->size();
    } else {
      TQDB_ASSIGN_OR_RETURN(
          page.more, points_.Walk(last ? &*last : nullptr, chunk_size * kChunk, moment.view(),
                                  [&](const PointId& id, uint64_t row) {
                                    last = id;
                                    if (possible.Contains(row)) candidates.emplace_back(id, row);
                                    return candidates.size() < chunk_size;
                                  }));
    }
    std::vector<uint64_t> undecided;
    for (const auto& [id, row] : candidates) {
      if (!found.rows.certain.Contains(row)) undecided.push_back(row);
    }
    absl::flat_hash_set<uint64_t> failed;
    TQDB_RETURN_IF_ERROR(ReadPayloads(
        std::move(undecided), moment.view(),
        [&](uint64_t row, const PointId& id, absl::string_view payload) -> absl::Status {
          TQDB_ASSIGN_OR_RETURN(const bool match, Matches(filter, id, payload));
          if (!match) failed.insert(row);
          return absl::OkStatus();
        }));
    std::vector<uint64_t> rows;
    std::vector<PointRecord> records;
    for (const auto& [id, row] : candidates) {
      if (failed.contains(row)) continue;
      // The page is full, and this candidate is the proof that there is another point.
      if (page.points.size() + records.size() == limit) {
        page.more = true;
        break;
      }
      rows.push_back(row);
      records.emplace_back().id = id;
    }
    TQDB_RETURN_IF_ERROR(points_.Fill(rows, select, absl::MakeSpan(records), moment.view()));
    std::move(records.begin(), records.end(), std::back_inserter(page.points));
  }
  return page;
}

// All matches are found before the first batch is visited, so that the read has left memory by
// then. Otherwise the rows that a visitor deletes would have to stay in memory for this very read.
absl::Status FilterReader::ForEachMatch(const PreparedFilter& filter, ReadMoment& moment,
                                        size_t batch, const CancelledFn& cancelled,
                                        Visit visit) const {
  TQDB_ASSIGN_OR_RETURN(const IndexedPayloads::Matches found,
                        MatchAll(filter, moment, /*stay=*/false, cancelled));
  std::vector<PointId> ids;
  std::vector<uint64_t> rows;
  TQDB_RETURN_IF_ERROR(
      ForEachPayload(found.rows.certain.ToVector(), found.total, moment.view(), cancelled,
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

absl::StatusOr<IndexedPayloads::OrderedRows> FilterReader::NextPlaces(
    const KeyPath& key, bool descending, const IndexedPayloads::OrderedRow* after, size_t limit,
    const RowSet* rows, ReadMoment& moment) const {
  TQDB_ASSIGN_OR_RETURN(
      IndexedPayloads::OrderedRows found,
      memory_.payloads.Ordered(key, descending, after, limit, rows, moment.memory()));
  if (!found.edited.empty()) {
    // The index knows later payloads of these rows. Their payloads at the moment are ordered by an
    // index of their own.
    IndexedPayloads edited;
    TQDB_RETURN_IF_ERROR(edited.CreateField(key.ToString(), found.kind));
    TQDB_RETURN_IF_ERROR(
        ReadPayloads(found.edited, moment.view(),
                     [&](uint64_t row, const PointId& id, absl::string_view text) -> absl::Status {
                       TQDB_ASSIGN_OR_RETURN(const nlohmann::json payload, ParsePayload(text));
                       const IndexedPayloads::Row own = {row, id, &payload};
                       edited.Add({&own, 1}, {});
                       return absl::OkStatus();
                     }));
    TQDB_ASSIGN_OR_RETURN(const IndexedPayloads::OrderedRows others,
                          edited.Ordered(key, descending, after, limit, rows, moment.memory()));
    std::vector<IndexedPayloads::OrderedRow> all;
    std::merge(found.rows.begin(), found.rows.end(), others.rows.begin(), others.rows.end(),
               std::back_inserter(all), [descending](const auto& a, const auto& b) {
                 if (a.value != b.value) return descending ? b.value < a.value : a.value < b.value;
                 return a.row < b.row;
               });
    // Each list has at most `limit` rows from the position on. So the first `limit` of both
    // together are the first ones of all rows.
    all.resize(std::min(all.size(), limit));
    found.rows = std::move(all);
  }
  return found;
}

// The index knows the rows of a value, and not the values of a row. So the payloads are ordered by
// an index of their own, where the first place of a row is seen first.
absl::Status FilterReader::KeepFirstPlaces(const KeyPath& key, bool descending, ReadMoment& moment,
                                           IndexedPayloads::OrderedRows& places) const {
  IndexedPayloads own;
  TQDB_RETURN_IF_ERROR(own.CreateField(key.ToString(), places.kind));
  std::vector<uint64_t> rows;
  for (const auto& place : places.rows) rows.push_back(place.row);
  TQDB_RETURN_IF_ERROR(
      ReadPayloads(std::move(rows), moment.view(),
                   [&](uint64_t row, const PointId& id, absl::string_view text) -> absl::Status {
                     TQDB_ASSIGN_OR_RETURN(const nlohmann::json payload, ParsePayload(text));
                     const IndexedPayloads::Row read = {row, id, &payload};
                     own.Add({&read, 1}, {});
                     return absl::OkStatus();
                   }));
  TQDB_ASSIGN_OR_RETURN(const IndexedPayloads::OrderedRows all,
                        own.Ordered(key, descending, nullptr, std::numeric_limits<size_t>::max(),
                                    nullptr, moment.memory()));
  absl::flat_hash_map<uint64_t, OrderedValue> first;
  for (const auto& place : all.rows) first.try_emplace(place.row, place.value);
  const auto is_later = [&first](const IndexedPayloads::OrderedRow& place) {
    const auto found = first.find(place.row);
    return found != first.end() && found->second != place.value;
  };
  places.rows.erase(std::remove_if(places.rows.begin(), places.rows.end(), is_later),
                    places.rows.end());
  return absl::OkStatus();
}

absl::StatusOr<OrderedPage> FilterReader::ScrollOrdered(const KeyPath& key, const OrderSpec& order,
                                                        const OrderedPosition* after, size_t limit,
                                                        Select select, const PreparedFilter* filter,
                                                        ReadMoment& moment,
                                                        const CancelledFn& cancelled) const {
  // The filter comes first, so that the walk in the order of the key can pass over rows that do not
  // match and still fill the page. Both steps use memory, so the first one stays there.
  std::optional<RowSet> rows;
  if (filter != nullptr) {
    TQDB_ASSIGN_OR_RETURN(rows, Find(*filter, moment, /*stay=*/true, cancelled));
  }
  std::optional<IndexedPayloads::OrderedRow> last;
  if (after != nullptr) last = {after->value, after->row};
  // Places that are left out make room for others, so that a page is full while there are more.
  std::vector<IndexedPayloads::OrderedRow> places;
  bool more = true;
  while (more && places.size() < limit) {
    TQDB_RETURN_IF_ERROR(CheckCancelled(cancelled));
    // Where many are left out, small steps would take as many walks.
    const size_t wanted = limit - places.size();
    const size_t step = order.once ? std::max<size_t>(wanted, 64) : wanted;
    TQDB_ASSIGN_OR_RETURN(IndexedPayloads::OrderedRows found,
                          NextPlaces(key, order.descending, last ? &*last : nullptr, step,
                                     rows ? &*rows : nullptr, moment));
    // A full answer may also be the last one by chance. Then the next page is empty, which costs
    // less than to look for one more row each time.
    more = found.rows.size() == step;
    if (!found.rows.empty()) last = found.rows.back();
    if (order.once) {
      TQDB_RETURN_IF_ERROR(KeepFirstPlaces(key, order.descending, moment, found));
      if (found.rows.size() > wanted) {
        found.rows.resize(wanted);
        more = true;
      }
    }
    places.insert(places.end(), found.rows.begin(), found.rows.end());
  }
  TQDB_RETURN_IF_ERROR(moment.LeaveMemory());

  OrderedPage page;
  page.more = more;
  // The index knows row numbers alone. A point with several values has several places here, and
  // ReadPayloads reads its payload once.
  std::vector<uint64_t> ordered;
  for (const auto& each : places) ordered.push_back(each.row);
  absl::flat_hash_map<uint64_t, PointId> ids;
  TQDB_RETURN_IF_ERROR(
      ReadPayloads(ordered, moment.view(), [&](uint64_t row, const PointId& id, absl::string_view) {
        ids[row] = id;
        return absl::OkStatus();
      }));
  for (const auto& each : places) {
    page.points.emplace_back().id = ids[each.row];
    page.positions.push_back({each.value, each.row});
  }
  TQDB_RETURN_IF_ERROR(points_.Fill(ordered, select, absl::MakeSpan(page.points), moment.view()));
  return page;
}

absl::Status FilterReader::ReadPayloads(std::vector<uint64_t> rows, const ReadView& view,
                                        VisitPayload visit) const {
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  // There are few rows. A huge total makes ForEachPayload read each by its key.
  size_t read = 0;
  TQDB_RETURN_IF_ERROR(ForEachPayload(rows, ~uint64_t{0}, view, {},
                                      [&](uint64_t row, const PointId& id, absl::string_view text) {
                                        ++read;
                                        return visit(row, id, text);
                                      }));
  // The callers found these rows at the moment of `view`, so each has a payload there, empty or
  // not. If one is missing, the disk has lost it. A write at the same time cannot be the cause.
  if (read == rows.size()) return absl::OkStatus();
  return absl::DataLossError("rows in memory have no record of their payloads on disk");
}

absl::StatusOr<PayloadIndex::FacetCounts> FilterReader::Facet(const KeyPath& key,
                                                              const PreparedFilter* filter,
                                                              ReadMoment& moment,
                                                              const CancelledFn& cancelled) const {
  std::optional<RowSet> rows;
  if (filter != nullptr) {
    TQDB_ASSIGN_OR_RETURN(rows, Find(*filter, moment, /*stay=*/true, cancelled));
  }
  PayloadIndex::FacetCounts counts;
  RowSet undecided;
  memory_.payloads.Facet(key, rows ? &*rows : nullptr, moment.memory(), counts, undecided);
  const uint64_t total = moment.memory().points;
  TQDB_RETURN_IF_ERROR(moment.LeaveMemory());
  std::vector<FieldValue> own;
  TQDB_RETURN_IF_ERROR(ForEachPayload(
      undecided.ToVector(), total, moment.view(), cancelled,
      [&](uint64_t, const PointId&, absl::string_view text) -> absl::Status {
        TQDB_ASSIGN_OR_RETURN(const nlohmann::json payload, ParsePayload(text));
        // A point counts once for each of its different values: ["red", "red", "blue"] counts once
        // for red and once for blue.
        own.clear();
        AnyValue(payload, key.segments(), [&own](const nlohmann::json& value) {
          const std::optional<FieldValue> read = ToFieldValue(value);
          if (read && std::find(own.begin(), own.end(), *read) == own.end()) own.push_back(*read);
          return false;
        });
        for (const FieldValue& value : own) ++counts[value];
        // A key such as an URL may have another value in every payload. The bound is checked here,
        // before the counts have taken all memory.
        if (counts.size() <= kMaxFacetValues) return absl::OkStatus();
        return absl::ResourceExhaustedError(absl::StrCat("the key has more than ", kMaxFacetValues,
                                                         " different values; use a filter"));
      }));
  return counts;
}

}  // namespace tqdb::storage
