#include "storage/memory/indexed_payloads.h"

#include <algorithm>
#include <cassert>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/quoted.h"
#include "base/status_macros.h"
#include "storage/memory/search_yielding.h"
#include "storage/payload/payload_walk.h"

namespace tqdb::storage {

void IndexedPayloads::Rank(const KeyPath& key, Bm25Index& ranking, uint64_t row,
                           const nlohmann::json& payload) {
  std::vector<absl::string_view> texts;
  AnyValue(payload, key.segments(), [&texts](const nlohmann::json& value) {
    if (value.is_string()) texts.push_back(value.get_ref<const std::string&>());
    return false;
  });
  if (!texts.empty()) ranking.Add(row, texts);
}

absl::Status IndexedPayloads::CreateField(absl::string_view key, FieldKind kind) {
  TQDB_ASSIGN_OR_RETURN(const KeyPath path, KeyPath::Parse(key));
  absl::MutexLock lock(&mutex_);
  TQDB_RETURN_IF_ERROR(index_.CreateField(key, kind));
  if (kind == FieldKind::kText) rankings_[path] = std::make_shared<Bm25Index>(Bm25Options());
  numbers_[path] = next_number_++;
  has_fields_.store(true, std::memory_order_release);
  return absl::OkStatus();
}

absl::Status IndexedPayloads::DeleteField(absl::string_view key) {
  TQDB_ASSIGN_OR_RETURN(const KeyPath path, KeyPath::Parse(key));
  absl::MutexLock lock(&mutex_);
  TQDB_RETURN_IF_ERROR(index_.DeleteField(key));
  rankings_.erase(path);
  numbers_.erase(path);
  has_fields_.store(index_.has_fields(), std::memory_order_release);
  return absl::OkStatus();
}

void IndexedPayloads::Add(absl::Span<const Row> rows) {
  if (rows.empty()) return;
  const bool fields = has_fields();
  const nlohmann::json none = nlohmann::json::object();
  absl::MutexLock lock(&mutex_);
  for (const Row& row : rows) {
    assert(!fields || row.payload != nullptr);
    const nlohmann::json& payload = fields ? *row.payload : none;
    index_.Add(row.row, payload);
    for (auto& [key, ranking] : rankings_) Rank(key, *ranking, row.row, payload);
  }
  end_ = rows.back().row + 1;
}

void IndexedPayloads::Remove(absl::Span<const uint64_t> rows) {
  if (rows.empty()) return;
  absl::MutexLock lock(&mutex_);
  for (const uint64_t row : rows) {
    index_.Remove(row);
    for (auto& [key, ranking] : rankings_) ranking->Remove(row);
  }
}

void IndexedPayloads::Replace(absl::Span<const Edit> edits) {
  absl::MutexLock lock(&mutex_);
  for (const Edit& edit : edits) {
    if (!index_.rows().Contains(edit.row)) continue;
    index_.Replace(edit.row, edit.old_payload, edit.payload);
    for (auto& [key, ranking] : rankings_) {
      ranking->Remove(edit.row);
      Rank(key, *ranking, edit.row, edit.payload);
    }
  }
}

uint64_t IndexedPayloads::FieldNumber(absl::string_view key) const {
  const absl::StatusOr<KeyPath> path = KeyPath::Parse(key);
  if (!path.ok()) return 0;
  absl::ReaderMutexLock lock(&mutex_);
  const auto number = numbers_.find(*path);
  return number != numbers_.end() ? number->second : 0;
}

bool IndexedPayloads::AddToField(absl::string_view key, uint64_t number,
                                 absl::Span<const uint64_t> rows,
                                 absl::Span<const nlohmann::json> payloads) {
  const absl::StatusOr<KeyPath> path = KeyPath::Parse(key);
  if (!path.ok()) return false;
  absl::MutexLock lock(&mutex_);
  const auto own = numbers_.find(*path);
  if (own == numbers_.end() || own->second != number) return false;
  const auto ranking = rankings_.find(*path);
  for (size_t i = 0; i < rows.size(); ++i) {
    const bool added = index_.AddToField(*path, rows[i], payloads[i]);
    if (added && ranking != rankings_.end()) Rank(*path, *ranking->second, rows[i], payloads[i]);
  }
  return true;
}

void IndexedPayloads::VacuumIfWorthwhile() {
  absl::MutexLock lock(&mutex_);
  if (index_.wants_vacuum()) index_.Vacuum();
}

absl::StatusOr<std::vector<RowHit>> IndexedPayloads::SearchText(
    const KeyPath& key, absl::string_view text, const SparseSearchOptions& options) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto ranking = rankings_.find(key);
  if (ranking == rankings_.end()) {
    return absl::FailedPreconditionError(
        absl::StrCat("key ", Quoted(key.ToString()), " has no payload index of texts; make one"));
  }
  if (const uint64_t unseen = index_.CountUnseen(key); unseen > 0) {
    return absl::UnavailableError(absl::StrCat("the payload index of key ", Quoted(key.ToString()),
                                               " is being built: ", unseen, " of ",
                                               index_.rows().size(), " points to go"));
  }
  // The search lets writers in between segments, and one of them may delete the index. This
  // reference keeps it until the search is done.
  const std::shared_ptr<const Bm25Index> index = ranking->second;
  return SearchYielding(mutex_, *index, text, options);
}

bool IndexedPayloads::wants_vacuum() const {
  absl::ReaderMutexLock lock(&mutex_);
  return index_.wants_vacuum();
}

IndexedPayloads::Matches IndexedPayloads::Match(const PreparedFilter& filter,
                                                PayloadIndex::FindRow find_row) const {
  absl::ReaderMutexLock lock(&mutex_);
  return {.rows = index_.Match(filter, find_row), .end = end_, .total = index_.rows().size()};
}

void IndexedPayloads::Facet(const KeyPath& key, const RowSet* rows,
                            PayloadIndex::FacetCounts& counts, RowSet& undecided) const {
  absl::ReaderMutexLock lock(&mutex_);
  index_.Facet(key, rows != nullptr ? *rows & index_.rows() : index_.rows(), counts, undecided);
}

absl::StatusOr<std::vector<IndexedPayloads::OrderedRow>> IndexedPayloads::Ordered(
    const KeyPath& key, bool descending, const OrderedRow* after, size_t limit,
    const RowSet* rows) const {
  std::vector<OrderedRow> found;
  absl::ReaderMutexLock lock(&mutex_);
  const RowSet& all = index_.rows();
  TQDB_RETURN_IF_ERROR(
      index_.Walk(key, descending, after != nullptr ? &after->value : nullptr,
                  [&](const OrderedValue& value, const Postings& own) {
                    const bool goes_on = after != nullptr && value == after->value;
                    return own.ForEach(goes_on ? after->row + 1 : 0, [&](uint64_t row) {
                      if (all.Contains(row) && (rows == nullptr || rows->Contains(row))) {
                        found.push_back({value, row});
                      }
                      return found.size() < limit;
                    });
                  }));
  return found;
}

std::vector<FieldInfo> IndexedPayloads::Fields() const {
  absl::ReaderMutexLock lock(&mutex_);
  std::vector<FieldInfo> fields = index_.Fields();
  for (const auto& [key, ranking] : rankings_) {
    const auto own =
        std::find_if(fields.begin(), fields.end(),
                     [path = key.ToString()](const FieldInfo& f) { return f.key == path; });
    if (own != fields.end()) own->memory_bytes += ranking->memory_bytes();
  }
  return fields;
}

size_t IndexedPayloads::memory_bytes() const {
  absl::ReaderMutexLock lock(&mutex_);
  size_t bytes = index_.memory_bytes();
  for (const auto& [key, ranking] : rankings_) bytes += ranking->memory_bytes();
  return bytes;
}

}  // namespace tqdb::storage
