#include "storage/write/planner.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/quoted.h"
#include "base/status_macros.h"
#include "storage/disk/format.h"
#include "storage/disk/keys.h"
#include "storage/payload/json_depth.h"

namespace tqdb::storage {

namespace {

// Returns the floats that `bytes` hold. The bytes may lie anywhere, and a float must be aligned, so
// they are copied.
std::vector<float> ToFloats(absl::string_view bytes) {
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

// Number that stands for a point which was not written, in the outcome of a record. No row is as
// high.
constexpr uint64_t kSkipped = ~uint64_t{0} - 1;

// Returns the version of the mean of a code, which begins with it; 0 for none. Requires: the code
// is not shorter than its header, which validation and decoding check.
uint32_t MeanVersionOf(absl::string_view code) {
  uint32_t version;
  std::memcpy(&version, code.data(), sizeof(version));
  return version;
}

}  // namespace

Planner::Planner(const Store& store, const CollectionState& state, bool many)
    : store_(store),
      state_(state),
      many_(many),
      next_row_(state.next_row),
      position_(state.position()) {
  for (size_t s = 0; s < state.spaces.size(); ++s) {
    waiting_[s] = static_cast<int>(state.spaces[s]->waiting_rows().size());
  }
}

absl::Status Planner::Plan(const WriteRecord& record, PreparedParts& parts, WriteResult& result,
                           absl::Status& rejected) {
  // The digest covers what the record says and what it came to. If two machines decide differently,
  // their digests differ from this record on.
  if (!parts.content) parts.content = ContentDigest(record);
  parts_ = &parts;
  result_ = &result;
  rejected_ = absl::OkStatus();
  outcome_ = Hasher();
  // The record is counted only behind this line. So an error of this machine alone, for example a
  // payload that cannot be read, leaves sequence and digest as they were. A rejection is counted,
  // because all machines come to it.
  TQDB_RETURN_IF_ERROR(std::visit([this](const auto& of) { return Plan(of); }, record));
  outcome_.Add(static_cast<uint64_t>(rejected_.code()));
  position_.sequence += 1;
  position_.digest =
      NextDigest(position_.digest, position_.sequence, *parts.content, outcome_.Finish());
  rejected = rejected_;
  return absl::OkStatus();
}

std::optional<RowKeys> Planner::Find(const PointId& id) const {
  if (const auto it = pending_.find(id); it != pending_.end()) return it->second;
  // Memory has the newest state here, and no moment is asked: only the leader changes it, and the
  // leader is this thread.
  Slot slots[kMaxSpaces];
  const size_t num_spaces = state_.spaces.size();
  const std::optional<uint64_t> row = state_.index.Find(id, absl::MakeSpan(slots, num_spaces));
  if (!row) return std::nullopt;
  RowKeys keys = {*row, 0, 0};
  for (size_t s = 0; s < num_spaces; ++s) {
    if (slots[s] == kNoSlot) continue;
    keys.spaces |= uint32_t{1} << s;
    if (state_.spaces[s]->waiting_rows().count(*row) > 0) keys.waiting |= uint32_t{1} << s;
  }
  return keys;
}

void Planner::CountWaiting(uint32_t spaces, int delta) {
  for (size_t s = 0; spaces != 0; ++s, spaces >>= 1) {
    if ((spaces & 1) != 0) waiting_[s] += delta;
  }
}

absl::string_view Planner::EncodeAgain(const Space& space, const Mean& mean,
                                       absl::string_view raw) {
  const std::vector<float> values = ToFloats(raw);
  std::string& code = texts_.emplace_back(space.codec().code_bytes(), '\0');
  space.codec().Encode(MatrixView(values.data(), 1, space.dim()), &mean,
                       reinterpret_cast<uint8_t*>(code.data()));
  return code;
}

RowVector Planner::VectorOf(const VectorColumn& column, size_t rows, size_t r) {
  const Space& space = *state_.spaces[column.space];
  RowVector vector = {.space = column.space,
                      .waits = false,
                      .code = RowBytes(column.codes, rows, r),
                      .original = RowBytes(column.originals, rows, r)};
  // Raw vectors come only to a space that keeps no originals and had no mean when the record was
  // encoded. Its first rows keep theirs until there is a mean, and are then encoded under it.
  if (column.raw.empty()) return vector;
  if (MeanVersionOf(vector.code) != 0) return vector;
  if (space.waits_for_mean()) {
    // Rows beyond the limit stay without a mean for good, as a space keeps few vectors only.
    if (waiting_[column.space] < static_cast<int>(Space::kMaxWaitingRows)) {
      vector.waits = true;
      vector.original = RowBytes(column.raw, rows, r);
    }
  } else if (const std::shared_ptr<const Mean> mean = space.engine().current_mean()) {
    // The first mean was adopted after this record was encoded and before its turn.
    vector.code = EncodeAgain(space, *mean, RowBytes(column.raw, rows, r));
  }
  return vector;
}

bool Planner::HasMeansOf(const VectorColumn& column) const {
  const size_t rows = CountRows(column.row_of_point);
  uint32_t known = 0;  // 0 is always there
  for (size_t r = 0; r < rows; ++r) {
    const uint32_t version = MeanVersionOf(RowBytes(column.codes, rows, r));
    if (version == 0 || version == known) continue;
    if (state_.spaces[column.space]->engine().FindMean(version) == nullptr) return false;
    known = version;
  }
  return true;
}

bool Planner::Skips(const UpsertRecord& upsert, bool exists) {
  switch (upsert.mode) {
    case UpsertMode::kUpsert: return false;
    case UpsertMode::kInsert: return exists;
    case UpsertMode::kUpdate:
    case UpsertMode::kUpdateVectors: break;
  }
  return !exists;
}

absl::Status Planner::ReadExisting(const UpsertRecord& upsert, Existing& existing) {
  const size_t points = upsert.ids.size();
  existing.place.assign(points, -1);
  existing.matches.assign(points, true);
  if (!upsert.reads_points()) return absl::OkStatus();
  if (upsert.condition && !parts_->condition) {
    TQDB_ASSIGN_OR_RETURN(parts_->condition, PreparedFilter::Create(*upsert.condition));
  }
  const bool keeps = upsert.mode == UpsertMode::kUpdateVectors;
  std::vector<StoredPoints::Wanted> wanted;
  for (size_t i = 0; i < points; ++i) {
    const std::optional<RowKeys> keys = Find(upsert.ids[i]);
    if (!keys) continue;
    StoredPoints::Wanted point = {upsert.ids[i], *keys};
    for (const VectorColumn& column : upsert.vectors) {
      if (column.row_of_point[i] >= 0) point.without_spaces |= uint32_t{1} << column.space;
    }
    for (const SparseColumn& column : upsert.sparse) {
      if (column.row_of_point[i] >= 0) point.without_sparse |= uint32_t{1} << column.space;
    }
    existing.place[i] = static_cast<int32_t>(wanted.size());
    wanted.push_back(point);
  }
  TQDB_ASSIGN_OR_RETURN(stored_.emplace_back(), StoredPoints::Read(store_, state_, wanted, keeps));
  existing.points = &stored_.back()->points();
  const PreparedFilter* condition = parts_->condition ? &*parts_->condition : nullptr;
  const bool fields = keeps && state_.payloads.has_fields();
  const nlohmann::json none = nlohmann::json::object();
  existing.trees.assign(points, nullptr);
  for (size_t i = 0; i < points; ++i) {
    if (existing.place[i] < 0) continue;
    const StoredPoints::Point& point = (*existing.points)[static_cast<size_t>(existing.place[i])];
    if (fields || (condition != nullptr && condition->reads_payload())) {
      nlohmann::json& tree = trees_.emplace_back();
      TQDB_ASSIGN_OR_RETURN(tree, ParsePayload(point.payload));
      existing.trees[i] = &tree;
    }
    if (condition == nullptr) continue;
    existing.matches[i] =
        condition->Matches(upsert.ids[i], existing.trees[i] != nullptr ? *existing.trees[i] : none);
  }
  return absl::OkStatus();
}

absl::Status Planner::Plan(const UpsertRecord& upsert) {
  // Whatever can fail comes before the first change and before the first row number is taken. An
  // error or a rejection then leaves nothing to be taken back.
  const size_t points = upsert.ids.size();
  for (const VectorColumn& column : upsert.vectors) {
    if (HasMeansOf(column)) continue;
    rejected_ = absl::FailedPreconditionError(
        absl::StrCat("a code of vector space '", state_.spaces[column.space]->config().name,
                     "' is under a mean that the collection has not adopted"));
    return absl::OkStatus();
  }
  const bool keeps = upsert.mode == UpsertMode::kUpdateVectors;
  // A payload index may have been created while the record was waiting for its turn. Its writer saw
  // no index and parsed nothing, so the payloads are parsed here.
  const bool fields = state_.payloads.has_fields();
  std::vector<nlohmann::json>& parsed = parsed_.emplace_back(std::move(parts_->payloads));
  if (fields && !keeps && parsed.size() != points) {
    parsed.clear();
    for (size_t i = 0; i < points; ++i) {
      TQDB_ASSIGN_OR_RETURN(
          parsed.emplace_back(),
          ParsePayload(upsert.payloads.empty() ? absl::string_view() : upsert.payloads[i]));
    }
  }
  Existing existing;
  TQDB_RETURN_IF_ERROR(ReadExisting(upsert, existing));
  // Two arrays hold the vectors of all points: changes point into them, so they must not grow.
  size_t vectors_left = 0, sparse_left = 0;
  std::vector<size_t> rows_of_column;
  for (const VectorColumn& column : upsert.vectors) {
    rows_of_column.push_back(CountRows(column.row_of_point));
    vectors_left += rows_of_column.back();
  }
  for (const SparseColumn& column : upsert.sparse) sparse_left += CountRows(column.row_of_point);
  if (keeps) {
    for (const StoredPoints::Point& point : *existing.points) {
      vectors_left += point.vectors.size();
      sparse_left += point.sparse.size();
    }
  }
  vectors_.push_back(std::make_unique<RowVector[]>(vectors_left));
  sparse_.push_back(std::make_unique<RowSparse[]>(sparse_left));
  RowVector* vectors = vectors_.back().get();
  RowSparse* sparse = sparse_.back().get();

  changes_.reserve(changes_.size() + points);
  for (size_t i = 0; i < points; ++i) {
    PutRow put;
    put.id = upsert.ids[i];
    // Asked before pending_ gets the new row: an earlier record of the group may have put the
    // point, and its row is the one to be replaced.
    put.replaced = Find(put.id);
    if (Skips(upsert, put.replaced.has_value()) || !existing.matches[i]) {
      ++result_->skipped;
      outcome_.Add(kSkipped);
      continue;
    }
    put.row = next_row_++;
    if (!upsert.payloads.empty()) put.payload = upsert.payloads[i];
    if (fields && !keeps) put.parsed = &parsed[i];
    if (put.replaced) {
      ++result_->replaced;
      // The count is kept while the group is planned, since a space keeps a limited number of rows.
      // A row that goes makes room for a later one of the same group.
      CountWaiting(put.replaced->waiting, -1);
    } else {
      ++result_->inserted;
    }
    RowKeys keys = {put.row, 0, 0};
    RowVector* const first_vector = vectors;
    RowSparse* const first_sparse = sparse;
    if (keeps) {
      // Before the new vectors: a kept one that waits for a mean takes its room back first.
      const StoredPoints::Point& kept = (*existing.points)[static_cast<size_t>(existing.place[i])];
      put.payload = kept.payload;
      if (fields) put.parsed = existing.trees[i];
      for (const RowVector& vector : kept.vectors) {
        keys.spaces |= uint32_t{1} << vector.space;
        if (vector.waits) keys.waiting |= uint32_t{1} << vector.space;
        *vectors++ = vector;
      }
      for (const RowSparse& vector : kept.sparse) *sparse++ = vector;
    }
    for (size_t c = 0; c < upsert.vectors.size(); ++c) {
      const VectorColumn& column = upsert.vectors[c];
      if (column.row_of_point[i] < 0) continue;
      *vectors = VectorOf(column, rows_of_column[c], static_cast<size_t>(column.row_of_point[i]));
      keys.spaces |= uint32_t{1} << column.space;
      if (vectors->waits) keys.waiting |= uint32_t{1} << column.space;
      ++vectors;
    }
    for (const SparseColumn& column : upsert.sparse) {
      if (column.row_of_point[i] < 0) continue;
      const auto r = static_cast<size_t>(column.row_of_point[i]);
      *sparse++ = {column.space, column.encoded[r], column.rows[r]};
    }
    put.vectors = absl::MakeConstSpan(first_vector, vectors);
    put.sparse = absl::MakeConstSpan(first_sparse, sparse);
    CountWaiting(keys.waiting, 1);
    if (many_) pending_[put.id] = keys;
    // Everything here depends on the state, and on more than the record: the rows, and which of the
    // vectors wait. What the record says is in the digest of its content. Codes that are kept are
    // left out: each machine encodes rows again at times of its own.
    outcome_.Add(put.row);
    outcome_.Add(put.replaced ? put.replaced->row : ~uint64_t{0});
    outcome_.Add(uint64_t{keys.waiting});
    changes_.push_back(put);
  }
  return absl::OkStatus();
}

absl::Status Planner::Plan(const DeleteRecord& deletion) {
  for (size_t i = 0; i < deletion.ids.size(); ++i) {
    const PointId& id = deletion.ids[i];
    const std::optional<RowKeys> keys = Find(id);
    // Neither case is an error. The point is gone already, or it is another one than the filter has
    // seen.
    if (!keys || (!deletion.rows.empty() && keys->row != deletion.rows[i])) continue;
    CountWaiting(keys->waiting, -1);
    pending_[id] = std::nullopt;  // even without `many_`: one record may name an id twice
    ++result_->deleted;
    outcome_.Add(keys->row);
    changes_.push_back(DeleteRow{id, *keys});
  }
  return absl::OkStatus();
}

absl::Status Planner::Plan(const EditRecord& edit) {
  // The text of an edit was checked when the record was made or decoded, so these cannot fail for
  // bad input.
  if (!parts_->edit) {
    TQDB_ASSIGN_OR_RETURN(parts_->edit, PreparedEdit::Create(edit.edit));
  }
  if (edit.condition && !parts_->condition) {
    TQDB_ASSIGN_OR_RETURN(parts_->condition, PreparedFilter::Create(*edit.condition));
  }
  // Payloads are read and edited here, in the order of the records, so that the edit works on the
  // payload that its condition has seen. All rows are read at once: it is the leader who waits.
  const PreparedFilter* condition = parts_->condition ? &*parts_->condition : nullptr;
  const bool fields = state_.payloads.has_fields();
  const bool wants_tree = fields || (condition != nullptr && condition->reads_payload());
  std::vector<SetPayload> edits;
  std::vector<Key> keys;
  for (const PointId& id : edit.ids) {
    const std::optional<RowKeys> row = Find(id);
    if (!row) continue;
    edits.push_back({id, row->row, {}, nullptr, nullptr});
    keys.push_back(Key::OfRow(row->row));
  }
  // The newest state of the disk is that of this record's turn: an edit comes first in its batch
  // (Write::sharing), so all records before it are written.
  TQDB_ASSIGN_OR_RETURN(const auto values, store_.MultiGet(Family::kPayloads, keys));
  size_t kept = 0;
  const nlohmann::json none = nlohmann::json::object();
  for (size_t i = 0; i < edits.size(); ++i) {
    SetPayload& set = edits[i];
    absl::string_view text = values[i] ? absl::string_view(*values[i]) : absl::string_view();
    PointId id;
    if (!ConsumeId(&text, &id) || id != set.id) {
      return absl::DataLossError(absl::StrCat("payload of row ", set.row, " is damaged"));
    }
    // The edit works on the text. The condition and the index need a tree, and share it.
    nlohmann::json* old_parsed = nullptr;
    if (wants_tree) {
      old_parsed = &trees_.emplace_back();
      TQDB_ASSIGN_OR_RETURN(*old_parsed, ParsePayload(text));
    }
    if (condition != nullptr &&
        !condition->Matches(id, old_parsed != nullptr ? *old_parsed : none)) {
      continue;
    }
    // One payload that cannot be edited rejects the record, so that all payloads change or none.
    absl::StatusOr<std::string> edited = parts_->edit->Apply(text);
    if (absl::IsDataLoss(edited.status())) return edited.status();
    if (edited.ok() && edited->size() > kMaxPayloadBytes) {
      edited = absl::InvalidArgumentError(absl::StrCat("the payload would have ", edited->size(),
                                                       " bytes; allowed: ", kMaxPayloadBytes));
    }
    if (!edited.ok()) {
      rejected_ = absl::Status(edited.status().code(), absl::StrCat("point ", id.ToString(), ": ",
                                                                    edited.status().message()));
      return absl::OkStatus();
    }
    // The ids of an edit are distinct and its rows stay. So pending_ needs no entry, and no point
    // is edited twice on the payload that was read above.
    set.payload = texts_.emplace_back(*std::move(edited));
    if (fields) {
      set.old_parsed = old_parsed;
      nlohmann::json& parsed = trees_.emplace_back();
      TQDB_ASSIGN_OR_RETURN(parsed, ParsePayload(set.payload));
      set.parsed = &parsed;
    }
    edits[kept++] = set;
  }
  edits.resize(kept);
  result_->edited = kept;
  // Only now, when every payload of the record could be edited.
  for (const SetPayload& set : edits) {
    outcome_.Add(set.row);
    outcome_.Add(set.payload);
    changes_.push_back(set);
  }
  return absl::OkStatus();
}

absl::Status Planner::Plan(const MeanRecord& mean) {
  // Several threads may propose a mean at once, each for the same base. The first one in the order
  // is adopted. The others name a base that is no longer in force, and come to nothing.
  const Space& space = *state_.spaces[mean.space];
  // Version numbers have no gaps, so that a number names the same mean on every machine.
  const bool next = mean.version == 0 || mean.version == space.mean_versions() + 1;
  if (!space.centers() || mean.base_version != space.current_mean_version() || !next ||
      mean.version == mean.base_version) {
    return absl::OkStatus();
  }
  std::shared_ptr<const Mean> adopted;
  if (mean.version != 0) adopted = space.codec().MakeMean(mean.version, mean.mu);
  // An error below must leave no change behind, so remember where the changes of this record begin.
  const size_t first = changes_.size();
  changes_.push_back(SetMean{mean.space, mean.version, adopted});
  if (adopted != nullptr) {
    if (const absl::Status status = EncodeWaitingRows(space, *adopted); !status.ok()) {
      changes_.resize(first);
      return status;
    }
  }
  // A record that comes to nothing adds nothing to the outcome, and one that is adopted adds its
  // version. So machines that decide differently are found out.
  result_->adopted = true;
  outcome_.Add(uint64_t{mean.version});
  return absl::OkStatus();
}

absl::Status Planner::EncodeWaitingRows(const Space& space, const Mean& mean) {
  const Space::WaitingRows& waiting = space.waiting_rows();
  if (waiting.empty()) return absl::OkStatus();
  std::vector<Key> keys;
  for (const auto& [row, id] : waiting) keys.push_back(Key::OfSpaceRow(space.index(), row));
  TQDB_ASSIGN_OR_RETURN(const auto values, store_.MultiGet(Family::kVectors, keys));
  size_t i = 0;
  for (const auto& [row, id] : waiting) {
    const std::optional<std::string>& raw = values[i++];
    if (!raw || raw->size() != space.dim() * sizeof(float)) {
      return absl::DataLossError(absl::StrCat("the vector of row ", row, ", which waits for a mean",
                                              ", is missing or damaged"));
    }
    const absl::string_view code = EncodeAgain(space, mean, *raw);
    changes_.push_back(SetCode{static_cast<uint32_t>(space.index()), row, id, code, true});
    outcome_.Add(row);
    // The code too, and not only the row: a machine that encodes differently shows in the digest.
    outcome_.Add(code);
  }
  return absl::OkStatus();
}

absl::Status Planner::Plan(const IndexRecord& index) {
  // The state is asked here, although the caller asked it before it queued the record. Two callers
  // may ask at once. Only at its place in the order does the second record find the index that the
  // first one has created.
  std::optional<FieldKind> has;
  size_t count = 0;
  for (const FieldInfo& field : state_.payloads.Fields(*state_.moments.now())) {
    ++count;
    if (field.key == index.path) has = field.kind;
  }
  if (index.kind && has && *index.kind != *has) {
    rejected_ = absl::AlreadyExistsError(absl::StrCat(
        "key ", Quoted(index.path), " has a payload index of another kind; delete it first"));
  } else if (index.kind && !has && count >= kMaxIndexedFields) {
    rejected_ = absl::ResourceExhaustedError(absl::StrCat(
        "the collection has ", count, " payload indexes; allowed: ", kMaxIndexedFields));
  } else if (!index.kind && !has) {
    rejected_ =
        absl::NotFoundError(absl::StrCat("key ", Quoted(index.path), " has no payload index"));
  } else if (!index.kind || !has) {
    changes_.push_back(SetPayloadIndex{index.path, index.kind});
  }
  return absl::OkStatus();
}

absl::Status Planner::Plan(const MetadataRecord& set) {
  changes_.push_back(SetMetadata{set.metadata});
  return absl::OkStatus();
}

void Planner::Reencode(const Space& space, absl::Span<const PointId> ids,
                       absl::Span<const uint64_t> rows, absl::string_view codes) {
  const size_t code_bytes = space.codec().code_bytes();
  for (size_t i = 0; i < ids.size(); ++i) {
    // Nothing is added to an outcome, and no record is counted. Machines re-encode at times of
    // their own, and must still have equal digests.
    const std::optional<RowKeys> keys = Find(ids[i]);
    // A point that was replaced has a new row, whose code is newer than this one.
    if (!keys || keys->row != rows[i] || (keys->spaces >> space.index() & 1) == 0) continue;
    changes_.push_back(SetCode{static_cast<uint32_t>(space.index()), rows[i], ids[i],
                               codes.substr(i * code_bytes, code_bytes), false});
  }
}

}  // namespace tqdb::storage
