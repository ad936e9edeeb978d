#include "storage/memory/loader.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/coding.h"
#include "base/status_macros.h"
#include "storage/disk/format.h"
#include "storage/disk/keys.h"
#include "storage/memory/index_builder.h"
#include "storage/sparse/sparse_encoding.h"

namespace tqdb::storage {

namespace {

struct PointRow {
  uint64_t row;
  PointId id;
};

absl::StatusOr<std::string> GetMeta(const Store& store, absl::string_view key) {
  TQDB_ASSIGN_OR_RETURN(std::optional<std::string> value, store.Get(Family::kMeta, key));
  if (!value) return absl::DataLossError(absl::StrCat("meta has no '", key, "'"));
  return *std::move(value);
}

absl::StatusOr<uint32_t> ReadFormatVersion(const Store& store) {
  TQDB_ASSIGN_OR_RETURN(const std::string bytes, GetMeta(store, kFormatKey));
  absl::string_view in = bytes;
  uint32_t version;
  if (!GetFixed32(&in, &version) || !in.empty()) {
    return absl::DataLossError("format version of the collection is damaged");
  }
  if (version != kFormatVersion && version != kSparseFormatVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("collection has format version ", version, "; this build reads versions ",
                     kFormatVersion, " and ", kSparseFormatVersion));
  }
  return version;
}

absl::Status LoadMeans(const Store& store, const Spaces& spaces) {
  const auto cursor = store.Scan({.family = Family::kMeta, .lower = "m", .upper = "n"});
  for (; cursor->Valid(); cursor->Next()) {
    size_t space;
    uint32_t version;
    // "metadata" lies in the same range of keys; it is longer than the key of a mean.
    if (!ParseMeanKey(cursor->key(), &space, &version)) continue;
    if (space >= spaces.size()) return absl::DataLossError("a mean belongs to no vector space");
    TQDB_ASSIGN_OR_RETURN(const std::vector<float> mu,
                          DecodeMean(cursor->value(), spaces[space]->dim()));
    spaces[space]->RestoreMean(version, mu);
  }
  TQDB_RETURN_IF_ERROR(cursor->status());
  for (const std::unique_ptr<Space>& space : spaces) {
    TQDB_ASSIGN_OR_RETURN(const std::optional<std::string> bytes,
                          store.Get(Family::kMeta, Key::OfCurrentMean(space->index()).view()));
    if (!bytes) continue;
    absl::string_view in = *bytes;
    uint32_t version;
    if (!GetFixed32(&in, &version) || !in.empty() || !space->RestoreCurrentMean(version).ok()) {
      return absl::DataLossError(absl::StrCat("mean version in force of vector space '",
                                              space->config().name, "' is damaged"));
    }
  }
  return absl::OkStatus();
}

// All points, by row.
absl::StatusOr<std::vector<PointRow>> LoadPoints(const Store& store, uint64_t next_row) {
  std::vector<PointRow> points;
  const auto cursor =
      store.Scan({.family = Family::kPoints, .lower = {}, .upper = {}, .sequential = true});
  for (; cursor->Valid(); cursor->Next()) {
    PointRow point;
    absl::string_view value = cursor->value();
    if (!ParseIdKey(cursor->key(), &point.id) || !GetVarint64(&value, &point.row) ||
        !value.empty()) {
      return absl::DataLossError("a record of points is damaged");
    }
    if (point.row >= next_row) {
      return absl::DataLossError(absl::StrCat("point ", point.id.ToString(), " has row ", point.row,
                                              ", beyond the next free row ", next_row));
    }
    points.push_back(point);
  }
  TQDB_RETURN_IF_ERROR(cursor->status());
  std::sort(points.begin(), points.end(),
            [](const PointRow& a, const PointRow& b) { return a.row < b.row; });
  return points;
}

// Appends the codes of one space, and notes their slots: slots[i * num_spaces + space] for
// points[i].
absl::Status LoadCodes(const Store& store, Space& space, absl::Span<const PointRow> points,
                       size_t num_spaces, std::vector<Slot>& slots) {
  const Key lower = Key::OfSpaceRow(space.index(), 0), upper = Key::SpaceEnd(space.index());
  const auto cursor = store.Scan(
      {.family = Family::kCodes, .lower = lower.view(), .upper = upper.view(), .sequential = true});
  const auto damaged = [&](uint64_t row, absl::string_view what) {
    return absl::DataLossError(
        absl::StrCat("code of row ", row, " in vector space '", space.config().name, "' ", what));
  };
  const uint32_t current_version = space.current_mean_version();
  const bool unit_norms = space.config().codec.metric == Metric::kCosine;
  uint64_t current_rows = 0;
  double energy = 0;
  size_t next = 0;
  for (; cursor->Valid(); cursor->Next()) {
    size_t key_space;
    uint64_t row;
    if (!ParseSpaceRowKey(cursor->key(), &key_space, &row)) {
      return absl::DataLossError("a key of codes is damaged");
    }
    const absl::string_view code = cursor->value();
    if (code.size() != space.codec().code_bytes()) {
      return damaged(
          row, absl::StrCat("has ", code.size(), " bytes; need ", space.codec().code_bytes()));
    }
    while (next < points.size() && points[next].row < row) ++next;
    if (next == points.size() || points[next].row != row)
      return damaged(row, "belongs to no point");
    const absl::StatusOr<Slot> slot =
        space.engine().Append(points[next].id, row, reinterpret_cast<const uint8_t*>(code.data()));
    if (!slot.ok()) return damaged(row, slot.status().message());
    slots[next * num_spaces + space.index()] = *slot;
    CodeHeader header;
    std::memcpy(&header, code.data(), sizeof(header));
    if (header.mean_version != current_version) continue;
    ++current_rows;
    energy += unit_norms ? 1.0 : double{header.norm} * header.norm;
  }
  TQDB_RETURN_IF_ERROR(cursor->status());
  space.RestoreGuard(current_rows, energy);
  return absl::OkStatus();
}

// Shows a sparse space its vectors; has[i] is set for points[i] that have one.
absl::Status LoadSparse(const Store& store, SparseSpace& space, absl::Span<const PointRow> points,
                        std::vector<bool>& has) {
  const Key lower = Key::OfSpaceRow(space.key_space(), 0);
  const Key upper = Key::SpaceEnd(space.key_space());
  const auto cursor = store.Scan(
      {.family = Family::kCodes, .lower = lower.view(), .upper = upper.view(), .sequential = true});
  SparseVector vector;
  size_t next = 0;
  for (; cursor->Valid(); cursor->Next()) {
    size_t key_space;
    uint64_t row;
    if (!ParseSpaceRowKey(cursor->key(), &key_space, &row)) {
      return absl::DataLossError("a key of codes is damaged");
    }
    while (next < points.size() && points[next].row < row) ++next;
    absl::Status status = DecodeSparseVector(cursor->value(), &vector);
    if (next == points.size() || points[next].row != row) {
      status = absl::DataLossError("it belongs to no point");
    } else if (status.ok()) {
      status = ValidateSparseVector(vector.view(), "it");
    }
    if (!status.ok()) {
      return absl::DataLossError(absl::StrCat("sparse vector of row ", row, " in space '",
                                              space.config().name, "': ", status.message()));
    }
    const SparseVectorView view = vector.view();
    space.Add({&row, 1}, {&view, 1});
    has[next] = true;
  }
  return cursor->status();
}

}  // namespace

absl::Status InitializeStore(Store& store, const CollectionConfig& config) {
  const auto batch = store.NewBatch(1024);
  std::string value;
  PutFixed32(&value, CollectionFormatVersion(config));
  batch->Put(Family::kMeta, kFormatKey, value);
  batch->Put(Family::kMeta, kConfigKey, EncodeConfig(config));
  batch->Put(Family::kMeta, kMetadataKey, EncodeMetadata(config.metadata));
  value.clear();
  PutFixed64(&value, 0);
  batch->Put(Family::kMeta, kNextRowKey, value);
  TQDB_RETURN_IF_ERROR(store.Write(*batch, /*sync=*/true));
  return store.Flush();
}

absl::StatusOr<LoadedCollection> LoadCollection(const Store& store) {
  TQDB_ASSIGN_OR_RETURN(const uint32_t version, ReadFormatVersion(store));
  LoadedCollection loaded;
  TQDB_ASSIGN_OR_RETURN(const std::string config_bytes, GetMeta(store, kConfigKey));
  TQDB_ASSIGN_OR_RETURN(loaded.config, DecodeConfig(config_bytes));
  if (version != CollectionFormatVersion(loaded.config)) {
    return absl::DataLossError(
        absl::StrCat("configuration is not one of format version ", version));
  }
  TQDB_ASSIGN_OR_RETURN(const std::string metadata_bytes, GetMeta(store, kMetadataKey));
  TQDB_ASSIGN_OR_RETURN(loaded.config.metadata, DecodeMetadata(metadata_bytes));

  Spaces spaces;
  for (size_t i = 0; i < loaded.config.spaces.size(); ++i) {
    TQDB_ASSIGN_OR_RETURN(std::unique_ptr<Space> space, Space::Create(loaded.config.spaces[i], i));
    spaces.push_back(std::move(space));
  }
  const size_t num_spaces = spaces.size();
  TQDB_RETURN_IF_ERROR(LoadMeans(store, spaces));
  loaded.memory = std::make_unique<CollectionState>(std::move(spaces),
                                                    MakeSparseSpaces(loaded.config.sparse_spaces));
  CollectionState& memory = *loaded.memory;

  TQDB_ASSIGN_OR_RETURN(const std::string next_row_bytes, GetMeta(store, kNextRowKey));
  absl::string_view in = next_row_bytes;
  if (!GetFixed64(&in, &memory.next_row) || !in.empty()) {
    return absl::DataLossError("next row number is damaged");
  }
  TQDB_ASSIGN_OR_RETURN(const std::vector<PointRow> points, LoadPoints(store, memory.next_row));
  std::vector<Slot> slots(points.size() * num_spaces, kNoSlot);
  for (const std::unique_ptr<Space>& space : memory.spaces) {
    TQDB_RETURN_IF_ERROR(LoadCodes(store, *space, points, num_spaces, slots));
  }
  std::vector<bool> has_sparse(points.size());
  for (const std::unique_ptr<SparseSpace>& space : memory.sparse_spaces) {
    TQDB_RETURN_IF_ERROR(LoadSparse(store, *space, points, has_sparse));
  }

  const auto uuids = static_cast<size_t>(std::count_if(
      points.begin(), points.end(), [](const PointRow& point) { return point.id.is_uuid(); }));
  memory.index.Reserve(points.size() - uuids, uuids);
  for (size_t i = 0; i < points.size(); ++i) {
    const auto own = absl::MakeConstSpan(slots).subspan(i * num_spaces, num_spaces);
    if (!has_sparse[i] &&
        std::all_of(own.begin(), own.end(), [](Slot slot) { return slot == kNoSlot; })) {
      return absl::DataLossError(
          absl::StrCat("point ", points[i].id.ToString(), " has no vector in any space"));
    }
    memory.index.Set(points[i].id, points[i].row, own);
  }
  std::vector<uint64_t> rows;
  rows.reserve(points.size());
  for (const PointRow& point : points) rows.push_back(point.row);
  TQDB_RETURN_IF_ERROR(LoadPayloadIndexes(store, rows, memory.payloads));
  return loaded;
}

}  // namespace tqdb::storage
