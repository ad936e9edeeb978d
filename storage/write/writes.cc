#include "storage/write/writes.h"

#include <algorithm>
#include <utility>

#include "base/coding.h"
#include "base/status_macros.h"
#include "storage/disk/format.h"
#include "storage/disk/keys.h"

namespace tqdb::storage {

namespace {

absl::string_view AsBytes(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

void RemoveSlots(const Spaces& spaces, absl::Span<const Slot> slots) {
  for (size_t s = 0; s < spaces.size(); ++s) {
    if (slots[s] != kNoSlot) spaces[s]->engine().Remove(slots[s]);
  }
}

// What is known of rows beside their slots, last: whatever a search finds, a filter knows.
void RemoveRows(CollectionState& memory, absl::Span<const uint64_t> rows) {
  for (const std::unique_ptr<SparseSpace>& space : memory.sparse_spaces) space->Remove(rows);
  memory.payloads.Remove(rows);
}

}  // namespace

std::optional<GroupBuilder::RowKeys> GroupBuilder::Find(const PointId& id) const {
  if (const auto it = pending_.find(id); it != pending_.end()) return it->second;
  Slot slots[kMaxSpaces];
  const std::optional<uint64_t> row =
      memory_.index.Find(id, absl::MakeSpan(slots, memory_.spaces.size()));
  if (!row) return std::nullopt;
  RowKeys keys = {*row, 0};
  for (size_t s = 0; s < memory_.spaces.size(); ++s) {
    if (slots[s] != kNoSlot) keys.spaces |= uint32_t{1} << s;
  }
  return keys;
}

uint64_t GroupBuilder::NewRow(const PointId& id, uint32_t spaces) {
  const uint64_t row = next_row_++;
  if (many_) pending_[id] = RowKeys{row, spaces};
  return row;
}

void GroupBuilder::EraseId(const PointId& id) {
  pending_[id] = std::nullopt;  // always: one delete may name an id twice
}

void GroupBuilder::DeleteRow(const RowKeys& keys) {
  batch_.Delete(Family::kPayloads, Key::OfRow(keys.row).view());
  for (size_t s = 0; s < memory_.spaces.size(); ++s) {
    if ((keys.spaces >> s & 1) == 0) continue;
    const Key key = Key::OfSpaceRow(s, keys.row);
    batch_.Delete(Family::kCodes, key.view());
    if (memory_.spaces[s]->keeps_originals()) batch_.Delete(Family::kVectors, key.view());
  }
  for (const std::unique_ptr<SparseSpace>& space : memory_.sparse_spaces) {
    batch_.Delete(Family::kCodes, Key::OfSpaceRow(space->key_space(), keys.row).view());
  }
}

void UpsertWrite::Prepare(GroupBuilder& group) {
  first_row_ = group.next_row();
  std::string row_value;
  for (size_t i = 0; i < batch_.ids.size(); ++i) {
    const PointId& id = batch_.ids[i];
    if (const auto old = group.Find(id)) {
      group.DeleteRow(*old);
      ++result_.replaced;
    } else {
      ++result_.inserted;
    }
    uint32_t spaces = 0;
    for (const EncodedVectors& vectors : vectors_) {
      if (vectors.row_of_point[i] >= 0) spaces |= uint32_t{1} << vectors.space->index();
    }
    const uint64_t row = group.NewRow(id, spaces);
    const Key id_key = Key::OfId(id);
    row_value.clear();
    PutVarint64(&row_value, row);
    group.batch().Put(Family::kPoints, id_key.view(), row_value);
    group.batch().Put(
        Family::kPayloads, Key::OfRow(row).view(),
        EncodePayload(id_key.view(), batch_.payloads.empty() ? "" : batch_.payloads[i]));
    for (const EncodedVectors& vectors : vectors_) {
      if (vectors.row_of_point[i] < 0) continue;
      const size_t r = static_cast<size_t>(vectors.row_of_point[i]);
      const size_t code_bytes = vectors.space->codec().code_bytes();
      const Key key = Key::OfSpaceRow(vectors.space->index(), row);
      group.batch().Put(Family::kCodes, key.view(),
                        AsBytes(vectors.codes.get() + r * code_bytes, code_bytes));
      if (vectors.space->config().store_vectors == StoreVectors::kF16) {
        group.batch().Put(Family::kVectors, key.view(), vectors.halves[r]);
      } else if (vectors.space->config().store_vectors == StoreVectors::kF32) {
        // As it lies in memory: format.cc asserts that this machine is little-endian.
        const absl::Span<const float> values = vectors.rows.row(r);
        group.batch().Put(Family::kVectors, key.view(),
                          AsBytes(reinterpret_cast<const uint8_t*>(values.data()),
                                  values.size() * sizeof(float)));
      }
    }
    for (const EncodedSparseVectors& vectors : sparse_) {
      if (vectors.row_of_point[i] < 0) continue;
      group.batch().Put(Family::kCodes, Key::OfSpaceRow(vectors.space->key_space(), row).view(),
                        vectors.encoded[static_cast<size_t>(vectors.row_of_point[i])]);
    }
  }
}

std::vector<nlohmann::json> ParsePayloads(const UpsertBatch& batch) {
  std::vector<nlohmann::json> payloads;
  payloads.reserve(batch.ids.size());
  for (size_t i = 0; i < batch.ids.size(); ++i) {
    const absl::string_view text = batch.payloads.empty() ? "" : batch.payloads[i];
    payloads.push_back(text.empty() ? nlohmann::json::object()
                                    : nlohmann::json::parse(text.begin(), text.end()));
  }
  return payloads;
}

absl::Status UpsertWrite::Apply(CollectionState& memory) {
  // First, so that a filter finds every row that a search does.
  if (!memory.payloads.has_fields()) {
    payloads_.clear();
  } else if (payloads_.empty()) {
    payloads_ = ParsePayloads(batch_);
  }
  memory.payloads.Add(first_row_, batch_.ids.size(), payloads_);
  for (const EncodedSparseVectors& vectors : sparse_) {
    std::vector<uint64_t> rows(vectors.rows.size());
    for (size_t i = 0; i < batch_.ids.size(); ++i) {
      const int32_t r = vectors.row_of_point[i];
      if (r >= 0) rows[static_cast<size_t>(r)] = first_row_ + i;
    }
    vectors.space->Add(rows, vectors.rows);
  }
  std::vector<uint64_t> old_rows;
  const size_t num_spaces = memory.spaces.size();
  Slot slots[kMaxSpaces], old_slots[kMaxSpaces];
  for (size_t i = 0; i < batch_.ids.size(); ++i) {
    const PointId& id = batch_.ids[i];
    const uint64_t row = first_row_ + i;
    std::fill_n(slots, num_spaces, kNoSlot);
    for (const EncodedVectors& vectors : vectors_) {
      if (vectors.row_of_point[i] < 0) continue;
      const size_t r = static_cast<size_t>(vectors.row_of_point[i]);
      Space& space = *vectors.space;
      TQDB_ASSIGN_OR_RETURN(
          slots[space.index()],
          space.engine().Append(id, row, vectors.codes.get() + r * space.codec().code_bytes()));
      if (space.centers() && vectors.mean_version == 0) {
        space.warm_up().Add(id, row, vectors.rows.row(r));
      }
    }
    // New state first, then the old one goes: a search finds one or the other.
    const std::optional<uint64_t> old_row =
        memory.index.Find(id, absl::MakeSpan(old_slots, num_spaces));
    memory.index.Set(id, row, absl::MakeConstSpan(slots, num_spaces));
    if (!old_row) continue;
    RemoveSlots(memory.spaces, absl::MakeConstSpan(old_slots, num_spaces));
    old_rows.push_back(*old_row);
  }
  RemoveRows(memory, old_rows);
  return absl::OkStatus();
}

void DeleteWrite::Prepare(GroupBuilder& group) {
  for (size_t i = 0; i < ids_.size(); ++i) {
    const PointId& id = ids_[i];
    const auto keys = group.Find(id);
    current_[i] = keys.has_value() && (rows_.empty() || keys->row == rows_[i]);
    if (!current_[i]) continue;
    group.DeleteRow(*keys);
    group.batch().Delete(Family::kPoints, Key::OfId(id).view());
    group.EraseId(id);
    ++deleted_;
  }
}

absl::Status DeleteWrite::Apply(CollectionState& memory) {
  Slot slots[kMaxSpaces];
  std::vector<uint64_t> old_rows;
  for (size_t i = 0; i < ids_.size(); ++i) {
    if (!current_[i]) continue;
    const PointId& id = ids_[i];
    const auto row = memory.index.Find(id, absl::MakeSpan(slots, memory.spaces.size()));
    if (!row) continue;
    memory.index.Erase(id);
    RemoveSlots(memory.spaces, absl::MakeConstSpan(slots, memory.spaces.size()));
    old_rows.push_back(*row);
  }
  RemoveRows(memory, old_rows);
  return absl::OkStatus();
}

void ReencodeWrite::Prepare(GroupBuilder& group) {
  const size_t code_bytes = space_.codec().code_bytes();
  for (size_t i = 0; i < ids_.size(); ++i) {
    const auto keys = group.Find(ids_[i]);
    current_[i] = keys.has_value() && keys->row == rows_[i];
    if (!current_[i]) continue;
    group.batch().Put(Family::kCodes, Key::OfSpaceRow(space_.index(), rows_[i]).view(),
                      AsBytes(codes_ + i * code_bytes, code_bytes));
  }
}

absl::Status ReencodeWrite::Apply(CollectionState& memory) {
  Slot slots[kMaxSpaces];
  for (size_t i = 0; i < ids_.size(); ++i) {
    if (!current_[i]) continue;
    if (!memory.index.Find(ids_[i], absl::MakeSpan(slots, memory.spaces.size()))) continue;
    TQDB_ASSIGN_OR_RETURN(
        const Slot slot,
        space_.engine().Append(ids_[i], rows_[i], codes_ + i * space_.codec().code_bytes()));
    memory.index.SetSlot(ids_[i], rows_[i], space_.index(), slot);
    space_.engine().Remove(slots[space_.index()]);
  }
  return absl::OkStatus();
}

void MeanWrite::Prepare(GroupBuilder& group) {
  const uint32_t version = mean_ != nullptr ? mean_->version : 0;
  if (mean_ != nullptr) {
    group.batch().Put(Family::kMeta, Key::OfMean(space_.index(), version).view(),
                      EncodeMean(mean_->mu));
  }
  std::string value;
  PutFixed32(&value, version);
  group.batch().Put(Family::kMeta, Key::OfCurrentMean(space_.index()).view(), value);
}

absl::Status MeanWrite::Apply(CollectionState&) {
  if (mean_ != nullptr) space_.engine().AddMean(mean_);
  return space_.engine().SetCurrentMean(mean_ != nullptr ? mean_->version : 0);
}

absl::Status VacuumWrite::Apply(CollectionState& memory) {
  space_.engine().Vacuum([&](uint64_t row, const PointId& id, Slot, Slot to) {
    memory.index.SetSlot(id, row, space_.index(), to);
  });
  return absl::OkStatus();
}

void MetadataWrite::Prepare(GroupBuilder& group) {
  group.batch().Put(Family::kMeta, kMetadataKey, encoded_);
}

}  // namespace tqdb::storage
