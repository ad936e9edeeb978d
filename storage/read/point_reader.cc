#include "storage/read/point_reader.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
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

std::vector<Key> SpaceRowKeys(size_t space, absl::Span<const uint64_t> rows) {
  std::vector<Key> keys;
  keys.reserve(rows.size());
  for (const uint64_t row : rows) keys.push_back(Key::OfSpaceRow(space, row));
  return keys;
}

}  // namespace

absl::Status PointReader::ReadOriginals(const Space& space, absl::Span<const uint64_t> rows,
                                        const ReadView* view, std::vector<float>& values,
                                        std::vector<bool>& found) const {
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
                                      absl::Span<PointRecord> records, const ReadView& view) const {
  const size_t dim = space.dim();
  if (space.keeps_originals()) {
    std::vector<float> values;
    std::vector<bool> found;
    TQDB_RETURN_IF_ERROR(ReadOriginals(space, rows, &view, values, found));
    for (size_t i = 0; i < rows.size(); ++i) {
      // A point needs a vector in one space only, so it may have none in this one.
      if (!found[i]) continue;
      const auto begin = values.begin() + static_cast<ptrdiff_t>(i * dim);
      records[i].vectors.push_back(
          {space.config().name, std::vector<float>(begin, begin + static_cast<ptrdiff_t>(dim))});
    }
    return absl::OkStatus();
  }
  // Without originals the answer is decoded from the codes. They are read from the disk and not
  // from memory, where a segment has them cut apart, and where the row may be dead by now.
  TQDB_ASSIGN_OR_RETURN(const auto codes,
                        store_.MultiGet(Family::kCodes, SpaceRowKeys(space.index(), rows), &view));
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!codes[i]) continue;
    CodeHeader header;
    if (codes[i]->size() < sizeof(header)) {
      return absl::DataLossError(absl::StrCat("code of row ", rows[i], " is too short"));
    }
    std::memcpy(&header, codes[i]->data(), sizeof(header));
    // Means are never removed. So the mean of an older moment's code is in memory, although the
    // code itself comes from the view. Version 0 has none, and the decoder takes null for it.
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
                                     absl::Span<PointRecord> records, const ReadView& view) const {
  TQDB_ASSIGN_OR_RETURN(
      const auto bytes,
      store_.MultiGet(Family::kCodes, SpaceRowKeys(space.key_space(), rows), &view));
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!bytes[i]) continue;
    PointSparseVector& own = records[i].sparse_vectors.emplace_back();
    own.name = space.config().name;
    TQDB_RETURN_IF_ERROR(DecodeSparseVector(*bytes[i], &own.vector));
  }
  return absl::OkStatus();
}

absl::Status PointReader::Fill(absl::Span<const uint64_t> rows, Select select,
                               absl::Span<PointRecord> records, const ReadView& view) const {
  if (!select.payload && !select.vectors) return absl::OkStatus();
  SelectedBytes bytes(select);
  for (size_t first = 0; first < rows.size(); first += kReadRows) {
    const auto chunk = rows.subspan(first, kReadRows);
    const auto own = records.subspan(first, chunk.size());
    if (select.vectors) {
      // The spaces themselves are as constant as the configuration. Nothing of their rows is used
      // here, so this is safe after the read has left memory.
      for (const std::unique_ptr<Space>& space : memory_.spaces) {
        TQDB_RETURN_IF_ERROR(ReadVectors(*space, chunk, own, view));
      }
      for (const std::unique_ptr<SparseSpace>& space : memory_.sparse_spaces) {
        TQDB_RETURN_IF_ERROR(ReadSparse(*space, chunk, own, view));
      }
    }
    if (select.payload) {
      std::vector<Key> keys;
      keys.reserve(chunk.size());
      for (const uint64_t row : chunk) keys.push_back(Key::OfRow(row));
      TQDB_ASSIGN_OR_RETURN(const auto payloads, store_.MultiGet(Family::kPayloads, keys, &view));
      for (size_t i = 0; i < chunk.size(); ++i) {
        absl::string_view json = payloads[i] ? *payloads[i] : absl::string_view();
        PointId id;
        // The record names its point. If it is another one than memory has said, disk and memory
        // disagree, and an answer would mix two points.
        if (!ConsumeId(&json, &id) || id != own[i].id) {
          return absl::DataLossError(absl::StrCat(
              "payload of row ", chunk[i], " does not belong to point ", own[i].id.ToString()));
        }
        own[i].payload = select.parts == nullptr ? std::string(json) : select.parts->Of(json);
      }
    }
    TQDB_RETURN_IF_ERROR(bytes.Add(own));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::optional<uint64_t>>> PointReader::FindRows(
    absl::Span<const PointId> ids, const Moment& moment) const {
  std::vector<std::optional<uint64_t>> rows = memory_.index.FindRows(ids);
  std::vector<size_t> open;
  std::vector<Key> keys;
  for (size_t i = 0; i < ids.size(); ++i) {
    // A number at or above the bound belongs to a later write. What the point had before must be
    // asked of the disk, as for ids that the index lacks: they may have been deleted since.
    if (rows[i] && *rows[i] < moment.end) continue;
    open.push_back(i);
    keys.push_back(Key::OfId(ids[i]));
  }
  // If the index is of this very moment, an id that it lacks has no point. This is the usual case,
  // and it saves a look-up on disk for every id that does not exist. The index was read above and
  // the question comes after it, so no later write can have been seen.
  if (open.empty() || memory_.moments.IsLatest(moment)) return rows;
  TQDB_ASSIGN_OR_RETURN(const auto values,
                        store_.MultiGet(Family::kPoints, keys, moment.view.get()));
  for (size_t i = 0; i < open.size(); ++i) {
    std::optional<uint64_t>& row = rows[open[i]];
    row = std::nullopt;
    if (!values[i]) continue;
    absl::string_view value = *values[i];
    if (!GetVarint64(&value, &row.emplace())) {
      return absl::DataLossError("a record of points is damaged");
    }
  }
  return rows;
}

absl::StatusOr<std::vector<PointRecord>> PointReader::Get(absl::Span<const PointId> ids,
                                                          Select select, ReadMoment& moment) const {
  TQDB_ASSIGN_OR_RETURN(const auto found, FindRows(ids, moment.memory()));
  TQDB_RETURN_IF_ERROR(moment.LeaveMemory());
  std::vector<uint64_t> rows;
  std::vector<PointRecord> records;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (!found[i]) continue;
    rows.push_back(*found[i]);
    records.emplace_back().id = ids[i];
  }
  TQDB_RETURN_IF_ERROR(Fill(rows, select, absl::MakeSpan(records), moment.view()));
  return records;
}

absl::StatusOr<bool> PointReader::Walk(
    const PointId* after, size_t max, const ReadView& view,
    absl::FunctionRef<bool(const PointId&, uint64_t)> visit) const {
  std::string lower;
  // The key of `after` and a zero byte is the least string behind that key. So the walk begins with
  // the next point, whatever its id is.
  if (after != nullptr) lower = absl::StrCat(Key::OfId(*after).view(), absl::string_view("\0", 1));
  // Not a sequential cursor: a page is short, and the next page begins where this one ends. So its
  // blocks should stay in the cache.
  const auto cursor =
      store_.Scan({.family = Family::kPoints, .lower = lower, .upper = {}, .view = &view});
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

absl::StatusOr<ScrollPage> PointReader::Scroll(const PointId* after, size_t limit, Select select,
                                               const ReadView& view) const {
  ScrollPage page;
  std::vector<uint64_t> rows;
  TQDB_ASSIGN_OR_RETURN(page.more, Walk(after, limit, view, [&](const PointId& id, uint64_t row) {
                          page.points.emplace_back().id = id;
                          rows.push_back(row);
                          return true;
                        }));
  TQDB_RETURN_IF_ERROR(Fill(rows, select, absl::MakeSpan(page.points), view));
  return page;
}

}  // namespace tqdb::storage
