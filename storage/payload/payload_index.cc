#include "storage/payload/payload_index.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "core/status_macros.h"
#include "storage/payload/filter_estimator.h"
#include "storage/payload/filter_matcher.h"
#include "storage/payload/quoted.h"

namespace tqdb::storage {

absl::Status PayloadIndex::CreateField(absl::string_view key, FieldKind kind) {
  TQDB_ASSIGN_OR_RETURN(KeyPath path, KeyPath::Parse(key));
  if (fields_.contains(path)) {
    return absl::AlreadyExistsError(
        absl::StrCat("key ", Quoted(key), " has a payload index already; delete it first"));
  }
  if (fields_.size() >= kMaxIndexedFields) {
    return absl::ResourceExhaustedError(absl::StrCat("the collection has ", fields_.size(),
                                                     " payload indexes; at most ",
                                                     kMaxIndexedFields, " are allowed"));
  }
  fields_.emplace(path, std::make_unique<FieldIndex>(path, kind));
  return absl::OkStatus();
}

absl::Status PayloadIndex::DeleteField(absl::string_view key) {
  TQDB_ASSIGN_OR_RETURN(const KeyPath path, KeyPath::Parse(key));
  if (fields_.erase(path) > 0) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat("key ", Quoted(key), " has no payload index"));
}

std::vector<FieldInfo> PayloadIndex::Fields() const {
  std::vector<FieldInfo> infos;
  for (const auto& [path, field] : fields_) {
    infos.push_back({path.ToString(), field->kind(), field->rows().size(), field->memory_bytes()});
  }
  return infos;
}

void PayloadIndex::Add(uint64_t row, const nlohmann::json& payload) {
  if (rows_.Contains(row)) return;
  rows_.Add(row);
  for (const auto& [path, field] : fields_) field->Add(row, payload);
}

void PayloadIndex::Remove(uint64_t row, const nlohmann::json& payload) {
  rows_.Remove(row);
  for (const auto& [path, field] : fields_) field->Remove(row, payload);
}

void PayloadIndex::AddToField(absl::string_view key, uint64_t row, const nlohmann::json& payload) {
  const absl::StatusOr<KeyPath> path = KeyPath::Parse(key);
  if (!path.ok() || !rows_.Contains(row)) return;
  if (const auto it = fields_.find(*path); it != fields_.end()) it->second->Add(row, payload);
}

RowMatches PayloadIndex::Match(const PreparedFilter& filter, FindRow find_row) const {
  return FilterMatcher(*this, find_row).Match(filter.root());
}

RowEstimate PayloadIndex::Estimate(const PreparedFilter& filter) const {
  return FilterEstimator(*this).Estimate(filter.root());
}

const FieldIndex* PayloadIndex::Find(const KeyPath& path) const {
  const auto it = fields_.find(path);
  return it == fields_.end() ? nullptr : it->second.get();
}

size_t PayloadIndex::memory_bytes() const {
  size_t bytes = rows_.memory_bytes();
  for (const auto& [path, field] : fields_) bytes += field->memory_bytes();
  return bytes;
}

}  // namespace tqdb::storage
