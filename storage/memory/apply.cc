#include "storage/memory/apply.h"

#include <algorithm>
#include <cassert>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace tqdb::storage {

namespace {

// Most rows that are added to an index under one hold of its lock. Readers wait as long.
constexpr size_t kMaxRun = 1024;

const uint8_t* Bytes(absl::string_view code) {
  return reinterpret_cast<const uint8_t*>(code.data());
}

absl::Status Contradiction(const PointId& id, uint64_t row, absl::string_view what) {
  return absl::InternalError(absl::StrCat("point ", id.ToString(), ", row ", row, ": ", what));
}

class Applier {
 public:
  explicit Applier(CollectionState& state) : state_(state), num_spaces_(state.spaces.size()) {}

  // Applies a run of rows that are put or deleted. A run takes every index lock once for all of its
  // rows, and not row by row. Readers ignore the rows until they are published, so the order of
  // indexes and codes does not matter to them.
  absl::Status ApplyRows(absl::Span<const Change> run) {
    rows_.clear();
    retired_.clear();
    for (const Change& change : run) {
      if (const auto* put = std::get_if<PutRow>(&change)) {
        rows_.push_back({put->row, put->id, put->parsed});
        if (put->replaced) retired_.push_back(put->replaced->row);
      } else {
        retired_.push_back(std::get<DeleteRow>(change).keys.row);
      }
    }
    state_.payloads.Add(rows_, retired_);
    for (size_t s = 0; s < state_.sparse_spaces.size(); ++s) AddSparse(s, run);
    for (const Change& change : run) {
      if (const auto* put = std::get_if<PutRow>(&change)) {
        TQDB_RETURN_IF_ERROR(Put(*put));
      } else {
        TQDB_RETURN_IF_ERROR(Delete(std::get<DeleteRow>(change)));
      }
    }
    return absl::OkStatus();
  }

  absl::Status ApplyRow(const PutRow& put) {
    assert(!put.replaced);
    const IndexedPayloads::Row row = {put.row, put.id, put.parsed};
    state_.payloads.Add({&row, 1}, {});
    for (const RowSparse& vector : put.sparse) {
      const SparseSpace::Row own = {put.row, put.id, vector.vector};
      state_.sparse_spaces[vector.space]->Add({&own, 1}, {});
    }
    return Put(put);
  }

  absl::Status operator()(const SetPayload& set) {
    // Without an index of payloads there is no need to parse any.
    const IndexedPayloads::Edit edit = {set.row, set.id, set.old_parsed, set.parsed};
    state_.payloads.Replace(edit, state_.moments.next_number());
    return absl::OkStatus();
  }

  absl::Status operator()(const SetCode& set) {
    Space& space = *state_.spaces[set.space];
    Slot slots[kMaxSpaces];
    const auto row = state_.index.Find(set.id, absl::MakeSpan(slots, num_spaces_));
    if (row != set.row || slots[set.space] == kNoSlot) {
      return Contradiction(set.id, set.row, "is not there to be encoded again");
    }
    // Both codes of the row can be hit until the old one is removed. In the opposite order a search
    // could miss the point.
    TQDB_ASSIGN_OR_RETURN(const Slot slot, space.engine().Append(set.id, set.row, Bytes(set.code)));
    state_.index.SetSlot(set.id, set.row, set.space, slot);
    space.engine().Remove(slots[set.space]);
    if (set.waited) space.waiting_rows().erase(set.row);
    return absl::OkStatus();
  }

  absl::Status operator()(const SetMean& set) {
    return state_.spaces[set.space]->AdoptMean(set.version, set.mean);
  }

  absl::Status operator()(const SetPayloadIndex& set) {
    return set.kind ? state_.payloads.CreateField(set.path, *set.kind)
                    : state_.payloads.DeleteField(set.path);
  }

  absl::Status operator()(const SetMetadata& set) {
    // Readers may hold the old configuration, so it is copied and replaced, never changed.
    auto config = std::make_shared<CollectionConfig>(*state_.config.load());
    config->metadata = set.metadata;
    state_.config.store(std::move(config));
    return absl::OkStatus();
  }

  absl::Status operator()(const PutRow&) { return absl::InternalError("a row outside of a run"); }
  absl::Status operator()(const DeleteRow&) {
    return absl::InternalError("a row outside of a run");
  }

 private:
  // Adds the rows of a run that have a vector in one sparse space, and retires those that die.
  void AddSparse(size_t space, absl::Span<const Change> run) {
    sparse_rows_.clear();
    for (const Change& change : run) {
      const auto* put = std::get_if<PutRow>(&change);
      if (put == nullptr) continue;
      for (const RowSparse& vector : put->sparse) {
        if (vector.space == space) sparse_rows_.push_back({put->row, put->id, vector.vector});
      }
    }
    state_.sparse_spaces[space]->Add(sparse_rows_, retired_);
  }

  // Adds a row to the codes and to the id index, and hides the row that it replaces from later
  // moments.
  absl::Status Put(const PutRow& put) {
    Slot slots[kMaxSpaces], old_slots[kMaxSpaces];
    std::fill_n(slots, num_spaces_, kNoSlot);
    for (const RowVector& vector : put.vectors) {
      Space& space = *state_.spaces[vector.space];
      TQDB_ASSIGN_OR_RETURN(slots[vector.space],
                            space.engine().Append(put.id, put.row, Bytes(vector.code)));
      if (vector.waits) space.waiting_rows().emplace(put.row, put.id);
    }
    const std::optional<uint64_t> old_row =
        put.replaced ? state_.index.Find(put.id, absl::MakeSpan(old_slots, num_spaces_))
                     : std::nullopt;
    if (put.replaced && old_row != put.replaced->row) {
      return Contradiction(put.id, put.replaced->row, "is not there to be replaced");
    }
    state_.index.Set(put.id, put.row, absl::MakeConstSpan(slots, num_spaces_));
    state_.next_row = put.row + 1;
    if (put.replaced) Hide(*put.replaced, absl::MakeConstSpan(old_slots, num_spaces_));
    return absl::OkStatus();
  }

  absl::Status Delete(const DeleteRow& deleted) {
    Slot slots[kMaxSpaces];
    const auto row = state_.index.Find(deleted.id, absl::MakeSpan(slots, num_spaces_));
    if (row != deleted.keys.row) {
      return Contradiction(deleted.id, deleted.keys.row, "is not there to be deleted");
    }
    state_.index.Erase(deleted.id);
    Hide(deleted.keys, absl::MakeConstSpan(slots, num_spaces_));
    return absl::OkStatus();
  }

  // Notes that no read from the next moment on sees the row.
  void Hide(const RowKeys& keys, absl::Span<const Slot> slots) {
    for (size_t s = 0; s < num_spaces_; ++s) {
      if ((keys.waiting >> s & 1) != 0) state_.spaces[s]->waiting_rows().erase(keys.row);
    }
    state_.moments.AddDead(keys.row, slots);
  }

  CollectionState& state_;
  const size_t num_spaces_;
  // Scratch space of a run, kept so that later runs need not allocate it again.
  std::vector<IndexedPayloads::Row> rows_;
  std::vector<uint64_t> retired_;
  std::vector<SparseSpace::Row> sparse_rows_;
};

bool IsRow(const Change& change) {
  return std::holds_alternative<PutRow>(change) || std::holds_alternative<DeleteRow>(change);
}

}  // namespace

absl::Status ApplyChanges(absl::Span<const Change> changes, CollectionState& state) {
  Applier applier(state);
  while (!changes.empty()) {
    size_t run = 0;
    while (run < std::min(kMaxRun, changes.size()) && IsRow(changes[run])) ++run;
    if (run > 0) {
      TQDB_RETURN_IF_ERROR(applier.ApplyRows(changes.subspan(0, run)));
    } else {
      TQDB_RETURN_IF_ERROR(std::visit(applier, changes.front()));
      run = 1;
    }
    changes.remove_prefix(run);
  }
  return absl::OkStatus();
}

absl::Status ApplyRow(const PutRow& put, CollectionState& state) {
  return Applier(state).ApplyRow(put);
}

void PublishMoment(std::shared_ptr<const ReadView> view, CollectionState& state) {
  state.moments.Publish(state.next_row, state.index.size(), std::move(view));
  RemoveDead(state);
}

void RemoveDead(CollectionState& state) {
  if (state.moments.dead_rows() + state.payloads.kept_edits() > Moments::kMaxKept) {
    state.moments.ExpireEarlier();
  }
  const std::vector<DeadRow> unseen = state.moments.TakeUnseen();
  state.payloads.ForgetEdits(state.moments.oldest());
  if (unseen.empty()) return;
  std::vector<uint64_t> rows;
  for (const DeadRow& dead : unseen) {
    rows.push_back(dead.row);
    for (size_t s = 0; s < state.spaces.size(); ++s) {
      if (dead.slots[s] != kNoSlot) state.spaces[s]->engine().Remove(dead.slots[s]);
    }
  }
  for (const std::unique_ptr<SparseSpace>& space : state.sparse_spaces) space->Remove(rows);
  state.payloads.Remove(rows);
  state.moments.PublishAgain(unseen);
}

}  // namespace tqdb::storage
