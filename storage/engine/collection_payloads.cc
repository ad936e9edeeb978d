// What a collection does with payloads: edits and indexes.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/quoted.h"
#include "base/status_macros.h"
#include "storage/engine/collection_impl.h"
#include "storage/memory/index_builder.h"
#include "storage/write/payload_writes.h"
#include "storage/write/validate.h"

namespace tqdb::storage {

namespace {

// Points whose payloads are edited together by a filter: every other write waits for as many to be
// read.
constexpr size_t kEditBatch = 256;

}  // namespace

absl::StatusOr<uint64_t> CollectionImpl::UpdatePayload(const PayloadUpdate& update) {
  const Call call(*this);
  TQDB_RETURN_IF_ERROR(call.status());
  TQDB_ASSIGN_OR_RETURN(const PreparedEdit edit, PreparedEdit::Create(update.edit));
  std::optional<PreparedFilter> filter;
  if (update.filter) {
    TQDB_ASSIGN_OR_RETURN(filter, PreparedFilter::Create(*update.filter));
  }
  if (!filter || !update.ids.empty()) TQDB_RETURN_IF_ERROR(ValidateDistinctIds("ids", update.ids));
  TQDB_RETURN_IF_ERROR(CheckWritable());
  uint64_t edited = 0;
  const auto edit_points = [&](absl::Span<const PointId> ids) -> absl::Status {
    EditPayloadWrite write(*store_, ids, edit, filter ? &*filter : nullptr, update.durability);
    TQDB_RETURN_IF_ERROR(Commit(write));
    TQDB_RETURN_IF_ERROR(write.status());
    edited += write.edited();
    return absl::OkStatus();
  };
  if (!update.ids.empty()) {
    TQDB_RETURN_IF_ERROR(edit_points(update.ids));
  } else {
    TQDB_RETURN_IF_ERROR(
        filter_reader_.ForEachMatch(*filter, kEditBatch, Stop(update.cancelled),
                                    [&](absl::Span<const PointId> ids, absl::Span<const uint64_t>) {
                                      return edit_points(ids);
                                    }));
  }
  return edited;
}

std::vector<PayloadIndexInfo> CollectionImpl::PayloadIndexes() const {
  std::vector<PayloadIndexInfo> infos;
  for (FieldInfo& field : memory_->payloads.Fields()) {
    infos.push_back({.key = std::move(field.key),
                     .kind = field.kind,
                     .points = field.rows,
                     .memory_bytes = field.memory_bytes,
                     .ready = field.complete});
  }
  return infos;
}

absl::StatusOr<PayloadIndexInfo> CollectionImpl::CreatePayloadIndex(
    absl::string_view key, FieldKind kind, bool wait, const std::function<bool()>& cancelled) {
  const Call call(*this);
  TQDB_RETURN_IF_ERROR(call.status());
  TQDB_ASSIGN_OR_RETURN(const KeyPath parsed, ParseKey("key", key));
  const std::string path = parsed.ToString();
  const auto find = [this, &path]() -> absl::StatusOr<PayloadIndexInfo> {
    for (PayloadIndexInfo& info : PayloadIndexes()) {
      if (info.key == path) return std::move(info);
    }
    return absl::NotFoundError(absl::StrCat("the payload index of ", Quoted(path), " was deleted"));
  };
  {
    absl::MutexLock lock(&index_mutex_);
    const std::vector<PayloadIndexInfo> infos = PayloadIndexes();
    const auto same = std::find_if(infos.begin(), infos.end(),
                                   [&path](const auto& info) { return info.key == path; });
    if (same != infos.end() && same->kind != kind) {
      return absl::AlreadyExistsError(absl::StrCat(
          "key ", Quoted(path), " has a payload index of another kind; delete it first"));
    }
    if (same == infos.end()) {
      if (infos.size() >= kMaxIndexedFields) {
        return absl::ResourceExhaustedError(absl::StrCat(
            "the collection has ", infos.size(), " payload indexes; allowed: ", kMaxIndexedFields));
      }
      TQDB_RETURN_IF_ERROR(CheckWritable());
      PayloadIndexWrite write(path, kind);
      TQDB_RETURN_IF_ERROR(Commit(write));
    }
  }
  TQDB_ASSIGN_OR_RETURN(PayloadIndexInfo info, find());
  if (info.ready) return info;
  const absl::Status built =
      wait ? BuildPayloadIndex(*store_, path, Stop(cancelled), memory_->payloads)
           : absl::CancelledError();
  if (absl::IsCancelled(built)) ScheduleMaintenance();
  if (!wait) return find();
  TQDB_RETURN_IF_ERROR(built);
  TQDB_ASSIGN_OR_RETURN(info, find());
  if (info.ready) return info;
  // Rows that a write under way had taken from the disk already were not shown to the index, and
  // are still in memory.
  BarrierWrite barrier;
  TQDB_RETURN_IF_ERROR(Commit(barrier));
  return find();
}

absl::Status CollectionImpl::DeletePayloadIndex(absl::string_view key) {
  const Call call(*this);
  TQDB_RETURN_IF_ERROR(call.status());
  TQDB_ASSIGN_OR_RETURN(const KeyPath parsed, ParseKey("key", key));
  const std::string path = parsed.ToString();
  absl::MutexLock lock(&index_mutex_);
  const std::vector<PayloadIndexInfo> infos = PayloadIndexes();
  if (std::none_of(infos.begin(), infos.end(),
                   [&path](const auto& info) { return info.key == path; })) {
    return absl::NotFoundError(absl::StrCat("key ", Quoted(path), " has no payload index"));
  }
  TQDB_RETURN_IF_ERROR(CheckWritable());
  PayloadIndexWrite write(path, std::nullopt);
  return Commit(write);
}

void CollectionImpl::CompletePayloadIndexes() {
  for (const PayloadIndexInfo& info : PayloadIndexes()) {
    if (info.ready) continue;
    // What reading runs into, the next call runs into by itself; an index that is not complete is
    // still right.
    BuildPayloadIndex(
        *store_, info.key, [this] { return closing(); }, memory_->payloads)
        .IgnoreError();
  }
}

}  // namespace tqdb::storage
