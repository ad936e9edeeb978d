#include "storage/memory/loader.h"

#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/coding.h"
#include "base/status_macros.h"
#include "storage/disk/change_format.h"
#include "storage/disk/format.h"
#include "storage/disk/keys.h"
#include "storage/disk/row_scanner.h"
#include "storage/memory/apply.h"
#include "storage/payload/prepared_filter.h"

namespace tqdb::storage {

namespace {

// Returns the value of a key of the meta family. DataLoss if it is missing: every collection has
// it.
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
  return version;
}

absl::StatusOr<std::shared_ptr<const CollectionConfig>> ReadConfig(const Store& store) {
  TQDB_ASSIGN_OR_RETURN(const std::string bytes, GetMeta(store, kConfigKey));
  TQDB_ASSIGN_OR_RETURN(CollectionConfig config, DecodeConfig(bytes));
  TQDB_ASSIGN_OR_RETURN(const std::string metadata, GetMeta(store, kMetadataKey));
  TQDB_ASSIGN_OR_RETURN(config.metadata, DecodeMetadata(metadata));
  return std::make_shared<const CollectionConfig>(std::move(config));
}

// Returns the position. A collection of an older version has none, and begins to count with its
// next record.
absl::StatusOr<Position> ReadPosition(const Store& store, uint32_t format_version) {
  if (format_version < kNumberedFormatVersion) return Position();
  TQDB_ASSIGN_OR_RETURN(const std::string bytes, GetMeta(store, kPositionKey));
  return DecodePosition(bytes);
}

// Returns the changes that adopt every version of every mean in their order, and then, for each
// space, the one in force. A space can go back to an older mean or to none, so the highest version
// need not be in force.
absl::StatusOr<std::vector<Change>> ReadMeans(const Store& store, const CollectionState& state) {
  std::vector<Change> means;
  const auto cursor = store.Scan({.family = Family::kMeta, .lower = "m", .upper = "n"});
  for (; cursor->Valid(); cursor->Next()) {
    size_t index;
    uint32_t version;
    // "metadata" lies in the same range of keys; it is longer than the key of a mean.
    if (!ParseMeanKey(cursor->key(), &index, &version)) continue;
    if (index >= state.spaces.size())
      return absl::DataLossError("a mean belongs to no vector space");
    const Space& space = *state.spaces[index];
    TQDB_ASSIGN_OR_RETURN(const std::vector<float> mu, DecodeMean(cursor->value(), space.dim()));
    means.push_back(
        SetMean{static_cast<uint32_t>(index), version, space.codec().MakeMean(version, mu)});
  }
  TQDB_RETURN_IF_ERROR(cursor->status());
  for (const std::unique_ptr<Space>& space : state.spaces) {
    TQDB_ASSIGN_OR_RETURN(const std::optional<std::string> bytes,
                          store.Get(Family::kMeta, Key::OfCurrentMean(space->index()).view()));
    uint32_t version = 0;
    if (bytes) {
      absl::string_view in = *bytes;
      if (!GetFixed32(&in, &version) || !in.empty()) {
        return absl::DataLossError(absl::StrCat("mean version in force of vector space '",
                                                space->config().name, "' is damaged"));
      }
    }
    means.push_back(SetMean{static_cast<uint32_t>(space->index()), version, nullptr});
  }
  return means;
}

absl::StatusOr<std::vector<SetPayloadIndex>> ReadPayloadIndexes(const Store& store) {
  std::vector<SetPayloadIndex> indexes;
  const auto cursor = store.Scan({.family = Family::kMeta, .lower = "p", .upper = "q"});
  for (; cursor->Valid(); cursor->Next()) {
    std::string path;
    const absl::string_view value = cursor->value();
    if (!ParsePayloadIndexKey(cursor->key(), &path) || value.size() != 1 ||
        !IsFieldKind(static_cast<uint8_t>(value[0]))) {
      return absl::DataLossError("a record of a payload index is damaged");
    }
    indexes.push_back({std::move(path), static_cast<FieldKind>(value[0])});
  }
  TQDB_RETURN_IF_ERROR(cursor->status());
  return indexes;
}

// Sums over the rows under the mean in force, for the guard of a space. The guard does not survive
// a restart, and would otherwise take a full collection for an empty one.
struct GuardSums {
  uint32_t version;  // mean in force
  bool unit_norms;   // true if the guard sees vectors scaled to length 1
  uint64_t rows = 0;
  double energy = 0;  // sum of squared norms

  void Add(absl::string_view code) {
    CodeHeader header;
    std::memcpy(&header, code.data(), sizeof(header));
    if (header.mean_version != version) return;
    ++rows;
    energy += unit_norms ? 1.0 : double{header.norm} * header.norm;
  }
};

absl::Status LoadRows(const Store& store, const CollectionConfig& config, CollectionState& state) {
  RowScanner::Options options;
  options.next_row = state.next_row;
  options.payloads = state.payloads.has_fields();
  std::vector<GuardSums> sums;
  for (const std::unique_ptr<Space>& space : state.spaces) {
    options.waiting.push_back(space->waits_for_mean());
    sums.push_back({.version = space->current_mean_version(),
                    .unit_norms = space->config().codec.metric == Metric::kCosine});
  }
  const bool payloads = options.payloads;
  TQDB_ASSIGN_OR_RETURN(const auto scanner, RowScanner::Open(store, config, std::move(options)));
  state.index.Reserve(scanner->points() - scanner->uuids(), scanner->uuids());
  nlohmann::json parsed;
  while (true) {
    TQDB_ASSIGN_OR_RETURN(const PutRow* row, scanner->Next());
    if (row == nullptr) break;
    PutRow put = *row;
    if (payloads) {
      TQDB_ASSIGN_OR_RETURN(parsed, ParsePayload(put.payload));
      put.parsed = &parsed;
    }
    if (const absl::Status status = ApplyRow(put, state); !status.ok()) {
      return absl::DataLossError(absl::StrCat("row ", put.row, ": ", status.message()));
    }
    for (const RowVector& vector : put.vectors) sums[vector.space].Add(vector.code);
  }
  for (size_t s = 0; s < sums.size(); ++s) {
    state.spaces[s]->RestoreGuard(sums[s].rows, sums[s].energy);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status InitializeStore(Store& store, const CollectionConfig& config) {
  const auto batch = store.NewBatch(1024);
  AppendFormatVersion(kNumberedFormatVersion, *batch);
  batch->Put(Family::kMeta, kConfigKey, EncodeConfig(config));
  AppendChange(SetMetadata{config.metadata}, config, *batch);
  AppendNextRow(0, *batch);
  AppendPosition(Position(), *batch);
  TQDB_RETURN_IF_ERROR(store.Write(*batch, /*sync=*/true));
  return store.Flush();
}

absl::StatusOr<std::unique_ptr<CollectionState>> LoadCollection(const Store& store) {
  TQDB_ASSIGN_OR_RETURN(const uint32_t version, ReadFormatVersion(store));
  // Check the version before anything else is read: a newer version may change every other form.
  if (version > kNumberedFormatVersion) {
    TQDB_RETURN_IF_ERROR(CheckCollectionVersion(version, CollectionConfig()));
  }
  TQDB_ASSIGN_OR_RETURN(const std::shared_ptr<const CollectionConfig> config, ReadConfig(store));
  TQDB_RETURN_IF_ERROR(CheckCollectionVersion(version, *config));

  Spaces spaces;
  for (size_t i = 0; i < config->spaces.size(); ++i) {
    TQDB_ASSIGN_OR_RETURN(std::unique_ptr<Space> space, Space::Create(config->spaces[i], i));
    spaces.push_back(std::move(space));
  }
  auto state = std::make_unique<CollectionState>(config, std::move(spaces),
                                                 MakeSparseSpaces(config->sparse_spaces));
  state->format_version = version;
  TQDB_ASSIGN_OR_RETURN(const Position position, ReadPosition(store, version));
  state->set_position(position);
  TQDB_ASSIGN_OR_RETURN(const std::string next_row, GetMeta(store, kNextRowKey));
  absl::string_view in = next_row;
  if (!GetFixed64(&in, &state->next_row) || !in.empty()) {
    return absl::DataLossError("next row number is damaged");
  }
  const uint64_t end = state->next_row;

  TQDB_ASSIGN_OR_RETURN(const std::vector<Change> means, ReadMeans(store, *state));
  if (const absl::Status status = ApplyChanges(means, *state); !status.ok()) {
    return absl::DataLossError(absl::StrCat("the means are damaged: ", status.message()));
  }
  TQDB_ASSIGN_OR_RETURN(const std::vector<SetPayloadIndex> indexes, ReadPayloadIndexes(store));
  const auto make_indexes = [&](bool of_texts) -> absl::Status {
    for (const SetPayloadIndex& index : indexes) {
      if ((index.kind == FieldKind::kText) != of_texts) continue;
      const Change change = index;
      const absl::Status status = ApplyChanges({&change, 1}, *state);
      if (status.ok()) continue;
      return absl::DataLossError(absl::StrCat("a payload index is damaged: ", status.message()));
    }
    return absl::OkStatus();
  };
  TQDB_RETURN_IF_ERROR(make_indexes(/*of_texts=*/false));
  TQDB_RETURN_IF_ERROR(LoadRows(store, *config, *state));
  TQDB_RETURN_IF_ERROR(make_indexes(/*of_texts=*/true));
  state->next_row = end;
  PublishMoment(store.TakeReadView(), *state);
  return state;
}

}  // namespace tqdb::storage
