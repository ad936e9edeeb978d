#include "storage/write/payload_writes.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "storage/disk/format.h"
#include "storage/disk/keys.h"
#include "storage/write/validate.h"

namespace tqdb::storage {

absl::Status EditPayloadWrite::Edit(GroupBuilder& group) {
  std::vector<Key> keys;
  for (const PointId& id : ids_) {
    const auto row = group.Find(id);
    if (!row) continue;
    rows_.push_back({id, row->row, {}, {}});
    keys.push_back(Key::OfRow(row->row));
  }
  TQDB_ASSIGN_OR_RETURN(const auto values, store_.MultiGet(Family::kPayloads, keys));
  size_t edited = 0;
  for (size_t i = 0; i < rows_.size(); ++i) {
    absl::string_view text = values[i] ? absl::string_view(*values[i]) : absl::string_view();
    PointId id;
    if (!ConsumeId(&text, &id) || id != rows_[i].id) {
      return absl::DataLossError(absl::StrCat("payload of row ", rows_[i].row, " is damaged"));
    }
    if (condition_ != nullptr) {
      TQDB_ASSIGN_OR_RETURN(const nlohmann::json payload, ParsePayload(text));
      if (!condition_->Matches(id, payload)) continue;
    }
    absl::StatusOr<std::string> payload = edit_.Apply(text);
    if (payload.ok() && payload->size() > kMaxPayloadBytes) {
      payload = absl::InvalidArgumentError(absl::StrCat("the payload would have ", payload->size(),
                                                        " bytes; allowed: ", kMaxPayloadBytes));
    }
    if (!payload.ok()) {
      return absl::Status(payload.status().code(),
                          absl::StrCat("point ", id.ToString(), ": ", payload.status().message()));
    }
    rows_[edited++] = {id, rows_[i].row, std::string(text), *std::move(payload)};
  }
  rows_.resize(edited);
  return absl::OkStatus();
}

void EditPayloadWrite::Prepare(GroupBuilder& group) {
  status_ = Edit(group);
  if (!status_.ok()) rows_.clear();
  for (const Row& row : rows_) {
    group.batch().Put(Family::kPayloads, Key::OfRow(row.row).view(),
                      EncodePayload(Key::OfId(row.id).view(), row.payload));
  }
}

absl::Status EditPayloadWrite::Apply(CollectionState& memory) {
  if (!memory.payloads.has_fields()) return absl::OkStatus();
  std::vector<std::pair<nlohmann::json, nlohmann::json>> payloads(rows_.size());
  std::vector<IndexedPayloads::Edit> edits;
  for (size_t i = 0; i < rows_.size(); ++i) {
    TQDB_ASSIGN_OR_RETURN(payloads[i].first, ParsePayload(rows_[i].old_payload));
    TQDB_ASSIGN_OR_RETURN(payloads[i].second, ParsePayload(rows_[i].payload));
    edits.push_back({rows_[i].row, payloads[i].first, payloads[i].second});
  }
  memory.payloads.Replace(edits);
  return absl::OkStatus();
}

void PayloadIndexWrite::Prepare(GroupBuilder& group) {
  const std::string key = Key::OfPayloadIndex(path_);
  if (kind_) {
    group.batch().Put(Family::kMeta, key, std::string(1, static_cast<char>(*kind_)));
  } else {
    group.batch().Delete(Family::kMeta, key);
  }
}

absl::Status PayloadIndexWrite::Apply(CollectionState& memory) {
  return kind_ ? memory.payloads.CreateField(path_, *kind_) : memory.payloads.DeleteField(path_);
}

}  // namespace tqdb::storage
