// Settings of RocksDB, and why.
//
// * Rows are numbered in order of arrival and never reused, so codes, vectors and payloads of one
// space
//   are written in key order: flushed files hardly overlap and compaction moves them without
//   rewriting.
// * Codes and vectors do not compress; points and payloads do.
// * Originals of 512 bytes and more lie in blob files: they are written twice (log, blob), never
// again
//   by compaction, and are collected once half of a file's oldest blobs are garbage.
// * Log recovery is kTolerateCorruptedTailRecords. A record torn at the end of the log is what a
// crash
//   leaves of a write that was never acknowledged, so it must not stop a start
//   (kAbsoluteConsistency would). Any other damage is an error and quarantines the collection;
//   kPointInTimeRecovery would drop every acknowledged write behind it without a word. What
//   remains: a log cut off at rest looks like a torn record. For logs that were closed, the
//   MANIFEST knows the synced size and the open fails (track_and_verify_wals_in_manifest).
#include "storage/disk/store.h"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/file_checksum.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "base/status_macros.h"

namespace tqdb::storage {

namespace {

// A reopen after a crash replays at most about this much log.
constexpr uint64_t kMaxLogBytes = uint64_t{128} << 20;
constexpr size_t kReadaheadBytes = size_t{4} << 20;
// Originals of at least so many bytes go to blob files; smaller ones would pay more for the record
// header than for being rewritten.
constexpr uint64_t kMinBlobBytes = 512;

rocksdb::Slice ToSlice(absl::string_view text) { return {text.data(), text.size()}; }
absl::string_view FromSlice(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

absl::Status FromRocks(const rocksdb::Status& status, absl::string_view action) {
  if (status.ok()) return absl::OkStatus();
  const std::string text = status.ToString();
  const std::string message = absl::StrCat(action, ": ", text);
  // RocksDB knows ENOSPC; quota and file size limits reach it as plain IO errors with errno's text.
  if (status.IsNoSpace() || absl::StrContains(text, "No space left") ||
      absl::StrContains(text, "Disk quota exceeded") || absl::StrContains(text, "File too large")) {
    return absl::ResourceExhaustedError(absl::StrCat("disk is full: ", message));
  }
  if (status.IsCorruption()) return absl::DataLossError(message);
  if (status.IsInvalidArgument()) return absl::FailedPreconditionError(message);
  return absl::InternalError(message);
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

constexpr std::array<Family, kNumFamilies> kFamilies = {
    Family::kPoints, Family::kCodes, Family::kVectors, Family::kPayloads, Family::kMeta};

// Compressions that this build of RocksDB lacks fall back to none.
rocksdb::CompressionType IfSupported(rocksdb::CompressionType type) {
  const auto supported = rocksdb::GetSupportedCompressions();
  return std::find(supported.begin(), supported.end(), type) != supported.end()
             ? type
             : rocksdb::kNoCompression;
}

rocksdb::ColumnFamilyOptions FamilyOptions(Family family,
                                           const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions options;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = size_t{16} << 10;
  options.compression = rocksdb::kNoCompression;
  options.write_buffer_size = size_t{32} << 20;
  options.max_write_buffer_number = 3;
  switch (family) {
    case Family::kPoints: options.compression = IfSupported(rocksdb::kLZ4Compression); break;
    case Family::kPayloads:
      options.compression = IfSupported(rocksdb::kLZ4Compression);
      options.bottommost_compression = IfSupported(rocksdb::kZSTD);
      break;
    case Family::kCodes:
      table.block_size = size_t{64} << 10;  // read in sequence, at start-up
      options.write_buffer_size = size_t{64} << 20;
      break;
    case Family::kVectors:
      options.write_buffer_size = size_t{64} << 20;
      options.enable_blob_files = true;
      options.min_blob_size = kMinBlobBytes;
      options.enable_blob_garbage_collection = true;
      options.blob_garbage_collection_age_cutoff = 0.25;
      options.blob_garbage_collection_force_threshold = 0.5;
      break;
    case Family::kMeta: options.write_buffer_size = size_t{1} << 20; break;
  }
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

// Remembers the first error of a background job.
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

// RocksDB's own log is not written: its errors reach us as statuses and through ErrorListener, and
// Debian builds RocksDB with assertions, one of which ends the process when the log's file cannot
// grow. A full disk must not do that.
class SilentLogger : public rocksdb::Logger {
 public:
  SilentLogger() : rocksdb::Logger(rocksdb::InfoLogLevel::FATAL_LEVEL) {}
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

class RocksReadView : public ReadView {
 public:
  explicit RocksReadView(rocksdb::DB* db) : db_(db), snapshot_(db->GetSnapshot()) {}
  ~RocksReadView() override { db_->ReleaseSnapshot(snapshot_); }
  const rocksdb::Snapshot* get() const { return snapshot_; }

 private:
  rocksdb::DB* const db_;
  const rocksdb::Snapshot* const snapshot_;
};

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

struct SharedResources::Impl {
  std::shared_ptr<rocksdb::Cache> cache;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers;
  int background_threads;
};

SharedResources::SharedResources(const DatabaseOptions& options) : impl_(new Impl) {
  impl_->cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  impl_->write_buffers = std::make_shared<rocksdb::WriteBufferManager>(options.write_buffer_bytes);
  impl_->background_threads = std::max(options.background_threads, 1);
  rocksdb::Env::Default()->SetBackgroundThreads(impl_->background_threads, rocksdb::Env::LOW);
  rocksdb::Env::Default()->SetBackgroundThreads(1, rocksdb::Env::HIGH);
}

SharedResources::~SharedResources() = default;

namespace {

class RocksBatch : public Batch {
 public:
  RocksBatch(const std::vector<rocksdb::ColumnFamilyHandle*>& handles, size_t reserve_bytes)
      : handles_(handles), batch_(reserve_bytes) {}

  // Neither can fail: both are plain appends of keys and values far below the 4 GiB that one may
  // have.
  void Put(Family family, absl::string_view key, absl::string_view value) override {
    batch_.Put(handles_[static_cast<size_t>(family)], ToSlice(key), ToSlice(value))
        .PermitUncheckedError();
  }
  void Delete(Family family, absl::string_view key) override {
    batch_.Delete(handles_[static_cast<size_t>(family)], ToSlice(key)).PermitUncheckedError();
  }
  bool empty() const override { return batch_.Count() == 0; }
  rocksdb::WriteBatch& batch() { return batch_; }

 private:
  const std::vector<rocksdb::ColumnFamilyHandle*>& handles_;
  rocksdb::WriteBatch batch_;
};

class RocksStore : public Store {
 public:
  RocksStore(std::shared_ptr<ErrorListener> listener, std::unique_ptr<rocksdb::DB> db,
             std::vector<rocksdb::ColumnFamilyHandle*> handles)
      : listener_(std::move(listener)), db_(std::move(db)), handles_(std::move(handles)) {}

  ~RocksStore() override {
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
    return FromRocks(db_->Write(options, &static_cast<RocksBatch&>(batch).batch()), "write");
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
    return std::make_unique<RocksReadView>(db_.get());
  }

  std::unique_ptr<Cursor> Scan(const Range& range) const override {
    return std::make_unique<RocksCursor>(db_.get(), handle(range.family), range);
  }

  absl::Status Flush() override {
    rocksdb::FlushOptions options;
    return FromRocks(db_->Flush(options, handles_), "flush");
  }

  absl::Status background_error() const override { return listener_->error(); }

  // Every live file must have the size that the MANIFEST says: table files are checked by RocksDB,
  // blob files only when they are read, which is too late to quarantine.
  absl::Status CheckFiles() {
    // A compaction may begin at once and replace files while they are looked at.
    TQDB_RETURN_IF_ERROR(FromRocks(db_->DisableFileDeletions(), "holding files"));
    absl::Status status = CheckHeldFiles();
    status.Update(FromRocks(db_->EnableFileDeletions(), "releasing files"));
    return status;
  }

  rocksdb::ColumnFamilyHandle* handle(Family family) const {
    return handles_[static_cast<size_t>(family)];
  }

 private:
  absl::Status CheckHeldFiles() {
    rocksdb::LiveFilesStorageInfoOptions options;
    options.wal_size_for_flush = std::numeric_limits<uint64_t>::max();
    std::vector<rocksdb::LiveFileStorageInfo> files;
    TQDB_RETURN_IF_ERROR(FromRocks(db_->GetLiveFilesStorageInfo(options, &files), "listing files"));
    for (const rocksdb::LiveFileStorageInfo& file : files) {
      if (file.file_type != rocksdb::kBlobFile && file.file_type != rocksdb::kTableFile) continue;
      const std::string path = absl::StrCat(file.directory, "/", file.relative_filename);
      uint64_t size = 0;
      const rocksdb::Status status = db_->GetEnv()->GetFileSize(path, &size);
      if (!status.ok()) {
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
  const std::unique_ptr<rocksdb::DB> db_;
  const std::vector<rocksdb::ColumnFamilyHandle*> handles_;  // in order of Family
};

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> Store::Open(const std::string& directory, Mode mode,
                                                   const SharedResources& shared) {
  const bool create = mode == Mode::kCreate;
  const SharedResources::Impl& resources = *shared.impl_;
  auto listener = std::make_shared<ErrorListener>();
  rocksdb::DBOptions options;
  options.create_if_missing = create;
  options.error_if_exists = create;
  options.create_missing_column_families = create;
  options.max_background_jobs = resources.background_threads + 1;
  options.write_buffer_manager = resources.write_buffers;
  options.max_total_wal_size = kMaxLogBytes;
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.track_and_verify_wals_in_manifest = true;
  options.bytes_per_sync = uint64_t{1} << 20;
  options.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();
  options.listeners = {listener};
  options.info_log = std::make_shared<SilentLogger>();
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;

  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const Family family : kFamilies) {
    descriptors.emplace_back(FamilyName(family), FamilyOptions(family, resources.cache));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  TQDB_RETURN_IF_ERROR(FromRocks(rocksdb::DB::Open(options, directory, descriptors, &handles, &db),
                                 absl::StrCat("opening ", directory)));
  auto store = std::make_unique<RocksStore>(std::move(listener), std::unique_ptr<rocksdb::DB>(db),
                                            std::move(handles));
  if (!create) TQDB_RETURN_IF_ERROR(store->CheckFiles());
  return store;
}

}  // namespace tqdb::storage
