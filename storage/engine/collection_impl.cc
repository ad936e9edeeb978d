#include "storage/engine/collection_impl.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/coding.h"
#include "base/status_macros.h"
#include "storage/disk/format.h"
#include "storage/disk/keys.h"
#include "storage/sparse/sparse_encoding.h"
#include "storage/write/validate.h"

namespace tqdb::storage {

namespace {

// Log bytes of one group at most: bounds the memory of a batch and the wait of those behind it.
constexpr size_t kMaxGroupBytes = size_t{32} << 20;
// Log bytes of a point beside its vectors and payload: keys, row number, record headers.
constexpr size_t kPointOverheadBytes = 96;

// For each point the index of its vector, -1 for none; `points` as in SpaceVectors.
std::vector<int32_t> RowOfPoint(absl::Span<const uint32_t> points, size_t rows, size_t num_points) {
  std::vector<int32_t> row_of_point(num_points, -1);
  for (size_t r = 0; r < rows; ++r) {
    row_of_point[points.empty() ? r : points[r]] = static_cast<int32_t>(r);
  }
  return row_of_point;
}

EncodedSparseVectors EncodeSparse(SparseSpace& space, const SparseSpaceVectors& vectors,
                                  size_t num_points) {
  EncodedSparseVectors encoded = {&space, vectors.rows, {}, {}};
  encoded.row_of_point = RowOfPoint(vectors.points, vectors.rows.size(), num_points);
  encoded.encoded.resize(vectors.rows.size());
  for (size_t r = 0; r < vectors.rows.size(); ++r) {
    EncodeSparseVector(vectors.rows[r], &encoded.encoded[r]);
  }
  return encoded;
}

}  // namespace

CollectionImpl::Call::Call(const CollectionImpl& collection) : collection_(collection) {
  absl::MutexLock lock(&collection_.mutex_);
  if (collection_.closing_) {
    status_ = absl::UnavailableError(
        absl::StrCat("collection '", collection_.name_, "' is being dropped or closed"));
  } else {
    ++collection_.calls_;
  }
}

CollectionImpl::Call::~Call() {
  if (!status_.ok()) return;
  absl::MutexLock lock(&collection_.mutex_);
  --collection_.calls_;
}

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
  TQDB_ASSIGN_OR_RETURN(LoadedCollection loaded, LoadCollection(*store));
  return std::shared_ptr<CollectionImpl>(
      new CollectionImpl(name, directory, std::move(store), std::move(loaded), worker));
}

CollectionImpl::CollectionImpl(std::string name, std::string directory,
                               std::unique_ptr<Store> store, LoadedCollection loaded,
                               BackgroundWorker& worker)
    : name_(std::move(name)),
      directory_(std::move(directory)),
      worker_(worker),
      store_(std::move(store)),
      memory_(std::move(loaded.memory)),
      reader_(*store_, *memory_),
      filter_reader_(*store_, *memory_, reader_),
      searcher_(*store_, reader_, filter_reader_),
      term_searcher_(reader_, filter_reader_),
      reencoder_(
          *store_, reader_, [this](Write& write) { return Commit(write); },
          [this] { return closing(); }),
      queue_(kMaxGroupBytes,
             [this](absl::Span<QueuedWrite* const> group) { return CommitGroup(group); }),
      config_(std::move(loaded.config)) {}

CollectionImpl::~CollectionImpl() { Close(/*flush=*/false).IgnoreError(); }

absl::Status CollectionImpl::Close(bool flush) {
  {
    absl::MutexLock lock(&mutex_);
    closing_ = true;
    const auto quiet = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return calls_ == 0; };
    mutex_.Await(absl::Condition(&quiet));
  }
  absl::Status status;
  // After a failed write the store takes no flush either, and the log has what was acknowledged.
  if (flush && store_ != nullptr && CheckWritable().ok()) status = store_->Flush();
  store_.reset();
  return status;
}

bool CollectionImpl::closing() const {
  absl::MutexLock lock(&mutex_);
  return closing_;
}

CollectionConfig CollectionImpl::config() const {
  absl::MutexLock lock(&mutex_);
  return config_;
}

// --- Writes.

absl::Status CollectionImpl::CheckWritable() const {
  absl::Status cause;
  {
    absl::MutexLock lock(&mutex_);
    cause = write_error_;
  }
  if (cause.ok()) cause = store_->background_error();
  if (cause.ok()) return cause;
  const std::string message =
      absl::StrCat("collection '", name_, "' is read-only since a write failed (", cause.message(),
                   "); once the cause is gone, restart tqdb");
  if (absl::IsResourceExhausted(cause)) return absl::ResourceExhaustedError(message);
  return absl::FailedPreconditionError(message);
}

absl::Status CollectionImpl::MarkReadOnly(const absl::Status& cause) {
  {
    absl::MutexLock lock(&mutex_);
    if (write_error_.ok()) write_error_ = cause;
  }
  return CheckWritable();
}

absl::Status CollectionImpl::CommitGroup(absl::Span<QueuedWrite* const> group) {
  const auto as_write = [](QueuedWrite* queued) { return static_cast<Write*>(queued); };
  const bool sync = std::any_of(group.begin(), group.end(),
                                [&](QueuedWrite* queued) { return as_write(queued)->sync(); });
  while (!group.empty()) {
    // A write that reads the disk begins a part.
    size_t size = 1;
    while (size < group.size() && !as_write(group[size])->reads_disk()) ++size;
    // One fsync, of the last part, makes all of them durable.
    TQDB_RETURN_IF_ERROR(CommitPart(group.subspan(0, size), sync && size == group.size()));
    group.remove_prefix(size);
  }
  return absl::OkStatus();
}

absl::Status CollectionImpl::CommitPart(absl::Span<QueuedWrite* const> part, bool sync) {
  TQDB_RETURN_IF_ERROR(CheckWritable());
  size_t bytes = 0;
  for (const QueuedWrite* queued : part) bytes += queued->bytes();
  const std::unique_ptr<Batch> batch = store_->NewBatch(bytes);
  GroupBuilder builder(*memory_, *batch, part.size() > 1);
  for (QueuedWrite* queued : part) static_cast<Write&>(*queued).Prepare(builder);
  if (builder.next_row() != memory_->next_row) {
    std::string value;
    PutFixed64(&value, builder.next_row());
    batch->Put(Family::kMeta, kNextRowKey, value);
  }
  if (!batch->empty()) {
    // Whether a failed write is on disk is unknown until the next start: nothing may be built on
    // it.
    if (const absl::Status status = store_->Write(*batch, sync); !status.ok()) {
      return MarkReadOnly(status);
    }
    unsynced_writes_ = !sync;
  } else if (sync && unsynced_writes_) {
    // Deleting what an unsynced write has deleted already must still be durable.
    if (const absl::Status status = store_->Sync(); !status.ok()) return MarkReadOnly(status);
    unsynced_writes_ = false;
  }
  memory_->next_row = builder.next_row();
  for (QueuedWrite* queued : part) {
    if (const absl::Status status = static_cast<Write&>(*queued).Apply(*memory_); !status.ok()) {
      return MarkReadOnly(
          absl::InternalError(absl::StrCat("memory and disk differ: ", status.message())));
    }
  }
  return absl::OkStatus();
}

absl::Status CollectionImpl::Commit(Write& write) { return queue_.Commit(write); }

absl::Status CollectionImpl::AdoptMean(Space& space, MatrixView rows) {
  if (!space.centers() || rows.rows() == 0) return absl::OkStatus();
  {
    absl::MutexLock lock(&space.guard_mutex());
    const std::optional<std::shared_ptr<const Mean>> mean = space.Observe(rows);
    if (!mean) return absl::OkStatus();
    MeanWrite write(space, *mean);
    TQDB_RETURN_IF_ERROR(Commit(write));
  }
  if (space.keeps_originals()) ScheduleMaintenance();
  return absl::OkStatus();
}

EncodedVectors CollectionImpl::Encode(Space& space, const SpaceVectors& vectors,
                                      size_t num_points) const {
  EncodedVectors encoded;
  encoded.space = &space;
  encoded.rows = vectors.rows;
  const size_t rows = vectors.rows.rows();
  encoded.row_of_point = RowOfPoint(vectors.points, rows, num_points);
  const std::shared_ptr<const Mean> mean = space.engine().current_mean();
  encoded.mean_version = mean != nullptr ? mean->version : 0;
  // Not a vector, which would clear the bytes first.
  encoded.codes.reset(new uint8_t[rows * space.codec().code_bytes()]);
  space.codec().Encode(vectors.rows, mean.get(), encoded.codes.get());
  if (space.config().store_vectors == StoreVectors::kF16) {
    encoded.halves.resize(rows);
    for (size_t r = 0; r < rows; ++r) {
      EncodeVector(vectors.rows.row(r), StoreVectors::kF16, &encoded.halves[r]);
    }
  }
  return encoded;
}

absl::StatusOr<UpsertResult> CollectionImpl::Upsert(const UpsertBatch& batch) {
  const Call call(*this);
  TQDB_RETURN_IF_ERROR(call.status());
  TQDB_RETURN_IF_ERROR(ValidateUpsert(batch, memory_->spaces, memory_->sparse_spaces));
  TQDB_RETURN_IF_ERROR(CheckWritable());

  size_t bytes = batch.ids.size() * kPointOverheadBytes;
  for (const absl::string_view payload : batch.payloads) bytes += payload.size();
  std::vector<EncodedVectors> encoded;
  std::vector<std::pair<Space*, uint32_t>> encoded_under;
  for (const SpaceVectors& vectors : batch.vectors) {
    Space& space = *FindSpace(memory_->spaces, vectors.name);
    TQDB_RETURN_IF_ERROR(AdoptMean(space, vectors.rows));
    encoded.push_back(Encode(space, vectors, batch.ids.size()));
    encoded_under.emplace_back(&space, encoded.back().mean_version);
    bytes += vectors.rows.rows() *
             (space.codec().code_bytes() + VectorBytes(space.dim(), space.config().store_vectors));
  }
  std::vector<EncodedSparseVectors> sparse;
  for (const SparseSpaceVectors& vectors : batch.sparse) {
    sparse.push_back(EncodeSparse(*FindSparseSpace(memory_->sparse_spaces, vectors.name), vectors,
                                  batch.ids.size()));
    for (const std::string& bytes_of_row : sparse.back().encoded) bytes += bytes_of_row.size();
  }
  std::vector<nlohmann::json> payloads;
  if (memory_->payloads.has_fields()) payloads = ParsePayloads(batch);
  UpsertWrite write(batch, std::move(encoded), std::move(sparse), std::move(payloads), bytes);
  TQDB_RETURN_IF_ERROR(Commit(write));

  // The points are safe; what follows only improves them, so its errors are not this call's.
  for (const auto& [space, version] : encoded_under) {
    reencoder_.ReencodeWarmUpRows(*space).IgnoreError();
    const bool stale = version != space->current_mean_version() && space->keeps_originals();
    if (stale || (write.result().replaced > 0 && space->wants_vacuum())) ScheduleMaintenance();
  }
  if (write.result().replaced > 0 && memory_->payloads.wants_vacuum()) ScheduleMaintenance();
  return write.result();
}

absl::StatusOr<uint64_t> CollectionImpl::Delete(absl::Span<const PointId> ids,
                                                Durability durability) {
  const Call call(*this);
  TQDB_RETURN_IF_ERROR(call.status());
  TQDB_RETURN_IF_ERROR(ValidateIdCount("ids", ids.size()));
  TQDB_RETURN_IF_ERROR(CheckWritable());
  DeleteWrite write(ids, durability);
  TQDB_RETURN_IF_ERROR(Commit(write));
  if (write.deleted() > 0) VacuumAfterDelete();
  return write.deleted();
}

absl::StatusOr<uint64_t> CollectionImpl::DeleteMatching(const FilterSpec& spec,
                                                        Durability durability) {
  const Call call(*this);
  TQDB_RETURN_IF_ERROR(call.status());
  TQDB_ASSIGN_OR_RETURN(const PreparedFilter filter, PreparedFilter::Create(spec.filter));
  if (spec.filter == Filter()) {
    return absl::InvalidArgumentError(
        "filter is empty and would delete every point; to do that, delete the collection");
  }
  TQDB_RETURN_IF_ERROR(CheckWritable());
  uint64_t deleted = 0;
  const absl::Status status = filter_reader_.ForEachMatch(
      filter, kMaxBatchPoints, Stop(spec.cancelled),
      [&](absl::Span<const PointId> ids, absl::Span<const uint64_t> rows) -> absl::Status {
        DeleteWrite write(ids, rows, durability);
        TQDB_RETURN_IF_ERROR(Commit(write));
        deleted += write.deleted();
        return absl::OkStatus();
      });
  if (deleted > 0) VacuumAfterDelete();
  TQDB_RETURN_IF_ERROR(status);
  return deleted;
}

void CollectionImpl::VacuumAfterDelete() {
  for (const std::unique_ptr<Space>& space : memory_->spaces) {
    if (space->wants_vacuum()) ScheduleMaintenance();
  }
  if (memory_->payloads.wants_vacuum()) ScheduleMaintenance();
}

absl::Status CollectionImpl::SetMetadata(std::map<std::string, std::string> metadata) {
  const Call call(*this);
  TQDB_RETURN_IF_ERROR(call.status());
  TQDB_RETURN_IF_ERROR(ValidateMetadata(metadata));
  TQDB_RETURN_IF_ERROR(CheckWritable());
  MetadataWrite write(EncodeMetadata(metadata), [&] {
    absl::MutexLock lock(&mutex_);
    config_.metadata = std::move(metadata);
  });
  return Commit(write);
}

// --- Upkeep.

std::function<bool()> CollectionImpl::Stop(const std::function<bool()>& cancelled) const {
  return [this, &cancelled] { return closing() || (cancelled && cancelled()); };
}

void CollectionImpl::StartMaintenance() {
  for (const PayloadIndexInfo& index : PayloadIndexes()) {
    if (!index.ready) ScheduleMaintenance();
  }
  for (const std::unique_ptr<Space>& space : memory_->spaces) {
    if (space->keeps_originals() && space->stale_rows() > 0) ScheduleMaintenance();
  }
}

void CollectionImpl::ScheduleMaintenance() {
  {
    absl::MutexLock lock(&mutex_);
    if (maintaining_) {
      maintain_again_ = true;
      return;
    }
    maintaining_ = true;
  }
  // The task may outlive the collection; the collection need not wait for it.
  worker_.Schedule([weak = weak_from_this()] {
    if (const std::shared_ptr<CollectionImpl> self = weak.lock()) self->Maintain();
  });
}

void CollectionImpl::Maintain() {
  const Call call(*this);
  for (bool again = true; again;) {
    if (call.status().ok()) {
      CompletePayloadIndexes();
      memory_->payloads.VacuumIfWorthwhile();
      for (const std::unique_ptr<Space>& space : memory_->spaces) {
        // An error here is an error of reading or writing that the next call runs into by itself;
        // re-encoding is tried again after the next adoption or start.
        reencoder_.ReencodeStaleRows(*space).IgnoreError();
        reencoder_.Vacuum(*space).IgnoreError();
      }
    }
    absl::MutexLock lock(&mutex_);
    again = maintain_again_ && !closing_;
    maintain_again_ = false;
    if (!again) maintaining_ = false;
  }
}

absl::Status CollectionImpl::Flush(bool settle) {
  const Call call(*this);
  TQDB_RETURN_IF_ERROR(call.status());
  if (settle) {
    ScheduleMaintenance();
    absl::MutexLock lock(&mutex_);
    const auto settled = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return !maintaining_ || closing_;
    };
    mutex_.Await(absl::Condition(&settled));
  }
  TQDB_RETURN_IF_ERROR(CheckWritable());
  return store_->Flush();
}

}  // namespace tqdb::storage
