#include "storage/write/committer.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/fault_log.h"
#include "base/status_macros.h"
#include "storage/disk/change_format.h"
#include "storage/disk/format.h"
#include "storage/memory/apply.h"

namespace tqdb::storage {

namespace {

// Most log bytes of one group. Bounds the memory of a batch, and the time that the writers behind
// the group wait.
constexpr size_t kMaxGroupBytes = size_t{32} << 20;

}  // namespace

Committer::Committer(std::string name, Store& store, CollectionState& state)
    : name_(std::move(name)),
      store_(store),
      state_(state),
      out_of_memory_(absl::ResourceExhaustedError(
          "there is not enough memory for the write; nothing was written")),
      memory_differs_(absl::InternalError(
          "memory ran out or an exception was thrown after the write had begun, so memory and disk "
          "may differ")),
      queue_(kMaxGroupBytes, [this](absl::Span<Write* const> group) { CommitGroup(group); }) {}

absl::Status Committer::Commit(Write& write) { return queue_.Commit(write); }

absl::StatusOr<WriteResult> Committer::Commit(const WriteRecord& record, PreparedParts parts,
                                              size_t bytes, Durability durability) {
  RecordWrite write(record, std::move(parts), bytes, durability);
  TQDB_RETURN_IF_ERROR(Commit(write));
  // A rejected record is committed: it is counted, on disk and in the digest. For the caller it has
  // failed all the same.
  TQDB_RETURN_IF_ERROR(write.rejected());
  return write.result();
}

absl::Status Committer::CheckWritable() const {
  absl::Status cause;
  {
    absl::MutexLock lock(&mutex_);
    cause = write_error_;
  }
  // A flush or a compaction that fails stops RocksDB from taking writes, too.
  if (cause.ok()) cause = store_.background_error();
  if (cause.ok()) return cause;
  const std::string message =
      absl::StrCat("collection '", name_, "' is read-only since a write failed (", cause.message(),
                   "); once the cause is gone, restart tqdb");
  if (absl::IsResourceExhausted(cause)) return absl::ResourceExhaustedError(message);
  return absl::FailedPreconditionError(message);
}

absl::Status Committer::MarkReadOnly(const absl::Status& cause) {
  bool first = false;
  {
    absl::MutexLock lock(&mutex_);
    first = write_error_.ok();
    if (first) write_error_ = cause;
  }
  try {
    const absl::Status read_only = CheckWritable();
    // Callers get a refusal, which is no news to whoever runs the server. So the cause goes to the
    // log, once: later writes are refused for the same one.
    if (first) LogFault(FaultState::kBegins, read_only.message());
    return read_only;
  } catch (...) {
    return cause;  // no memory for the message
  }
}

void Committer::CommitGroup(absl::Span<Write* const> group) {
  // One fsync costs the same for one write and for a hundred. So a group in which any write asks
  // for it is synced as a whole.
  const bool sync =
      std::any_of(group.begin(), group.end(), [](const Write* write) { return write->sync(); });
  bool synced = false;
  for (absl::Span<Write* const> rest = group; !rest.empty();) {
    // A part is as long as its writes can be planned from one state. Example: the writes upsert,
    // upsert, edit, upsert, mean make the parts (upsert, upsert), (edit, upsert) and (mean).
    size_t size = 1;
    if (rest[0]->sharing() != Write::Sharing::kAlone) {
      while (size < rest.size() && rest[size]->sharing() == Write::Sharing::kAny) ++size;
    }
    // The log is written in order, so the fsync of the last part makes all parts durable.
    const absl::Status status =
        CommitPart(rest.subspan(0, size), sync && size == rest.size(), synced);
    for (Write* write : rest.subspan(0, size)) {
      // A write that could not be planned keeps its own reason.
      if (write->status().ok()) write->set_status(status);
    }
    rest.remove_prefix(size);
  }
  const auto succeeded = [](const Write* write) { return write->status().ok(); };
  if (!sync || synced || std::none_of(group.begin(), group.end(), succeeded)) return;
  // The last part wrote nothing, or failed. The parts before it must still become durable.
  if (const absl::Status status = store_.Sync(); !status.ok()) {
    const absl::Status read_only = MarkReadOnly(status);
    for (Write* write : group) {
      if (write->status().ok()) write->set_status(read_only);
    }
  }
}

absl::Status Committer::CommitPart(absl::Span<Write* const> part, bool sync, bool& synced) {
  Step step = Step::kPlan;
  absl::Status status;
  try {
    status = TryPart(part, sync, step, synced);
  } catch (...) {
    // The exception is std::bad_alloc, of this code or of a library. Nothing else is thrown here.
    status = step == Step::kPlan ? out_of_memory_ : memory_differs_;
  }
  if (status.ok() || step == Step::kPlan) return status;
  // Memory may have half of the changes from here on. Reads go on at the last moment that was
  // published, which has none of them.
  return MarkReadOnly(status);
}

absl::Status Committer::TryPart(absl::Span<Write* const> part, bool sync, Step& step,
                                bool& synced) {
  // Asked for each part and not once a group: the part before this one may have failed, and memory
  // may no longer say what is on disk.
  TQDB_RETURN_IF_ERROR(CheckWritable());
  Planner planner(store_, state_, part.size() > 1);
  size_t bytes = 0;
  bool numbered = false;
  for (Write* write : part) {
    const absl::Status planned = write->Plan(planner);
    write->set_status(planned);
    if (!planned.ok()) continue;
    bytes += write->bytes();
    numbered |= write->numbered();
  }
  // One batch holds the changes, the next row number and the position. After a crash, the disk has
  // all of them or none, so a row number is never given out twice.
  const std::unique_ptr<Batch> batch = store_.NewBatch(bytes);
  const std::shared_ptr<const CollectionConfig> config = state_.config.load();
  for (const Change& change : planner.changes()) AppendChange(change, *config, *batch);
  if (planner.next_row() != state_.next_row) AppendNextRow(planner.next_row(), *batch);
  // The first record that is counted makes an old collection one of the newer version, in the batch
  // of the record itself. A batch of upkeep counts nothing, and leaves the version as it is.
  const bool new_version = numbered && state_.format_version != kNumberedFormatVersion;
  if (numbered) AppendPosition(planner.position(), *batch);
  if (new_version) AppendFormatVersion(kNumberedFormatVersion, *batch);

  // Once the batch is written, applying must not fail. So the memory that can be allocated
  // beforehand is allocated now, while an error still costs nothing.
  size_t numbers = 0, uuids = 0;
  for (const Change& change : planner.changes()) {
    const auto* put = std::get_if<PutRow>(&change);
    if (put != nullptr && !put->replaced) ++(put->id.is_uuid() ? uuids : numbers);
  }
  state_.index.MakeRoom(numbers, uuids);

  // The disk comes first: memory must never show a point that a crash would take back.
  step = Step::kWrite;
  if (!batch->empty()) {
    TQDB_RETURN_IF_ERROR(store_.Write(*batch, sync));
    synced |= sync;
  }
  step = Step::kApply;
  // A part may change nothing, for example a barrier or a rejected edit. It then begins no moment,
  // so reads of the present one stay the latest.
  const bool changed = !planner.changes().empty();
  // Before the first change: a read that looks at the id index from now on must know that it may
  // see a later moment.
  if (changed) state_.moments.Begin();
  if (const absl::Status applied = ApplyChanges(planner.changes(), state_); !applied.ok()) {
    return absl::InternalError(absl::StrCat("memory and disk differ: ", applied.message()));
  }
  state_.set_position(planner.position());
  if (new_version) state_.format_version = kNumberedFormatVersion;
  // The view is taken here, on the one thread that writes, so it has exactly the batches up to this
  // one: disk and memory of a moment agree.
  if (changed) PublishMoment(store_.TakeReadView(), state_);
  // After the publication: upkeep moves rows and removes dead ones, so the rows of this part must
  // be in their places, and its dead rows on the list of the newest moment.
  for (Write* write : part) {
    if (!write->status().ok()) continue;
    TQDB_RETURN_IF_ERROR(write->Finish(state_));
  }
  return absl::OkStatus();
}

}  // namespace tqdb::storage
