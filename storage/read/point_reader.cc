#include "storage/read/point_reader.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/coding.h"
#include "base/status_macros.h"
#include "storage/api/selected_bytes.h"
#include "storage/disk/format.h"
#include "storage/disk/keys.h"
#include "storage/sparse/sparse_encoding.h"

namespace tqdb::storage {

namespace {

// Number of originals that one MultiGet reads. It bounds memory.
constexpr size_t kOriginalsChunk = 256;
// Number of points that are read at once. It is smaller, because a payload may have 1 MiB.
constexpr size_t kReadRows = 64;
// Pause before the id index is asked again. A row can be gone from disk a moment before the id
// index knows, because a write reaches the disk first.
constexpr absl::Duration kRetryPause = absl::Microseconds(100);

std::vector<Key> SpaceRowKeys(size_t space, absl::Span<const uint64_t> rows) {
  std::vector<Key> keys;
  keys.reserve(rows.size());
  for (const uint64_t row : rows) keys.push_back(Key::OfSpaceRow(space, row));
  return keys;
}

}  // namespace

absl::Status PointReader::ReadOriginals(const Space& space, absl::Span<const uint64_t> rows,
                                        std::vector<float>& values, std::vector<bool>& found,
                                        const ReadView* view) const {
  const size_t dim = space.dim();
  values.assign(rows.size() * dim, 0.0f);
  found.assign(rows.size(), false);
  for (size_t first = 0; first < rows.size(); first += kOriginalsChunk) {
    const auto chunk = rows.subspan(first, kOriginalsChunk);
    TQDB_ASSIGN_OR_RETURN(
        const auto bytes,
        store_.MultiGet(Family::kVectors, SpaceRowKeys(space.index(), chunk), view));
    for (size_t i = 0; i < chunk.size(); ++i) {
      if (!bytes[i]) continue;
      found[first + i] = true;
      TQDB_RETURN_IF_ERROR(DecodeVector(*bytes[i], space.config().store_vectors,
                                        absl::MakeSpan(values).subspan((first + i) * dim, dim)));
    }
  }
  return absl::OkStatus();
}

absl::Status PointReader::ReadVectors(const Space& space, absl::Span<const uint64_t> rows,
                                      absl::Span<PointRecord> records, const ReadView* view) const {
  const size_t dim = space.dim();
  if (space.keeps_originals()) {
    std::vector<float> values;
    std::vector<bool> found;
    TQDB_RETURN_IF_ERROR(ReadOriginals(space, rows, values, found, view));
    for (size_t i = 0; i < rows.size(); ++i) {
      if (!found[i]) continue;
      const auto begin = values.begin() + static_cast<ptrdiff_t>(i * dim);
      records[i].vectors.push_back(
          {space.config().name, std::vector<float>(begin, begin + static_cast<ptrdiff_t>(dim))});
    }
    return absl::OkStatus();
  }
  TQDB_ASSIGN_OR_RETURN(const auto codes,
                        store_.MultiGet(Family::kCodes, SpaceRowKeys(space.index(), rows), view));
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!codes[i]) continue;
    CodeHeader header;
    if (codes[i]->size() < sizeof(header)) {
      return absl::DataLossError(absl::StrCat("code of row ", rows[i], " is too short"));
    }
    std::memcpy(&header, codes[i]->data(), sizeof(header));
    const std::shared_ptr<const Mean> mean = space.engine().FindMean(header.mean_version);
    PointVector vector = {space.config().name, std::vector<float>(dim)};
    TQDB_RETURN_IF_ERROR(
        space.codec().Decode({reinterpret_cast<const uint8_t*>(codes[i]->data()), codes[i]->size()},
                             mean.get(), absl::MakeSpan(vector.values)));
    records[i].vectors.push_back(std::move(vector));
  }
  return absl::OkStatus();
}

absl::Status PointReader::ReadSparse(const SparseSpace& space, absl::Span<const uint64_t> rows,
                                     absl::Span<PointRecord> records, const ReadView* view) const {
  TQDB_ASSIGN_OR_RETURN(
      const auto bytes,
      store_.MultiGet(Family::kCodes, SpaceRowKeys(space.key_space(), rows), view));
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!bytes[i]) continue;
    PointSparseVector& own = records[i].sparse_vectors.emplace_back();
    own.name = space.config().name;
    TQDB_RETURN_IF_ERROR(DecodeSparseVector(*bytes[i], &own.vector));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<bool>> PointReader::Fill(absl::Span<const uint64_t> rows, Select select,
                                                    absl::Span<PointRecord> records,
                                                    const ReadView* view) const {
  std::vector<bool> alive(rows.size(), true);
  if (!select.payload && !select.vectors) return alive;
  SelectedBytes bytes(select);
  for (size_t first = 0; first < rows.size(); first += kReadRows) {
    const auto chunk = rows.subspan(first, kReadRows);
    const auto own = records.subspan(first, chunk.size());
    if (select.vectors) {
      for (const std::unique_ptr<Space>& space : memory_.spaces) {
        TQDB_RETURN_IF_ERROR(ReadVectors(*space, chunk, own, view));
      }
      for (const std::unique_ptr<SparseSpace>& space : memory_.sparse_spaces) {
        TQDB_RETURN_IF_ERROR(ReadSparse(*space, chunk, own, view));
      }
    }
    // The payload must be read last. If it is there, the row existed while all else was read.
    std::vector<Key> keys;
    keys.reserve(chunk.size());
    for (const uint64_t row : chunk) keys.push_back(Key::OfRow(row));
    TQDB_ASSIGN_OR_RETURN(const auto payloads, store_.MultiGet(Family::kPayloads, keys, view));
    for (size_t i = 0; i < chunk.size(); ++i) {
      alive[first + i] = payloads[i].has_value();
      if (!payloads[i]) {
        own[i].vectors.clear();
        own[i].sparse_vectors.clear();
        continue;
      }
      absl::string_view json = *payloads[i];
      PointId id;
      if (!ConsumeId(&json, &id) || id != own[i].id) {
        return absl::DataLossError(absl::StrCat(
            "payload of row ", chunk[i], " does not belong to point ", own[i].id.ToString()));
      }
      if (select.payload) own[i].payload = std::string(json);
    }
    TQDB_RETURN_IF_ERROR(bytes.Add(own));
  }
  return alive;
}

absl::StatusOr<std::vector<PointRecord>> PointReader::Get(absl::Span<const PointId> ids,
                                                          Select select) const {
  std::vector<std::optional<PointRecord>> found(ids.size());
  std::vector<size_t> open(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) open[i] = i;
  while (!open.empty()) {
    std::vector<PointId> open_ids;
    for (const size_t i : open) open_ids.push_back(ids[i]);
    // Read the flag before the index. A write that fails after this point leaves an entry in the
    // index that is gone from disk, and the next round sees the flag.
    const bool follows_disk = memory_.follows_disk;
    std::vector<std::optional<uint64_t>> indexed;
    if (follows_disk) {
      indexed = memory_.index.FindRows(open_ids);
    } else {
      TQDB_ASSIGN_OR_RETURN(indexed, FindRowsOnDisk(open_ids));
    }
    std::vector<size_t> places;
    std::vector<uint64_t> rows;
    std::vector<PointRecord> records;
    for (size_t i = 0; i < open.size(); ++i) {
      if (!indexed[i]) continue;
      places.push_back(open[i]);
      rows.push_back(*indexed[i]);
      records.emplace_back().id = open_ids[i];
    }
    TQDB_ASSIGN_OR_RETURN(const std::vector<bool> alive,
                          Fill(rows, select, absl::MakeSpan(records)));
    open.clear();
    for (size_t i = 0; i < places.size(); ++i) {
      if (alive[i]) {
        found[places[i]] = std::move(records[i]);
      } else {
        open.push_back(places[i]);  // replaced or deleted since the look-up: look again
      }
    }
    if (!open.empty() && follows_disk) absl::SleepFor(kRetryPause);
  }
  std::vector<PointRecord> records;
  for (std::optional<PointRecord>& record : found) {
    if (record) records.push_back(*std::move(record));
  }
  return records;
}

absl::StatusOr<std::vector<std::optional<uint64_t>>> PointReader::FindRowsOnDisk(
    absl::Span<const PointId> ids) const {
  std::vector<Key> keys;
  for (const PointId& id : ids) keys.push_back(Key::OfId(id));
  TQDB_ASSIGN_OR_RETURN(const auto values, store_.MultiGet(Family::kPoints, keys));
  std::vector<std::optional<uint64_t>> rows(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) {
    if (!values[i]) continue;
    absl::string_view value = *values[i];
    if (!GetVarint64(&value, &rows[i].emplace())) {
      return absl::DataLossError("a record of points is damaged");
    }
  }
  return rows;
}

absl::StatusOr<bool> PointReader::Walk(
    const PointId* after, size_t max,
    absl::FunctionRef<bool(const PointId&, uint64_t)> visit) const {
  std::string lower;
  if (after != nullptr) lower = absl::StrCat(Key::OfId(*after).view(), absl::string_view("\0", 1));
  const auto cursor = store_.Scan({.family = Family::kPoints, .lower = lower, .upper = {}});
  bool wanted = true;
  for (; cursor->Valid() && wanted && max > 0; cursor->Next(), --max) {
    PointId id;
    uint64_t row;
    absl::string_view value = cursor->value();
    if (!ParseIdKey(cursor->key(), &id) || !GetVarint64(&value, &row)) {
      return absl::DataLossError("a record of points is damaged");
    }
    wanted = visit(id, row);
  }
  TQDB_RETURN_IF_ERROR(cursor->status());
  return cursor->Valid();
}

absl::StatusOr<ScrollPage> PointReader::Scroll(const PointId* after, size_t limit,
                                               Select select) const {
  ScrollPage page;
  std::optional<PointId> last;
  if (after != nullptr) last = *after;
  do {
    std::vector<uint64_t> rows;
    std::vector<PointRecord> found;
    TQDB_ASSIGN_OR_RETURN(
        page.more, Walk(last ? &*last : nullptr, limit, [&](const PointId& id, uint64_t row) {
          found.emplace_back().id = id;
          rows.push_back(row);
          return true;
        }));
    if (found.empty()) break;
    last = found.back().id;
    TQDB_ASSIGN_OR_RETURN(const std::vector<bool> alive, Fill(rows, select, absl::MakeSpan(found)));
    for (size_t i = 0; i < rows.size(); ++i) {
      if (alive[i]) {
        page.points.push_back(std::move(found[i]));
        continue;
      }
      // The point was replaced or deleted since the walk. Get returns its new state, or nothing.
      TQDB_ASSIGN_OR_RETURN(std::vector<PointRecord> again, Get({&found[i].id, 1}, select));
      for (PointRecord& record : again) page.points.push_back(std::move(record));
    }
  } while (page.points.empty() && page.more);
  return page;
}

}  // namespace tqdb::storage
