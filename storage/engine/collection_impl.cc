#include "storage/engine/collection_impl.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/status_macros.h"
#include "storage/disk/files.h"
#include "storage/engine/validate_config.h"
#include "storage/memory/loader.h"
#include "storage/read/validate_search.h"
#include "storage/write/upsert_encoder.h"
#include "storage/write/validate_upsert.h"

namespace tqdb::storage {

namespace {

// Number of points whose payloads are edited in one record, if a filter chooses them. All other
// writes wait while the leader reads their payloads, so the batch is small.
constexpr size_t kEditBatch = 256;
// Pause of the upkeep before it removes dead rows.
constexpr absl::Duration kRemovalPause = absl::Milliseconds(10);
// Estimates of the log bytes that one id of a deletion and one edited payload take.
constexpr size_t kDeleteBytes = 64;
constexpr size_t kEditBytes = 256;

// Returns an estimate of the log bytes of a record. It bounds groups, so it need not be exact.
size_t LogBytes(const WriteRecord& record) {
  if (const auto* upsert = std::get_if<UpsertRecord>(&record)) {
    size_t bytes = 0;
    for (const absl::string_view payload : upsert->payloads) bytes += payload.size();
    for (const VectorColumn& column : upsert->vectors) {
      bytes += column.codes.size() + column.originals.size();
    }
    return bytes;
  }
  if (const auto* edit = std::get_if<EditRecord>(&record)) return kEditBytes * edit->ids.size();
  return 0;
}

// Returns the mean version of a code, which begins with it.
uint32_t MeanVersionOf(absl::string_view code) {
  uint32_t version;
  std::memcpy(&version, code.data(), sizeof(version));
  return version;
}

}  // namespace

absl::Status CollectionImpl::Create(const std::string& directory, const CollectionConfig& config,
                                    const SharedResources& shared) {
  TQDB_ASSIGN_OR_RETURN(const std::unique_ptr<Store> store,
                        Store::Open(directory, Store::Mode::kCreate, shared));
  return InitializeStore(*store, config);
}

absl::StatusOr<std::shared_ptr<CollectionImpl>> CollectionImpl::Open(const std::string& name,
                                                                     const std::string& directory,
                                                                     const SharedResources& shared,
                                                                     BackgroundWorker& worker) {
  TQDB_ASSIGN_OR_RETURN(std::unique_ptr<Store> store,
                        Store::Open(directory, Store::Mode::kOpen, shared));
  return Open(name, directory, std::move(store), worker);
}

absl::StatusOr<std::shared_ptr<CollectionImpl>> CollectionImpl::Open(const std::string& name,
                                                                     const std::string& directory,
                                                                     std::unique_ptr<Store> store,
                                                                     BackgroundWorker& worker) {
  // Everything that can fail comes before the object is made. So every CollectionImpl has a state
  // that agrees with its store, and a damaged collection leaves nothing running.
  TQDB_ASSIGN_OR_RETURN(std::unique_ptr<CollectionState> state, LoadCollection(*store));
  return std::shared_ptr<CollectionImpl>(
      new CollectionImpl(name, directory, std::move(store), std::move(state), worker));
}

CollectionImpl::CollectionImpl(std::string name, std::string directory,
                               std::unique_ptr<Store> store, std::unique_ptr<CollectionState> state,
                               BackgroundWorker& worker)
    : name_(std::move(name)),
      directory_(std::move(directory)),
      store_(std::move(store)),
      state_(std::move(state)),
      gate_(name_),
      reader_(name_, *store_, *state_),
      committer_(name_, *store_, *state_),
      indexes_(*store_, *state_, committer_),
      reencoder_(*store_, reader_.points(), committer_, [this] { return gate_.closed(); }),
      maintenance_(worker, [this] { Maintain(); }) {}

CollectionImpl::~CollectionImpl() { Close(/*flush=*/false).IgnoreError(); }

absl::Status CollectionImpl::Close(bool flush) {
  // The order matters. AwaitQuiet would wait for ever if new calls or upkeep could still begin, and
  // the store must live until the last call has ended. Stopping the upkeep also wakes a Flush that
  // waits for it: that call is one of those which AwaitQuiet counts. A run of upkeep in progress is
  // a call, too, and ends early because the gate is closed.
  gate_.Close();
  maintenance_.Stop();
  gate_.AwaitQuiet();
  absl::Status status;
  // After a failed write the store takes no flush either. Nothing is lost: the log has every write
  // that was acknowledged.
  if (flush && store_ != nullptr && committer_.CheckWritable().ok()) status = store_->Flush();
  // Moments hold views of the store, and RocksDB does not close while a view lives. No read is left
  // that could ask for a moment. A second Close finds no store, and does nothing.
  state_->moments.Close();
  store_.reset();
  return status;
}

// --- Writes.

absl::StatusOr<WriteResult> CollectionImpl::Commit(const WriteRecord& record,
                                                   Durability durability) {
  const CallGate::Call call(gate_);
  TQDB_RETURN_IF_ERROR(call.status());
  // The committer checks this again at the record's turn. Asked here, it saves the work of a write
  // that must fail.
  TQDB_RETURN_IF_ERROR(committer_.CheckWritable());
  TQDB_ASSIGN_OR_RETURN(const WriteResult result,
                        committer_.Commit(record, {}, LogBytes(record), durability));
  if (wants_vacuum() || has_stale_rows() || KindOf(record) == RecordKind::kIndex) {
    ScheduleMaintenance();
  }
  return result;
}

absl::Status CollectionImpl::AdoptMean(Space& space, MatrixView rows) {
  if (!space.centers() || rows.rows() == 0) return absl::OkStatus();
  {
    // Held during the commit: the next proposal must build on the outcome of this one. Other
    // writers of the space wait for the commit here, which is rare: only when a mean is adopted.
    absl::MutexLock lock(&space.guard_mutex());
    std::optional<MeanProposal> proposal = space.Observe(rows);
    if (!proposal) return absl::OkStatus();
    const MeanRecord record = {static_cast<uint32_t>(space.index()), proposal->base_version,
                               proposal->version, std::move(proposal->mu)};
    // The mean must be durable before any code names it. Otherwise a crash could leave a code
    // without its mean, which nobody could decode.
    const absl::Status status =
        committer_.Commit(record, {}, record.mu.size() * sizeof(float), Durability::kSync).status();
    // Also after an error: the guard would otherwise wait for a proposal that nobody commits.
    space.SettleProposal();
    TQDB_RETURN_IF_ERROR(status);
  }
  if (space.keeps_originals()) ScheduleMaintenance();
  return absl::OkStatus();
}

absl::StatusOr<UpsertResult> CollectionImpl::Upsert(const UpsertBatch& batch) {
  const CallGate::Call call(gate_);
  TQDB_RETURN_IF_ERROR(call.status());
  // The order of steps: bad input is refused before anything has happened. A mean is adopted only
  // for a batch that will be written, and before the batch is encoded, so that its rows are the
  // first ones under the new mean.
  PreparedParts parts;
  TQDB_RETURN_IF_ERROR(ValidateUpsert(batch, state_->spaces, state_->sparse_spaces,
                                      state_->payloads.has_fields() ? &parts.payloads : nullptr));
  if (batch.condition) {
    TQDB_ASSIGN_OR_RETURN(parts.condition, batch.condition.Prepared());
  }
  TQDB_RETURN_IF_ERROR(committer_.CheckWritable());
  for (const SpaceVectors& vectors : batch.vectors) {
    TQDB_RETURN_IF_ERROR(AdoptMean(*FindSpace(state_->spaces, vectors.name), vectors.rows));
  }
  const EncodedUpsert encoded = EncodeUpsert(batch, *state_);
  TQDB_ASSIGN_OR_RETURN(
      const WriteResult result,
      committer_.Commit(encoded.owned.record, std::move(parts), encoded.bytes, batch.durability));

  // If another caller's mean was adopted after this batch was encoded, its rows are stale.
  bool stale = false;
  for (const VectorColumn& column : std::get<UpsertRecord>(encoded.owned.record).vectors) {
    const Space& space = *state_->spaces[column.space];
    stale |= space.keeps_originals() && !column.codes.empty() &&
             MeanVersionOf(column.codes) != space.current_mean_version();
  }
  if (stale || (result.replaced > 0 && wants_vacuum())) ScheduleMaintenance();
  return UpsertResult{result.inserted, result.replaced, result.skipped};
}

absl::StatusOr<uint64_t> CollectionImpl::Delete(absl::Span<const PointId> ids,
                                                Durability durability) {
  const CallGate::Call call(gate_);
  TQDB_RETURN_IF_ERROR(call.status());
  TQDB_RETURN_IF_ERROR(ValidateIdCount("ids", ids.size()));
  TQDB_RETURN_IF_ERROR(committer_.CheckWritable());
  TQDB_ASSIGN_OR_RETURN(
      const WriteResult result,
      committer_.Commit(DeleteRecord{ids, {}}, {}, kDeleteBytes * ids.size(), durability));
  if (result.deleted > 0 && wants_vacuum()) ScheduleMaintenance();
  return result.deleted;
}

absl::StatusOr<uint64_t> CollectionImpl::DeleteMatching(const FilterSpec& spec,
                                                        Durability durability) {
  Read read(*this);
  TQDB_RETURN_IF_ERROR(read.status());
  TQDB_ASSIGN_OR_RETURN(const PreparedFilter filter, spec.filter.Prepared());
  // An empty filter matches everything. It is more likely a mistake of the caller than a wish.
  if (*spec.filter == Filter()) {
    return absl::InvalidArgumentError(
        "filter is empty and would delete every point; to do that, delete the collection");
  }
  TQDB_RETURN_IF_ERROR(committer_.CheckWritable());
  // The record names the rows in which the filter found the points. So a point that is replaced
  // before its turn comes is not deleted. The search for matches leaves memory before the first
  // deletion, so this call does not keep its own dead rows there.
  uint64_t deleted = 0;
  const absl::Status status = reader_.filters().ForEachMatch(
      filter, read.moment(), kMaxBatchPoints, Stop(spec.cancelled),
      [&](absl::Span<const PointId> ids, absl::Span<const uint64_t> rows) -> absl::Status {
        TQDB_ASSIGN_OR_RETURN(
            const WriteResult result,
            committer_.Commit(DeleteRecord{ids, rows}, {}, kDeleteBytes * ids.size(), durability));
        deleted += result.deleted;
        return absl::OkStatus();
      });
  // Before the error is returned: the batches before it are deleted all the same.
  if (deleted > 0 && wants_vacuum()) ScheduleMaintenance();
  TQDB_RETURN_IF_ERROR(status);
  return deleted;
}

absl::StatusOr<uint64_t> CollectionImpl::UpdatePayload(const PayloadUpdate& update) {
  const CallGate::Call call(gate_);
  TQDB_RETURN_IF_ERROR(call.status());
  TQDB_ASSIGN_OR_RETURN(const PreparedEdit edit, PreparedEdit::Create(update.edit));
  std::optional<PreparedFilter> filter;
  if (update.filter) {
    TQDB_ASSIGN_OR_RETURN(filter, PreparedFilter::Create(*update.filter));
  }
  if (!filter || !update.ids.empty()) TQDB_RETURN_IF_ERROR(ValidateDistinctIds("ids", update.ids));
  TQDB_RETURN_IF_ERROR(committer_.CheckWritable());
  uint64_t edited = 0;
  const auto edit_points = [&](absl::Span<const PointId> ids) -> absl::Status {
    PreparedParts parts;
    // The filter is also the condition of the record: a point may have changed since it matched.
    parts.edit = edit;
    parts.condition = filter;
    TQDB_ASSIGN_OR_RETURN(
        const WriteResult result,
        committer_.Commit(EditRecord{ids, update.edit, update.filter}, std::move(parts),
                          kEditBytes * ids.size(), update.durability));
    edited += result.edited;
    return absl::OkStatus();
  };
  // Given ids are one record, edited entirely or not at all. The points of a filter may be any
  // number, so they become many records.
  if (!update.ids.empty()) {
    TQDB_RETURN_IF_ERROR(edit_points(update.ids));
  } else if (filter) {
    Read read(*this);
    TQDB_RETURN_IF_ERROR(read.status());
    TQDB_RETURN_IF_ERROR(reader_.filters().ForEachMatch(
        *filter, read.moment(), kEditBatch, Stop(update.cancelled),
        [&](absl::Span<const PointId> ids, absl::Span<const uint64_t>) {
          return edit_points(ids);
        }));
  }
  return edited;
}

absl::StatusOr<PayloadIndexInfo> CollectionImpl::CreatePayloadIndex(
    absl::string_view key, FieldKind kind, bool wait, const std::function<bool()>& cancelled) {
  const CallGate::Call call(gate_);
  TQDB_RETURN_IF_ERROR(call.status());
  bool unfinished;
  absl::StatusOr<PayloadIndexInfo> info =
      indexes_.Create(key, kind, wait, Stop(cancelled), unfinished);
  if (unfinished) ScheduleMaintenance();
  return info;
}

absl::Status CollectionImpl::DeletePayloadIndex(absl::string_view key) {
  const CallGate::Call call(gate_);
  TQDB_RETURN_IF_ERROR(call.status());
  return indexes_.Delete(key);
}

absl::Status CollectionImpl::SetMetadata(std::map<std::string, std::string> metadata) {
  const CallGate::Call call(gate_);
  TQDB_RETURN_IF_ERROR(call.status());
  TQDB_RETURN_IF_ERROR(ValidateMetadata(metadata));
  TQDB_RETURN_IF_ERROR(committer_.CheckWritable());
  return committer_.Commit(MetadataRecord{std::move(metadata)}, {}, 0, Durability::kSync).status();
}

// --- Reads.

struct CollectionImpl::HeldMoment {
  explicit HeldMoment(const CollectionImpl& collection) : read(collection) {}
  Read read;
};

CollectionImpl::Read::Read(const CollectionImpl& collection, std::shared_ptr<const Moment> moment)
    : collection_(collection), call_(collection.gate_) {
  if (!call_.status().ok()) return;
  if (moment == nullptr) moment = collection.state_->moments.now();
  number_ = moment->number;
  moment_.emplace(std::move(moment));
}

CollectionImpl::Read::~Read() {
  // The moment goes first: upkeep that is scheduled below would otherwise find it in use.
  moment_.reset();
  if (!status().ok()) return;
  // Rows that died after this read began may have waited for it. If no write follows, nobody else
  // would remove them. The call is still counted here, so there is a newest moment.
  const Moments& moments = collection_.state_->moments;
  if (moments.dead_rows() > 0 && number_ < moments.now()->number) collection_.ScheduleMaintenance();
}

absl::StatusOr<std::shared_ptr<const Moment>> CollectionImpl::Now() const {
  // The pointer that is returned shares the ownership of a whole read. So the gate counts a call
  // for as long as somebody holds the moment.
  auto held = std::make_shared<HeldMoment>(*this);
  TQDB_RETURN_IF_ERROR(held->read.status());
  const Moment* moment = &held->read.moment().memory();
  return std::shared_ptr<const Moment>(std::move(held), moment);
}

uint64_t CollectionImpl::Count() const {
  // The moment has the number of points. So this neither asks the id index nor waits for its lock.
  Read read(*this);
  return read.status().ok() ? read.moment().memory().points : 0;
}

absl::StatusOr<std::vector<PointRecord>> CollectionImpl::Get(
    absl::Span<const PointId> ids, Select select, std::shared_ptr<const Moment> moment) const {
  Read read(*this, std::move(moment));
  TQDB_RETURN_IF_ERROR(read.status());
  TQDB_RETURN_IF_ERROR(ValidateIdCount("ids", ids.size()));
  return reader_.points().Get(ids, select, read.moment());
}

absl::StatusOr<ScrollPage> CollectionImpl::Scroll(const PointId* after,
                                                  const PageSpec& page) const {
  Read read(*this, page.moment);
  TQDB_RETURN_IF_ERROR(read.status());
  TQDB_RETURN_IF_ERROR(ValidatePageSize(page.limit));
  // A scroll without a filter walks over the disk alone.
  TQDB_RETURN_IF_ERROR(read.moment().LeaveMemory());
  return reader_.points().Scroll(after, page.limit, page.select, read.moment().view());
}

absl::StatusOr<ScrollPage> CollectionImpl::ScrollMatching(const PointId* after,
                                                          const PageSpec& page,
                                                          const FilterSpec& spec) const {
  Read read(*this, page.moment);
  TQDB_RETURN_IF_ERROR(read.status());
  return reader_.ScrollMatching(after, page.limit, page.select, spec.filter, read.moment(),
                                Stop(spec.cancelled));
}

absl::StatusOr<OrderedPage> CollectionImpl::ScrollOrdered(const OrderSpec& order,
                                                          const OrderedPosition* after,
                                                          const PageSpec& page,
                                                          const FilterSpec* filter) const {
  Read read(*this, page.moment);
  TQDB_RETURN_IF_ERROR(read.status());
  const FilterSpec all = {};
  const FilterSpec& spec = filter != nullptr ? *filter : all;
  return reader_.ScrollOrdered(order, after, page.limit, page.select, spec.filter, read.moment(),
                               Stop(spec.cancelled));
}

absl::StatusOr<std::vector<FacetCount>> CollectionImpl::Facet(const FacetSpec& spec) const {
  Read read(*this);
  TQDB_RETURN_IF_ERROR(read.status());
  return reader_.Facet(spec, read.moment(), Stop(spec.cancelled));
}

absl::StatusOr<uint64_t> CollectionImpl::CountMatching(const FilterSpec& spec) const {
  Read read(*this);
  TQDB_RETURN_IF_ERROR(read.status());
  return reader_.CountMatching(spec.filter, read.moment(), Stop(spec.cancelled));
}

absl::StatusOr<std::vector<std::vector<PointRecord>>> CollectionImpl::Search(
    MatrixView queries, const SearchSpec& spec) const {
  Read read(*this, spec.moment);
  TQDB_RETURN_IF_ERROR(read.status());
  return reader_.Search(queries, spec, read.moment(), Stop(spec.cancelled));
}

CollectionInfo CollectionImpl::Info() const {
  CollectionInfo info;
  info.name = name_;
  info.config = *config();
  // Info must also answer while the collection is being closed. It then has the configuration and
  // the reason, but no figures.
  Read read(*this);
  if (!read.status().ok()) {
    info.status = CollectionStatus::kReadOnly;
    info.error = std::string(read.status().message());
    return info;
  }
  if (const absl::Status writable = committer_.CheckWritable(); !writable.ok()) {
    info.status = CollectionStatus::kReadOnly;
    info.error = std::string(writable.message());
  }
  const Position position = state_->position();
  info.sequence = position.sequence;
  info.digest = position.digest.ToString();
  info.points = read.moment().memory().points;
  info.kept_rows = state_->moments.dead_rows();
  info.disk_bytes = TreeBytes(directory_);
  info.memory_bytes = state_->index.memory_bytes();
  info.memory_bytes += state_->payloads.memory_bytes();
  info.write_buffer_bytes = store_->WriteBufferBytes();
  info.payload_indexes = indexes_.List();
  // Figures of spaces are read one by one while writes go on, so they need not add up exactly.
  for (const std::unique_ptr<Space>& space : state_->spaces) {
    SpaceInfo& own = info.spaces.emplace_back();
    own.name = space->config().name;
    own.rows = space->engine().live_rows();
    own.memory_bytes = space->engine().memory_bytes();
    own.code_bytes = space->codec().code_bytes();
    own.mean_versions = space->mean_versions();
    own.current_mean_version = space->current_mean_version();
    own.rows_under_current_mean = space->engine().rows_under_mean(own.current_mean_version);
    info.memory_bytes += own.memory_bytes;
  }
  for (const std::unique_ptr<SparseSpace>& space : state_->sparse_spaces) {
    info.sparse_spaces.push_back({space->config().name, space->rows(), space->memory_bytes()});
    info.memory_bytes += info.sparse_spaces.back().memory_bytes;
  }
  return info;
}

// --- Upkeep.

std::function<bool()> CollectionImpl::Stop(const std::function<bool()>& cancelled) const {
  return [this, &cancelled] { return gate_.closed() || (cancelled && cancelled()); };
}

bool CollectionImpl::wants_vacuum() const {
  return state_->payloads.wants_vacuum() ||
         std::any_of(state_->spaces.begin(), state_->spaces.end(),
                     [](const std::unique_ptr<Space>& space) { return space->wants_vacuum(); });
}

bool CollectionImpl::has_stale_rows() const {
  return std::any_of(state_->spaces.begin(), state_->spaces.end(),
                     [](const std::unique_ptr<Space>& space) {
                       return space->keeps_originals() && space->stale_rows() > 0;
                     });
}

void CollectionImpl::StartMaintenance() {
  const std::vector<PayloadIndexInfo> indexes = indexes_.List();
  const bool unfinished = std::any_of(indexes.begin(), indexes.end(),
                                      [](const PayloadIndexInfo& index) { return !index.ready; });
  // Dead rows need no look: a collection that was just loaded has none.
  if (unfinished || has_stale_rows()) ScheduleMaintenance();
}

void CollectionImpl::Maintain() {
  const CallGate::Call call(gate_);
  if (!call.status().ok()) return;
  // Reads that end keep asking for this while writes go on. The pause lets many of them share it.
  if (state_->moments.dead_rows() > 0) {
    absl::SleepFor(kRemovalPause);
    reencoder_.RemoveDeadRows().IgnoreError();
  }
  // Indexes come first: text searches fail until theirs is complete. What follows only saves memory
  // or makes estimates more precise.
  indexes_.Complete([this] { return gate_.closed(); });
  state_->payloads.VacuumIfWorthwhile();
  for (const std::unique_ptr<Space>& space : state_->spaces) {
    // Nobody waits for an error here. The next call meets the same fault of the disk and reports
    // it. Re-encoding is tried again after the next adoption or start.
    reencoder_.ReencodeStaleRows(*space).IgnoreError();
    reencoder_.Vacuum(*space).IgnoreError();
  }
}

absl::Status CollectionImpl::Flush(bool settle) {
  const CallGate::Call call(gate_);
  TQDB_RETURN_IF_ERROR(call.status());
  // Upkeep writes new codes, so it must be done before the flush. Otherwise the next open would
  // replay them from the log.
  if (settle) {
    ScheduleMaintenance();
    maintenance_.AwaitIdle();
  }
  TQDB_RETURN_IF_ERROR(committer_.CheckWritable());
  return store_->Flush();
}

}  // namespace tqdb::storage
