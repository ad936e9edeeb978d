#include "storage/indexed_payloads.h"

#include <cassert>
#include <nlohmann/json.hpp>

#include "core/status_macros.h"

namespace tqdb::storage {

absl::Status IndexedPayloads::CreateField(absl::string_view key, FieldKind kind) {
  absl::MutexLock lock(&mutex_);
  TQDB_RETURN_IF_ERROR(index_.CreateField(key, kind));
  has_fields_.store(true, std::memory_order_release);
  return absl::OkStatus();
}

absl::Status IndexedPayloads::DeleteField(absl::string_view key) {
  absl::MutexLock lock(&mutex_);
  TQDB_RETURN_IF_ERROR(index_.DeleteField(key));
  has_fields_.store(index_.has_fields(), std::memory_order_release);
  return absl::OkStatus();
}

void IndexedPayloads::Add(uint64_t first_row, size_t count,
                          absl::Span<const nlohmann::json> payloads) {
  assert(payloads.size() == (has_fields() ? count : 0));
  absl::MutexLock lock(&mutex_);
  for (size_t i = 0; i < count; ++i) {
    payloads.empty() ? index_.Add(first_row + i, nlohmann::json::object())
                     : index_.Add(first_row + i, payloads[i]);
  }
  end_ = first_row + count;
}

void IndexedPayloads::Remove(absl::Span<const uint64_t> rows) {
  if (rows.empty()) return;
  absl::MutexLock lock(&mutex_);
  for (const uint64_t row : rows) index_.Remove(row);
}

void IndexedPayloads::Replace(absl::Span<const Edit> edits) {
  absl::MutexLock lock(&mutex_);
  for (const Edit& edit : edits) index_.Replace(edit.row, edit.old_payload, edit.payload);
}

bool IndexedPayloads::AddToField(absl::string_view key, absl::Span<const uint64_t> rows,
                                 absl::Span<const nlohmann::json> payloads) {
  absl::MutexLock lock(&mutex_);
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!index_.AddToField(key, rows[i], payloads[i])) return false;
  }
  return true;
}

void IndexedPayloads::VacuumIfWorthwhile() {
  absl::MutexLock lock(&mutex_);
  if (index_.wants_vacuum()) index_.Vacuum();
}

bool IndexedPayloads::wants_vacuum() const {
  absl::ReaderMutexLock lock(&mutex_);
  return index_.wants_vacuum();
}

IndexedPayloads::Matches IndexedPayloads::Match(const PreparedFilter& filter,
                                                PayloadIndex::FindRow find_row) const {
  absl::ReaderMutexLock lock(&mutex_);
  return {.rows = index_.Match(filter, find_row),
          .first = index_.rows().empty() ? end_ : index_.rows().min(),
          .end = end_,
          .total = index_.rows().size()};
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
  TQDB_RETURN_IF_ERROR(index_.Walk(
      key, descending, after != nullptr ? &after->value : nullptr,
      [&](const OrderedValue& value, const Postings& own) {
        const bool goes_on = after != nullptr && value == after->value;
        return own.ForEach(goes_on ? after->row + 1 : 0, [&](uint64_t row) {
          if (index_.rows().Contains(row) && (rows == nullptr || rows->Contains(row))) {
            found.push_back({value, row});
          }
          return found.size() < limit;
        });
      }));
  return found;
}

std::vector<FieldInfo> IndexedPayloads::Fields() const {
  absl::ReaderMutexLock lock(&mutex_);
  return index_.Fields();
}

size_t IndexedPayloads::memory_bytes() const {
  absl::ReaderMutexLock lock(&mutex_);
  return index_.memory_bytes();
}

}  // namespace tqdb::storage
