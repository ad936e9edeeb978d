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

namespace {

// Returns the texts that a payload has at a key.
std::vector<absl::string_view> TextsAt(const KeyPath& key, const nlohmann::json& payload) {
  std::vector<absl::string_view> texts;
  AnyValue(payload, key.segments(), [&texts](const nlohmann::json& value) {
    if (value.is_string()) texts.push_back(value.get_ref<const std::string&>());
    return false;
  });
  return texts;
}

}  // namespace

void IndexedPayloads::Rank(const KeyPath& key, Bm25Index& ranking, const Row& row) {
  const std::vector<absl::string_view> texts = TextsAt(key, *row.payload);
  if (texts.empty()) return;
  ranking.Add(row.row, row.id, texts);
  if (retired_.contains(row.row)) ranking.Retire(row.row);
}

void IndexedPayloads::KeepSeen(const Moment& moment, RowSet& rows) const {
  if (end_ > moment.end) rows.RemoveFrom(moment.end);
  if (!moment.dead.empty()) rows -= moment.dead;
}

RowSet IndexedPayloads::RowsAt(const Moment& moment) const {
  RowSet rows = index_.rows();
  KeepSeen(moment, rows);
  return rows;
}

std::vector<uint64_t> IndexedPayloads::EditedAfter(const Moment& moment, bool of_text) const {
  std::vector<uint64_t> rows;
  for (auto edit = edited_.rbegin(); edit != edited_.rend() && edit->moment > moment.number;
       ++edit) {
    if ((edit->of_text || !of_text) && moment.Sees(edit->row)) rows.push_back(edit->row);
  }
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  return rows;
}

uint64_t IndexedPayloads::CountUnseen(const KeyPath& key, const Moment& moment) const {
  // Mostly the index has seen everything, and then the rows of the moment need not be made.
  const uint64_t unseen = index_.CountUnseen(key, index_.rows());
  return unseen == 0 ? 0 : index_.CountUnseen(key, RowsAt(moment));
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

void IndexedPayloads::Add(absl::Span<const Row> rows, absl::Span<const uint64_t> retired) {
  if (rows.empty() && retired.empty()) return;
  const bool fields = has_fields();
  const nlohmann::json none = nlohmann::json::object();
  absl::MutexLock lock(&mutex_);
  changing_ = true;
  for (const Row& row : rows) {
    assert(!fields || row.payload != nullptr);
    index_.Add(row.row, fields ? *row.payload : none);
    for (auto& [key, ranking] : rankings_) Rank(key, *ranking, row);
  }
  for (const uint64_t row : retired) {
    retired_.insert(row);
    for (auto& [key, ranking] : rankings_) ranking->Retire(row);
  }
  if (!rows.empty()) end_ = rows.back().row + 1;
  changing_ = false;
}

void IndexedPayloads::Remove(absl::Span<const uint64_t> rows) {
  if (rows.empty()) return;
  absl::MutexLock lock(&mutex_);
  changing_ = true;
  for (const uint64_t row : rows) {
    index_.Remove(row);
    for (auto& [key, ranking] : rankings_) ranking->Remove(row);
    retired_.erase(row);
  }
  changing_ = false;
}

void IndexedPayloads::Replace(const Edit& edit, uint64_t moment) {
  absl::MutexLock lock(&mutex_);
  if (!index_.rows().Contains(edit.row)) return;
  // Noted whether there is an index or not: one that is made later may see the new payload first.
  Edited& edited = edited_.emplace_back(Edited{moment, edit.row, false});
  num_edited_.store(edited_.size(), std::memory_order_relaxed);
  if (!has_fields()) return;
  changing_ = true;
  index_.Replace(edit.row, *edit.old_payload, *edit.payload);
  for (auto& [key, ranking] : rankings_) {
    // An edit of another key leaves the row where it is: its texts keep their words, and scores of
    // other rows do not change. An index that is being built may not have the row yet.
    const std::vector<absl::string_view> texts = TextsAt(key, *edit.payload);
    const bool same = TextsAt(key, *edit.old_payload) == texts;
    if (same && (texts.empty() || ranking->Contains(edit.row))) continue;
    edited.of_text |= !same;
    ranking->Remove(edit.row);
    if (!texts.empty()) ranking->Add(edit.row, edit.id, texts);
  }
  changing_ = false;
}

void IndexedPayloads::ForgetEdits(uint64_t oldest) {
  // Mostly there are none, and then the writer need not wait for readers that hold the lock.
  if (kept_edits() == 0) return;
  absl::MutexLock lock(&mutex_);
  while (!edited_.empty() && edited_.front().moment <= oldest) edited_.pop_front();
  num_edited_.store(edited_.size(), std::memory_order_relaxed);
}

uint64_t IndexedPayloads::FieldNumber(absl::string_view key) const {
  const absl::StatusOr<KeyPath> path = KeyPath::Parse(key);
  if (!path.ok()) return 0;
  absl::ReaderMutexLock lock(&mutex_);
  const auto number = numbers_.find(*path);
  return number != numbers_.end() ? number->second : 0;
}

bool IndexedPayloads::AddToField(absl::string_view key, uint64_t number,
                                 absl::Span<const Row> rows) {
  const absl::StatusOr<KeyPath> path = KeyPath::Parse(key);
  if (!path.ok()) return false;
  absl::MutexLock lock(&mutex_);
  const auto own = numbers_.find(*path);
  if (changing_ || own == numbers_.end() || own->second != number) return false;
  const auto ranking = rankings_.find(*path);
  for (const Row& row : rows) {
    const bool added = index_.AddToField(*path, row.row, *row.payload);
    if (added && ranking != rankings_.end()) Rank(*path, *ranking->second, row);
  }
  return true;
}

void IndexedPayloads::VacuumIfWorthwhile() {
  absl::MutexLock lock(&mutex_);
  if (index_.wants_vacuum()) index_.Vacuum();
}

absl::StatusOr<std::vector<Hit>> IndexedPayloads::SearchText(const KeyPath& key,
                                                             absl::string_view text,
                                                             const Moment& moment,
                                                             const SparseSearchOptions& options,
                                                             std::vector<uint64_t>& edited) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto ranking = rankings_.find(key);
  if (ranking == rankings_.end()) {
    return absl::FailedPreconditionError(
        absl::StrCat("key ", Quoted(key.ToString()), " has no payload index of texts; make one"));
  }
  if (const uint64_t unseen = CountUnseen(key, moment); unseen > 0) {
    return absl::UnavailableError(absl::StrCat("the payload index of key ", Quoted(key.ToString()),
                                               " is being built: ", unseen, " of ", moment.points,
                                               " points to go"));
  }
  // The search lets writers in between segments, and one of them may delete the index. This
  // reference keeps it until the search is done.
  const std::shared_ptr<const Bm25Index> index = ranking->second;
  SparseSearchOptions own = options;
  std::optional<RowFilter> unedited;
  for (bool yields = true;; yields = false) {
    edited = EditedAfter(moment, /*of_text=*/true);
    if (!edited.empty()) {
      unedited = *options.filter;
      for (const uint64_t row : edited) unedited->Forbid(row);
      own.filter = &*unedited;
    }
    if (!yields) return index->Search(text, own);
    absl::StatusOr<std::vector<Hit>> hits = SearchYielding(mutex_, *index, text, own);
    // An edit in a pause may have changed a row that the search came to later. If so, it is
    // repeated without pauses.
    if (!hits.ok() || EditedAfter(moment, /*of_text=*/true) == edited) return hits;
  }
}

std::optional<float> IndexedPayloads::ScoreText(const KeyPath& key, absl::string_view text,
                                                const nlohmann::json& payload) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto ranking = rankings_.find(key);
  if (ranking == rankings_.end()) return std::nullopt;
  return ranking->second->Score(text, TextsAt(key, payload));
}

bool IndexedPayloads::wants_vacuum() const {
  absl::ReaderMutexLock lock(&mutex_);
  return index_.wants_vacuum();
}

IndexedPayloads::Matches IndexedPayloads::Match(const PreparedFilter& filter,
                                                PayloadIndex::FindRow find_row,
                                                const Moment& moment) const {
  absl::ReaderMutexLock lock(&mutex_);
  Matches matches = {.rows = index_.Match(filter, find_row), .total = index_.rows().size()};
  KeepSeen(moment, matches.rows.certain);
  KeepSeen(moment, matches.rows.undecided);
  for (const uint64_t row : EditedAfter(moment, /*of_text=*/false)) {
    matches.rows.certain.Remove(row);
    matches.rows.undecided.Add(row);
  }
  return matches;
}

void IndexedPayloads::Facet(const KeyPath& key, const RowSet* rows, const Moment& moment,
                            PayloadIndex::FacetCounts& counts, RowSet& undecided) const {
  absl::ReaderMutexLock lock(&mutex_);
  RowSet all = RowsAt(moment);
  if (rows != nullptr) all &= *rows;
  RowSet edited = RowSet::Of(EditedAfter(moment, /*of_text=*/false)) & all;
  index_.Facet(key, edited.empty() ? all : all - edited, counts, undecided);
  undecided |= edited;
}

absl::StatusOr<IndexedPayloads::OrderedRows> IndexedPayloads::Ordered(
    const KeyPath& key, bool descending, const OrderedRow* after, size_t limit, const RowSet* rows,
    const Moment& moment) const {
  OrderedRows found;
  absl::ReaderMutexLock lock(&mutex_);
  TQDB_ASSIGN_OR_RETURN(found.kind, index_.OrderedKind(key));
  if (CountUnseen(key, moment) > 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the payload index of key ", Quoted(key.ToString()), " is being built; try again"));
  }
  const RowSet& all = index_.rows();
  found.edited = EditedAfter(moment, /*of_text=*/false);
  const auto wanted = [&](uint64_t row) {
    return all.Contains(row) && moment.Sees(row) && (rows == nullptr || rows->Contains(row)) &&
           !std::binary_search(found.edited.begin(), found.edited.end(), row);
  };
  TQDB_RETURN_IF_ERROR(index_.Walk(key, descending, after != nullptr ? &after->value : nullptr,
                                   [&](const OrderedValue& value, const Postings& own) {
                                     const bool goes_on = after != nullptr && value == after->value;
                                     return own.ForEach(goes_on ? after->row + 1 : 0,
                                                        [&](uint64_t row) {
                                                          if (wanted(row))
                                                            found.rows.push_back({value, row});
                                                          return found.rows.size() < limit;
                                                        });
                                   }));
  return found;
}

std::vector<FieldInfo> IndexedPayloads::Fields(const Moment& moment) const {
  absl::ReaderMutexLock lock(&mutex_);
  std::vector<FieldInfo> fields = index_.Fields(RowsAt(moment));
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
