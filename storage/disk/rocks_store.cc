// The Store on RocksDB. Only the files rocks_* include headers of RocksDB.
//
// The simple idea: a collection is one RocksDB. A write is one WriteBatch over five column
// families, and they share one log. So a batch is on disk entirely or not at all, and one fsync
// makes all of it durable. Example: an upsert writes ids into `points`, codes into `codes`,
// original vectors into `vectors` and texts into `payloads`. The same batch deletes the keys of the
// row that it replaces. No crash can separate these steps.
//
// Left out: settings (rocks_options.h), the meaning of keys and values (keys.h, format.h), and the
// decision when a collection becomes read-only. This file only reports errors to the layers that
// decide.
#include "storage/disk/store.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/listener.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "base/status_macros.h"
#include "storage/disk/open_stores.h"
#include "storage/disk/rocks_options.h"
#include "storage/disk/rocks_view.h"
#include "storage/disk/shortage.h"

namespace tqdb::storage {

namespace {

// Bytes that a sequential cursor reads ahead. Large reads hide the latency of network disks.
constexpr size_t kReadaheadBytes = size_t{4} << 20;

rocksdb::Slice ToSlice(absl::string_view text) { return {text.data(), text.size()}; }
absl::string_view FromSlice(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

// Turns a RocksDB status into ours; `action` begins the message. The mapping matters to callers:
// a shortage passes by itself, DataLoss quarantines a collection.
absl::Status FromRocks(const rocksdb::Status& status, absl::string_view action) {
  if (status.ok()) return absl::OkStatus();
  const std::string text = status.ToString();
  const std::string message = absl::StrCat(action, ": ", text);
  // RocksDB knows ENOSPC. All other shortages reach it as plain IO errors with errno's text.
  if (status.IsNoSpace()) return StatusOfErrno(ENOSPC, message);
  // A shortage comes before damage: RocksDB may call a file that could not be opened a corruption.
  const absl::Status by_text = StatusOfErrorText(message);
  if (IsShortage(by_text)) return by_text;
  if (status.IsCorruption()) return absl::DataLossError(message);
  if (status.IsInvalidArgument()) return absl::FailedPreconditionError(message);
  return by_text;
}

const char* FamilyName(Family family) {
  switch (family) {
    case Family::kPoints: return "points";
    case Family::kCodes: return "codes";
    case Family::kVectors: return "vectors";
    case Family::kPayloads: return "payloads";
    case Family::kMeta: return "default";  // RocksDB insists on a family of this name
  }
  return "";
}

// All families, in the order of the enum, which is the order of the handles of an open store.
constexpr std::array<Family, kNumFamilies> kFamilies = {
    Family::kPoints, Family::kCodes, Family::kVectors, Family::kPayloads, Family::kMeta};

// Remembers the first error of a background job. RocksDB runs flushes and compactions in threads
// of its own, so no caller would see their errors otherwise. The first error is kept, because
// later ones are mostly its consequences.
//
// Thread-safe.
class ErrorListener : public rocksdb::EventListener {
 public:
  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* status) override {
    if (status == nullptr || status->ok()) return;
    const char* what = "background work";
    switch (reason) {
      case rocksdb::BackgroundErrorReason::kFlush: what = "flush"; break;
      case rocksdb::BackgroundErrorReason::kCompaction: what = "compaction"; break;
      case rocksdb::BackgroundErrorReason::kWriteCallback: what = "write"; break;
      case rocksdb::BackgroundErrorReason::kMemTable: what = "memtable write"; break;
      default: break;
    }
    absl::MutexLock lock(&mutex_);
    if (error_.ok()) error_ = FromRocks(*status, what);
  }
  absl::Status error() const {
    absl::MutexLock lock(&mutex_);
    return error_;
  }

 private:
  mutable absl::Mutex mutex_;
  absl::Status error_ ABSL_GUARDED_BY(mutex_);
};

// A RocksDB iterator over [lower, upper). It keeps a copy of the upper bound, because the iterator
// points into it until the end. Hence the order of members, too: the iterator is destroyed first.
class RocksCursor : public Cursor {
 public:
  RocksCursor(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* handle, const Range& range)
      : family_(range.family), upper_(range.upper), upper_slice_(upper_) {
    rocksdb::ReadOptions options;
    if (range.view != nullptr) {
      options.snapshot = static_cast<const RocksReadView*>(range.view)->get();
    }
    if (!upper_.empty()) options.iterate_upper_bound = &upper_slice_;
    if (range.sequential) {
      // A walk over everything would push the blocks that searches need out of the cache.
      options.fill_cache = false;
      options.readahead_size = kReadaheadBytes;
    }
    iterator_.reset(db->NewIterator(options, handle));
    if (range.lower.empty()) {
      iterator_->SeekToFirst();
    } else {
      iterator_->Seek(ToSlice(range.lower));
    }
  }

  bool Valid() const override { return iterator_->Valid(); }
  void Next() override { iterator_->Next(); }
  void Seek(absl::string_view key) override { iterator_->Seek(ToSlice(key)); }
  absl::string_view key() const override { return FromSlice(iterator_->key()); }
  absl::string_view value() const override { return FromSlice(iterator_->value()); }
  absl::Status status() const override {
    return FromRocks(iterator_->status(), absl::StrCat("reading ", FamilyName(family_)));
  }

 private:
  const Family family_;
  const std::string upper_;
  const rocksdb::Slice upper_slice_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

}  // namespace

namespace {

// The memory budget of all memtables, and the stores that have them.
class WriteBuffers {
 public:
  explicit WriteBuffers(size_t bytes)
      : manager_(std::make_shared<rocksdb::WriteBufferManager>(bytes)) {}

  const std::shared_ptr<rocksdb::WriteBufferManager>& manager() const { return manager_; }
  OpenStores& stores() { return stores_; }
  // Keeps the budget; called after a write. RocksDB flushes the store that writes from 7/8 of it
  // on, so the largest store has to be flushed before.
  void Check() {
    if (manager_->mutable_memtable_memory_usage() > manager_->buffer_size() / 4 * 3) {
      stores_.FlushLargest();
    }
  }

 private:
  const std::shared_ptr<rocksdb::WriteBufferManager> manager_;
  OpenStores stores_;
};

}  // namespace

// RocksDB's objects, hidden from the header.
struct SharedResources::Impl {
  std::shared_ptr<rocksdb::Cache> cache;
  std::shared_ptr<WriteBuffers> write_buffers;
  int background_threads;
};

SharedResources::SharedResources(const DatabaseOptions& options) : impl_(new Impl) {
  impl_->cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  impl_->write_buffers = std::make_shared<WriteBuffers>(options.write_buffer_bytes);
  impl_->background_threads = std::max(options.background_threads, 1);
  // The environment is that of the process, so these numbers hold for all stores together.
  // Compactions run in the threads of low priority. Flushes have a thread of their own: a writer
  // may wait for a flush, and must not wait for a compaction before it.
  rocksdb::Env::Default()->SetBackgroundThreads(impl_->background_threads, rocksdb::Env::LOW);
  rocksdb::Env::Default()->SetBackgroundThreads(1, rocksdb::Env::HIGH);
}

SharedResources::~SharedResources() = default;

void SharedResources::FreeCachedBlocks() const { impl_->cache->EraseUnRefEntries(); }

namespace {

// A WriteBatch over the families of one store.
class RocksBatch : public Batch {
 public:
  RocksBatch(const std::vector<rocksdb::ColumnFamilyHandle*>& handles, size_t reserve_bytes)
      : handles_(handles), batch_(reserve_bytes) {}

  // Put and Delete append to a buffer in memory. They fail only for a key or value of 4 GiB or
  // more. Ours are far below, so their statuses are not looked at.
  void Put(Family family, absl::string_view key, absl::string_view value) override {
    batch_.Put(handles_[static_cast<size_t>(family)], ToSlice(key), ToSlice(value))
        .PermitUncheckedError();
  }
  void Replace(Family family, absl::string_view key, absl::string_view value) override {
    Put(family, key, value);
    ++outdated_;
  }
  void Delete(Family family, absl::string_view key) override {
    batch_.Delete(handles_[static_cast<size_t>(family)], ToSlice(key)).PermitUncheckedError();
    ++outdated_;
  }
  bool empty() const override { return batch_.Count() == 0; }
  rocksdb::WriteBatch& batch() { return batch_; }
  // Returns the number of values that the batch replaces or deletes.
  uint64_t outdated() const { return outdated_; }

 private:
  const std::vector<rocksdb::ColumnFamilyHandle*>& handles_;
  rocksdb::WriteBatch batch_;
  uint64_t outdated_ = 0;
};

// An open RocksDB with its family handles, which must be destroyed before it is closed.
class RocksStore : public Store, private OpenStores::Member {
 public:
  RocksStore(std::shared_ptr<ErrorListener> listener, std::shared_ptr<WriteBuffers> write_buffers,
             std::unique_ptr<rocksdb::DB> db, std::vector<rocksdb::ColumnFamilyHandle*> handles)
      : listener_(std::move(listener)),
        write_buffers_(std::move(write_buffers)),
        db_(std::move(db)),
        handles_(std::move(handles)),
        anchor_(std::make_unique<ViewAnchor>(db_.get())) {
    write_buffers_->stores().Add(this);
  }

  ~RocksStore() override {
    write_buffers_->stores().Remove(this);
    // Requires: no view and no cursor is left. Each of them refers to the database, and the close
    // would fail.
    anchor_ = nullptr;
    for (rocksdb::ColumnFamilyHandle* handle : handles_) {
      db_->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
    }
    db_->Close().PermitUncheckedError();
  }

  std::unique_ptr<Batch> NewBatch(size_t reserve_bytes) const override {
    return std::make_unique<RocksBatch>(handles_, reserve_bytes);
  }

  // RocksDB takes its locks without guards, so an exception out of it (there is no memory) would
  // leave them taken, and the next write would wait for ever. The end of the process is better:
  // what was acknowledged is in the log.
  absl::Status Write(Batch& batch, bool sync) noexcept override {
    rocksdb::WriteOptions options;
    options.sync = sync;
    auto& own = static_cast<RocksBatch&>(batch);
    anchor_->Add(own.outdated());
    const rocksdb::Status status = db_->Write(options, &own.batch());
    write_buffers_->Check();
    return FromRocks(status, "write");
  }
  absl::Status Sync() noexcept override { return FromRocks(db_->SyncWAL(), "log sync"); }

  absl::StatusOr<std::optional<std::string>> Get(Family family,
                                                 absl::string_view key) const override {
    std::string value;
    const rocksdb::Status status =
        db_->Get(rocksdb::ReadOptions(), handle(family), ToSlice(key), &value);
    if (status.IsNotFound()) return std::optional<std::string>();
    TQDB_RETURN_IF_ERROR(FromRocks(status, absl::StrCat("reading ", FamilyName(family))));
    return std::optional<std::string>(std::move(value));
  }

  absl::StatusOr<std::vector<std::optional<std::string>>> MultiGet(
      Family family, absl::Span<const Key> keys, const ReadView* view) const override {
    rocksdb::ReadOptions options;
    if (view != nullptr) options.snapshot = static_cast<const RocksReadView*>(view)->get();
    std::vector<rocksdb::Slice> slices(keys.size());
    for (size_t i = 0; i < keys.size(); ++i) slices[i] = ToSlice(keys[i].view());
    // Pinned values stay in the block cache, so that each is copied only once, into the answer.
    std::vector<rocksdb::PinnableSlice> pinned(keys.size());
    std::vector<rocksdb::Status> statuses(keys.size());
    db_->MultiGet(options, handle(family), keys.size(), slices.data(), pinned.data(),
                  statuses.data());
    std::vector<std::optional<std::string>> values(keys.size());
    for (size_t i = 0; i < keys.size(); ++i) {
      if (statuses[i].IsNotFound()) continue;
      TQDB_RETURN_IF_ERROR(FromRocks(statuses[i], absl::StrCat("reading ", FamilyName(family))));
      values[i].emplace(pinned[i].data(), pinned[i].size());
    }
    return values;
  }

  uint64_t WriteBufferBytes() const override {
    uint64_t bytes = 0;
    return db_->GetAggregatedIntProperty(rocksdb::DB::Properties::kSizeAllMemTables, &bytes) ? bytes
                                                                                             : 0;
  }

  std::unique_ptr<ReadView> TakeReadView() const override {
    anchor_->Move(/*force=*/false);
    return std::make_unique<RocksReadView>(db_.get());
  }

  std::unique_ptr<Cursor> Scan(const Range& range) const override {
    return std::make_unique<RocksCursor>(db_.get(), handle(range.family), range);
  }

  absl::Status Flush() override {
    anchor_->Move(/*force=*/true);
    rocksdb::FlushOptions options;
    return FromRocks(db_->Flush(options, handles_), "flush");
  }

  absl::Status background_error() const override { return listener_->error(); }

  // Checks that every live file has the size that the MANIFEST says; DataLoss if not. RocksDB
  // checks table files at the open, but blob files only when a value is read from them. That would
  // be too late to quarantine the collection.
  absl::Status CheckFiles() {
    // A compaction may begin as soon as the store is open. It must not delete files during the
    // check.
    TQDB_RETURN_IF_ERROR(FromRocks(db_->DisableFileDeletions(), "holding files"));
    absl::Status status = CheckHeldFiles();
    status.Update(FromRocks(db_->EnableFileDeletions(), "releasing files"));
    return status;
  }

  rocksdb::ColumnFamilyHandle* handle(Family family) const {
    return handles_[static_cast<size_t>(family)];
  }

 private:
  uint64_t UnflushedBytes() const override {
    uint64_t bytes = 0;
    return db_->GetAggregatedIntProperty(rocksdb::DB::Properties::kCurSizeActiveMemTable, &bytes)
               ? bytes
               : 0;
  }
  void StartFlush() override {
    anchor_->Move(/*force=*/true);
    rocksdb::FlushOptions options;
    options.wait = false;
    options.allow_write_stall = true;  // without it the call would wait for earlier flushes
    db_->Flush(options, handles_).PermitUncheckedError();  // ErrorListener hears of errors
  }

  // Does the work of CheckFiles. Requires: deletions of files are disabled.
  absl::Status CheckHeldFiles() {
    rocksdb::LiveFilesStorageInfoOptions options;
    // The largest number means: never flush memtables for the sake of this listing.
    options.wal_size_for_flush = std::numeric_limits<uint64_t>::max();
    std::vector<rocksdb::LiveFileStorageInfo> files;
    TQDB_RETURN_IF_ERROR(FromRocks(db_->GetLiveFilesStorageInfo(options, &files), "listing files"));
    for (const rocksdb::LiveFileStorageInfo& file : files) {
      if (file.file_type != rocksdb::kBlobFile && file.file_type != rocksdb::kTableFile) continue;
      const std::string path = absl::StrCat(file.directory, "/", file.relative_filename);
      uint64_t size = 0;
      const rocksdb::Status status = db_->GetEnv()->GetFileSize(path, &size);
      if (!status.ok()) {
        const absl::Status error = FromRocks(status, absl::StrCat("looking at ", path));
        if (IsShortage(error)) return error;
        return absl::DataLossError(absl::StrCat("file is missing: ", status.ToString()));
      }
      if (size != file.size) {
        return absl::DataLossError(
            absl::StrCat("file ", path, " has ", size, " bytes; need ", file.size));
      }
    }
    return absl::OkStatus();
  }

  const std::shared_ptr<ErrorListener> listener_;
  const std::shared_ptr<WriteBuffers> write_buffers_;
  const std::unique_ptr<rocksdb::DB> db_;
  const std::vector<rocksdb::ColumnFamilyHandle*> handles_;  // in order of Family
  std::unique_ptr<ViewAnchor> anchor_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> Store::Open(const std::string& directory, Mode mode,
                                                   const SharedResources& shared) {
  const bool create = mode == Mode::kCreate;
  const SharedResources::Impl& resources = *shared.impl_;
  auto listener = std::make_shared<ErrorListener>();
  rocksdb::DBOptions options = RocksOptions();
  options.create_if_missing = create;
  // A store is either made or opened, and never made by an open. A directory that has lost its
  // files must not come back as an empty collection.
  options.error_if_exists = create;
  options.create_missing_column_families = create;
  // One job more than the compaction threads: flushes have a thread of their own.
  options.max_background_jobs = resources.background_threads + 1;
  // Shared by all collections, so that their memtables keep one bound together.
  options.write_buffer_manager = resources.write_buffers->manager();
  options.listeners = {listener};

  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const Family family : kFamilies) {
    descriptors.emplace_back(FamilyName(family), RocksFamilyOptions(family, resources.cache));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  TQDB_RETURN_IF_ERROR(FromRocks(rocksdb::DB::Open(options, directory, descriptors, &handles, &db),
                                 absl::StrCat("opening ", directory)));
  auto store = std::make_unique<RocksStore>(std::move(listener), resources.write_buffers,
                                            std::unique_ptr<rocksdb::DB>(db), std::move(handles));
  if (!create) TQDB_RETURN_IF_ERROR(store->CheckFiles());
  return store;
}

}  // namespace tqdb::storage
