#include "storage/engine/payload_index_keeper.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/quoted.h"
#include "base/status_macros.h"
#include "storage/memory/index_builder.h"
#include "values/key_path.h"

namespace tqdb::storage {

namespace {

// A write that changes nothing. Writes are committed in order. So once this one is committed,
// memory has everything that was on disk when it was queued.
class BarrierWrite : public Write {
 public:
  BarrierWrite() : Write(0, Durability::kAsync) {}
  Sharing sharing() const override { return Sharing::kAny; }
  bool numbered() const override { return false; }
  absl::Status Plan(Planner&) override { return absl::OkStatus(); }
};

}  // namespace

std::vector<PayloadIndexInfo> PayloadIndexKeeper::List() const {
  std::vector<PayloadIndexInfo> infos;
  for (FieldInfo& field : state_.payloads.Fields(*state_.moments.now())) {
    infos.push_back({.key = std::move(field.key),
                     .kind = field.kind,
                     .points = field.rows,
                     .memory_bytes = field.memory_bytes,
                     .ready = field.complete,
                     .unheld_points = field.unheld});
  }
  return infos;
}

absl::StatusOr<PayloadIndexInfo> PayloadIndexKeeper::Find(const std::string& path) const {
  for (PayloadIndexInfo& info : List()) {
    if (info.key == path) return std::move(info);
  }
  return absl::NotFoundError(absl::StrCat("the payload index of ", Quoted(path), " was deleted"));
}

absl::Status PayloadIndexKeeper::CommitIndex(std::string path, std::optional<FieldKind> kind) {
  TQDB_RETURN_IF_ERROR(committer_.CheckWritable());
  const size_t bytes = path.size();
  // Durable at once: a caller who was told that an index exists will rely on it after a crash.
  return committer_.Commit(IndexRecord{std::move(path), kind}, {}, bytes, Durability::kSync)
      .status();
}

absl::StatusOr<PayloadIndexInfo> PayloadIndexKeeper::Create(absl::string_view key, FieldKind kind,
                                                            bool wait,
                                                            const std::function<bool()>& stop,
                                                            bool& unfinished) {
  unfinished = false;
  TQDB_ASSIGN_OR_RETURN(const KeyPath parsed, KeyPath::Parse(key, "key"));
  const std::string path = parsed.ToString();
  // An index that exists needs no record. If two callers create one at once, both queue a record,
  // and the planner decides by their order.
  if (const auto same = Find(path); !same.ok() || same->kind != kind) {
    TQDB_RETURN_IF_ERROR(CommitIndex(path, kind));
  }
  TQDB_ASSIGN_OR_RETURN(PayloadIndexInfo info, Find(path));
  if (info.ready) return info;
  // The caller has the background worker build it. Until then filters are right but slow.
  if (!wait) {
    unfinished = true;
    return info;
  }
  // The build runs on the thread of the caller, who waits anyway. So an index that is waited for
  // does not stand behind the upkeep of other collections.
  const absl::Status built = BuildPayloadIndex(store_, path, stop, state_.payloads);
  // A caller who gives up leaves an index that has a record. The background worker goes on with it.
  unfinished = absl::IsCancelled(built);
  TQDB_RETURN_IF_ERROR(built);
  TQDB_ASSIGN_OR_RETURN(info, Find(path));
  if (info.ready) return info;
  // The index still lacks rows, for this reason: a write had deleted them on disk already, so they
  // were not read, but the newest moment still saw them. Once the moment of that write is
  // published, the index is complete.
  BarrierWrite barrier;
  TQDB_RETURN_IF_ERROR(committer_.Commit(barrier));
  return Find(path);
}

absl::Status PayloadIndexKeeper::Delete(absl::string_view key) {
  TQDB_ASSIGN_OR_RETURN(const KeyPath parsed, KeyPath::Parse(key, "key"));
  const std::string path = parsed.ToString();
  // The planner checks it again in the order of the records. This check only spares a missing index
  // a record and an fsync.
  if (!Find(path).ok()) {
    return absl::NotFoundError(absl::StrCat("key ", Quoted(path), " has no payload index"));
  }
  return CommitIndex(path, std::nullopt);
}

void PayloadIndexKeeper::Complete(const std::function<bool()>& stop) {
  for (const PayloadIndexInfo& info : List()) {
    if (info.ready) continue;
    // An error of reading is ignored. The next call meets it by itself, and an incomplete index
    // gives no wrong answers.
    BuildPayloadIndex(store_, info.key, stop, state_.payloads).IgnoreError();
  }
}

}  // namespace tqdb::storage
