#include "storage/upkeep/reencode.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "storage/disk/keys.h"
#include "storage/memory/apply.h"

namespace tqdb::storage {

namespace {

// Number of rows in one write. A larger batch would make other writers wait noticeably, and a
// smaller one would spend its time on log records.
constexpr size_t kBatchRows = 256;

// A write of new codes for existing rows. The planner leaves out rows that are gone by its turn.
class ReencodeWrite : public Write {
 public:
  // `codes` has ids.size() * code_bytes bytes. Requires: all arguments outlive the write.
  ReencodeWrite(const Space& space, absl::Span<const PointId> ids, absl::Span<const uint64_t> rows,
                absl::string_view codes)
      : Write(codes.size(), Durability::kAsync),
        space_(space),
        ids_(ids),
        rows_(rows),
        codes_(codes) {}
  Sharing sharing() const override { return Sharing::kAny; }
  bool numbered() const override { return false; }
  absl::Status Plan(Planner& planner) override {
    planner.Reencode(space_, ids_, rows_, codes_);
    return absl::OkStatus();
  }

 private:
  const Space& space_;
  const absl::Span<const PointId> ids_;
  const absl::Span<const uint64_t> rows_;
  const absl::string_view codes_;
};

// A write that lets a space free the memory of dead rows. It changes nothing on disk, where dead
// rows do not exist. It takes its turn in the queue because it moves rows to other slots, and no
// other write may use slots at the same time.
class VacuumWrite : public Write {
 public:
  explicit VacuumWrite(Space& space) : Write(0, Durability::kAsync), space_(space) {}
  Sharing sharing() const override { return Sharing::kAny; }
  bool numbered() const override { return false; }
  absl::Status Plan(Planner&) override { return absl::OkStatus(); }
  absl::Status Finish(CollectionState& state) override {
    std::vector<std::pair<uint64_t, Slot>> moved;
    const bool dead_rows = state.moments.dead_rows() > 0;
    space_.engine().Vacuum([&](uint64_t row, const PointId& id, Slot, Slot to) {
      state.index.SetSlot(id, row, space_.index(), to);
      if (dead_rows) moved.emplace_back(row, to);
    });
    // Dead rows that a read still sees have been moved like live ones.
    state.moments.MoveDead(space_.index(), std::move(moved));
    return absl::OkStatus();
  }

 private:
  Space& space_;
};

// A write that removes the dead rows which no read sees any more from memory. Usually the next
// write does so on its way. This one is for a collection that is not written to any more.
class RemovalWrite : public Write {
 public:
  RemovalWrite() : Write(0, Durability::kAsync) {}
  Sharing sharing() const override { return Sharing::kAny; }
  bool numbered() const override { return false; }
  absl::Status Plan(Planner&) override { return absl::OkStatus(); }
  absl::Status Finish(CollectionState& state) override {
    RemoveDead(state);
    return absl::OkStatus();
  }
};

}  // namespace

absl::Status Reencoder::ReencodeBatch(Space& space, const Mean* mean,
                                      const std::vector<uint64_t>& rows, uint64_t& written) const {
  std::vector<float> originals;
  std::vector<bool> found;
  TQDB_RETURN_IF_ERROR(reader_.ReadOriginals(space, rows, nullptr, originals, found));
  std::vector<Key> keys;
  for (const uint64_t row : rows) keys.push_back(Key::OfRow(row));
  TQDB_ASSIGN_OR_RETURN(const auto payloads, store_.MultiGet(Family::kPayloads, keys));

  const size_t dim = space.dim();
  std::vector<PointId> live_ids;
  std::vector<uint64_t> live_rows;
  size_t live = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!found[i] || !payloads[i]) continue;  // the row is gone since the scan
    absl::string_view payload = *payloads[i];
    PointId id;
    if (!ConsumeId(&payload, &id)) {
      return absl::DataLossError(absl::StrCat("payload of row ", rows[i], " is damaged"));
    }
    live_ids.push_back(id);
    live_rows.push_back(rows[i]);
    std::copy_n(originals.begin() + static_cast<ptrdiff_t>(i * dim), dim,
                originals.begin() + static_cast<ptrdiff_t>(live * dim));
    ++live;
  }
  if (live == 0) return absl::OkStatus();
  std::string codes(live * space.codec().code_bytes(), '\0');
  space.codec().Encode(MatrixView(originals.data(), live, dim), mean,
                       reinterpret_cast<uint8_t*>(codes.data()));
  ReencodeWrite write(space, live_ids, live_rows, codes);
  TQDB_RETURN_IF_ERROR(committer_.Commit(write));
  written += live;
  return absl::OkStatus();
}

absl::Status Reencoder::ReencodeStaleRows(Space& space) const {
  if (!space.keeps_originals()) return absl::OkStatus();
  while (space.stale_rows() > 0) {
    // A whole pass has one target. A mean that is adopted during the pass is the target of the
    // next pass.
    const std::shared_ptr<const Mean> mean = space.engine().current_mean();
    const uint32_t target = mean != nullptr ? mean->version : 0;
    uint64_t written = 0;
    std::vector<uint64_t> rows;
    const Key lower = Key::OfSpaceRow(space.index(), 0), upper = Key::SpaceEnd(space.index());
    const auto cursor = store_.Scan({.family = Family::kCodes,
                                     .lower = lower.view(),
                                     .upper = upper.view(),
                                     .sequential = true});
    for (; cursor->Valid(); cursor->Next()) {
      size_t key_space;
      uint64_t row;
      uint32_t version;
      if (!ParseSpaceRowKey(cursor->key(), &key_space, &row) ||
          cursor->value().size() < sizeof(version)) {
        return absl::DataLossError("a record of codes is damaged");
      }
      std::memcpy(&version, cursor->value().data(), sizeof(version));
      if (version == target) continue;
      rows.push_back(row);
      if (rows.size() < kBatchRows) continue;
      if (stop_()) return absl::CancelledError("re-encoding was stopped");
      TQDB_RETURN_IF_ERROR(ReencodeBatch(space, mean.get(), rows, written));
      rows.clear();
    }
    TQDB_RETURN_IF_ERROR(cursor->status());
    if (stop_()) return absl::CancelledError("re-encoding was stopped");
    if (!rows.empty()) TQDB_RETURN_IF_ERROR(ReencodeBatch(space, mean.get(), rows, written));
    // Two sorts of rows count as stale in memory although no code on disk is. One is a row on its
    // way from disk to memory. The other is a dead row that a read keeps in memory. Without this
    // test, the loop would scan again and again until they are gone.
    if (written == 0 && space.current_mean_version() == target) break;
  }
  return absl::OkStatus();
}

absl::Status Reencoder::RemoveDeadRows() const {
  RemovalWrite write;
  return committer_.Commit(write);
}

absl::Status Reencoder::Vacuum(Space& space) const {
  if (!space.wants_vacuum()) return absl::OkStatus();
  VacuumWrite write(space);
  TQDB_RETURN_IF_ERROR(committer_.Commit(write));
  space.NoteVacuum();
  return absl::OkStatus();
}

}  // namespace tqdb::storage
