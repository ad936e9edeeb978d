#include "storage/payload/payload_index.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "base/quoted.h"
#include "base/status_macros.h"
#include "storage/payload/filter_matcher.h"

namespace tqdb::storage {

namespace {

// A vacuum pays if at least 4,096 rows and at least a quarter of all rows were deleted. It visits
// every value, so its cost is spread over a number of deletes in proportion to the rows.
constexpr uint64_t kVacuumRows = 4'096;
constexpr uint64_t kVacuumFraction = 4;

}  // namespace

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

std::vector<FieldInfo> PayloadIndex::Fields(const RowSet& rows) const {
  std::vector<FieldInfo> infos;
  const uint64_t all = rows.size();
  for (const auto& [path, field] : fields_) {
    const uint64_t seen = field->rows().CountIn(rows);
    infos.push_back({path.ToString(), field->kind(), seen, field->memory_bytes(), seen == all,
                     field->strays().CountIn(rows)});
  }
  return infos;
}

uint64_t PayloadIndex::CountUnseen(const KeyPath& key, const RowSet& rows) const {
  const FieldIndex* field = Find(key);
  return rows.size() - (field != nullptr ? rows.CountIn(field->rows()) : 0);
}

void PayloadIndex::Add(uint64_t row, const nlohmann::json& payload) {
  if (rows_.Contains(row)) return;
  rows_.Add(row);
  for (const auto& [path, field] : fields_) field->Add(row, payload);
}

void PayloadIndex::Remove(uint64_t row) {
  rows_.Remove(row);
  ++removed_;
}

void PayloadIndex::Replace(uint64_t row, const nlohmann::json& old_payload,
                           const nlohmann::json& payload) {
  if (!rows_.Contains(row)) return;
  for (const auto& [path, field] : fields_) {
    field->Remove(row, old_payload);
    field->Add(row, payload);
  }
}

bool PayloadIndex::wants_vacuum() const {
  return removed_ >= kVacuumRows && removed_ * kVacuumFraction >= rows_.size() + removed_;
}

void PayloadIndex::Vacuum() {
  for (const auto& [path, field] : fields_) field->Retain(rows_);
  removed_ = 0;
}

bool PayloadIndex::AddToField(const KeyPath& key, uint64_t row, const nlohmann::json& payload) {
  const auto it = fields_.find(key);
  return it != fields_.end() && rows_.Contains(row) && it->second->Add(row, payload);
}

RowMatches PayloadIndex::Match(const PreparedFilter& filter, FindRow find_row) const {
  return FilterMatcher(*this, find_row).Match(filter.root());
}

void PayloadIndex::Facet(const KeyPath& key, const RowSet& rows, FacetCounts& counts,
                         RowSet& undecided) const {
  const FieldIndex* field = Find(key);
  // A stray row has values that the index does not hold, so its payload must be counted as a whole.
  RowSet known;
  if (field != nullptr) known = (rows & field->rows()) - field->strays();
  const bool served = field != nullptr && field->values().ForEachValue(
                                              [&](const FieldValue& value, const Postings& own) {
                                                if (const uint64_t count = own.CountIn(known))
                                                  counts[value] += count;
                                              });
  undecided = served ? rows - known : rows;
}

absl::StatusOr<FieldKind> PayloadIndex::OrderedKind(const KeyPath& key) const {
  const FieldIndex* field = Find(key);
  const bool ordered = field != nullptr && (field->kind() == FieldKind::kInteger ||
                                            field->kind() == FieldKind::kFloat ||
                                            field->kind() == FieldKind::kDatetime);
  if (!ordered) {
    return absl::FailedPreconditionError(
        absl::StrCat("key ", Quoted(key.ToString()),
                     " has no payload index of integers, floats or times; make one"));
  }
  return field->kind();
}

absl::Status PayloadIndex::Walk(const KeyPath& key, bool descending, const OrderedValue* from,
                                ValueIndex::VisitOrdered visit) const {
  TQDB_RETURN_IF_ERROR(OrderedKind(key).status());
  const FieldIndex* field = Find(key);
  if (field->values().Walk(descending, from, visit)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "the page token is of another kind of index than key ", Quoted(key.ToString()), " has"));
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
