#include "storage/api/database.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <map>
#include <new>
#include <string>
#include <thread>
#include <utility>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/read_file.h"
#include "base/status_macros.h"
#include "storage/disk/files.h"
#include "storage/disk/format.h"
#include "storage/disk/shortage.h"
#include "storage/disk/store.h"
#include "storage/engine/collection_impl.h"
#include "storage/engine/validate_config.h"
#include "storage/upkeep/background_worker.h"
#include "storage/upkeep/ticker.h"

namespace tqdb::storage {

namespace {

// Names in the data directory. A collection is made in tmp and renamed into place; a dropped one is
// renamed into trash. Both are emptied at open, so a crash leaves a collection whole or not at all.
constexpr absl::string_view kFormatFile = "FORMAT";
constexpr absl::string_view kCollections = "collections";
constexpr absl::string_view kTemporary = "tmp";
constexpr absl::string_view kTrash = "trash";

// The database behind the interface. It owns the directory with its lock, the resources that
// collections share, and the map of collections.
//
// Calls look a collection up under mutex_, which is held only for that. Creating and dropping hold
// admin_mutex_ for as long as they take, so no two of them touch the same files. Lookups go on in
// the meantime. Example: a drop waits for a long search, and other collections are found and
// searched.
class DatabaseImpl : public Database {
 public:
  DatabaseImpl(const DatabaseOptions& options, std::unique_ptr<DirectoryLock> lock)
      : options_(options), lock_(std::move(lock)), shared_(options) {}
  ~DatabaseImpl() override { Close().IgnoreError(); }

  absl::Status Load();
  absl::StatusOr<std::shared_ptr<Collection>> CreateCollection(
      absl::string_view name, const CollectionConfig& config) override;
  absl::StatusOr<std::shared_ptr<Collection>> GetCollection(absl::string_view name) const override;
  std::vector<CollectionInfo> ListCollections() const override;
  absl::StatusOr<CollectionInfo> GetInfo(absl::string_view name) const override;
  absl::Status DeleteCollection(absl::string_view name) override;
  absl::Status Close() override;

 private:
  // A collection, or the error that keeps it from being served.
  struct Entry {
    std::shared_ptr<CollectionImpl> collection;  // null if quarantined or unavailable
    absl::Status error;

    CollectionHealth Health(const std::string& name) const;
    // Returns whether it waits for the end of a shortage.
    bool lacks_something() const {
      return collection != nullptr ? collection->lacks_something() : IsShortage(error);
    }
  };
  // What WatchHealth knows of a collection from its last looks.
  struct Watched {
    CollectionHealth health = {"", CollectionStatus::kReady, ""};
    absl::Duration pause;  // between the last two attempts to open it; 0: there was none
    absl::Time next_attempt = absl::InfinitePast();
  };

  std::string Path(absl::string_view folder) const {
    return absl::StrCat(options_.directory, "/", folder);
  }
  std::string Path(absl::string_view folder, absl::string_view name) const {
    return absl::StrCat(options_.directory, "/", folder, "/", name);
  }
  // Opens a collection. An error goes into the entry, so that one collection does not stop others.
  Entry OpenEntry(const std::string& name) ABSL_LOCKS_EXCLUDED(mutex_);
  // Opens collections again that lack something, and reports those whose health has changed. Called
  // by the ticker.
  void WatchHealth();
  // Opens one of them again, if it seems to pay.
  void TryAgain(const std::string& name, const Entry& entry)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(admin_mutex_);
  // Notes that the collection uses the directory. FailedPrecondition if another one does, under
  // another name: two stores on the same files would destroy each other's.
  absl::Status Claim(const DirectoryEntry& directory) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Unclaim(absl::string_view name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  CollectionInfo Describe(const std::string& name, const Entry& entry) const;
  absl::StatusOr<Entry> Find(absl::string_view name) const;

  // Members are destroyed from the last one up: collections use the worker and the shared
  // resources, and the lock of the directory must go after all that writes to it.
  const DatabaseOptions options_;
  const std::unique_ptr<DirectoryLock> lock_;
  const SharedResources shared_;
  BackgroundWorker worker_;

  // Lock order: admin_mutex_, then mutex_.
  absl::Mutex admin_mutex_;  // held while a collection is created or dropped
  uint64_t trash_number_ ABSL_GUARDED_BY(admin_mutex_) = 0;
  mutable absl::Mutex mutex_;
  std::map<std::string, Entry> entries_ ABSL_GUARDED_BY(mutex_);
  // The directory of each collection, by device and inode, with the name that it was opened under.
  std::map<std::pair<uint64_t, uint64_t>, std::string> claims_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Watched> watched_ ABSL_GUARDED_BY(admin_mutex_);
  std::unique_ptr<Ticker> ticker_;  // from Load to Close
};

// Free space for the files of RocksDB that every open makes: a log, a MANIFEST, options.
constexpr uint64_t kRoomToReopen = uint64_t{16} << 20;
// Longest pause between two attempts to open a collection, in units of the interval.
constexpr int kLongestPause = 32;

absl::Status NoSuchCollection(absl::string_view name) {
  // The name comes from a caller and may be any bytes. Only a valid one is repeated in a message.
  TQDB_RETURN_IF_ERROR(ValidateCollectionName(name));
  return absl::NotFoundError(absl::StrCat("collection '", name, "' does not exist"));
}

// Writes the format file of an empty data directory, or checks that of an existing one.
absl::Status CheckDirectory(const std::string& directory) {
  const std::string format_path = absl::StrCat(directory, "/", kFormatFile);
  // The file is written before any collection can exist. So a directory with collections and
  // without the file is no directory of ours, or has lost it, and nothing in it is touched.
  const absl::StatusOr<std::string> format = ReadFile(format_path);
  if (format.ok()) return CheckFormatFile(*format);
  if (!absl::IsNotFound(format.status())) return format.status();
  if (PathExists(absl::StrCat(directory, "/", kCollections))) {
    return absl::FailedPreconditionError(absl::StrCat(
        "data directory ", directory, " has collections but no ", kFormatFile, " file"));
  }
  return WriteFileAtomically(format_path, FormatFileContents());
}

DatabaseImpl::Entry DatabaseImpl::OpenEntry(const std::string& name) {
  const std::optional<DirectoryEntry> directory = DescribeDirectory(Path(kCollections, name));
  if (!directory.has_value()) return {nullptr, absl::NotFoundError("its directory is gone")};
  {
    absl::MutexLock lock(&mutex_);
    if (const absl::Status claimed = Claim(*directory); !claimed.ok()) return {nullptr, claimed};
  }
  try {
    auto collection = CollectionImpl::Open(name, Path(kCollections, name), shared_, worker_);
    if (collection.ok()) return {*std::move(collection), absl::OkStatus()};
    return {nullptr, collection.status()};
  } catch (const std::bad_alloc&) {
    return {nullptr, absl::ResourceExhaustedError("there is not enough memory to load it")};
  }
}

absl::Status DatabaseImpl::Claim(const DirectoryEntry& directory) {
  TQDB_RETURN_IF_ERROR(directory.status);
  const auto [it, claimed] = claims_.emplace(directory.identity, directory.name);
  if (claimed || it->second == directory.name) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("'", directory.name, "' is a second name of the directory of collection '",
                   it->second, "'; remove the link"));
}

void DatabaseImpl::Unclaim(absl::string_view name) {
  for (auto it = claims_.begin(); it != claims_.end();) {
    it = it->second == name ? claims_.erase(it) : std::next(it);
  }
}

CollectionHealth DatabaseImpl::Entry::Health(const std::string& name) const {
  if (collection == nullptr) {
    return {name,
            IsShortage(error) ? CollectionStatus::kUnavailable : CollectionStatus::kQuarantined,
            error.ToString()};
  }
  const absl::Status writable = collection->Writable();
  if (writable.ok()) return {name, CollectionStatus::kReady, ""};
  return {name, CollectionStatus::kReadOnly, std::string(writable.message())};
}

void DatabaseImpl::WatchHealth() {
  // Creations and drops wait while a collection is opened again. Calls do not.
  absl::MutexLock admin(&admin_mutex_);
  std::map<std::string, Entry> entries;
  {
    absl::MutexLock lock(&mutex_);
    entries = entries_;
  }
  for (auto& [name, entry] : entries) {
    Watched& watched = watched_[name];  // a new one is ready
    const auto report = [&](const CollectionHealth& health) {
      if (health.status == watched.health.status && health.error == watched.health.error) return;
      watched.health = health;
      if (options_.on_health) options_.on_health(health);
    };
    report(entry.Health(name));
    if (!entry.lacks_something()) {
      watched.pause = absl::ZeroDuration();
      continue;
    }
    if (absl::Now() < watched.next_attempt) continue;
    TryAgain(name, entry);
    // The time that an attempt took does not count, so that a slow disk gets its pauses, too.
    watched.pause = std::clamp(2 * watched.pause, options_.health_interval,
                               kLongestPause * options_.health_interval);
    watched.next_attempt = absl::Now() + watched.pause;
    const absl::StatusOr<Entry> now = Find(name);
    if (now.ok()) report(now->Health(name));
  }
  for (auto it = watched_.begin(); it != watched_.end();) {
    it = entries.count(it->first) > 0 ? std::next(it) : watched_.erase(it);
  }
}

void DatabaseImpl::TryAgain(const std::string& name, const Entry& entry) {
  if (entry.collection != nullptr) {
    // It still serves reads. So it is closed only when there is reason to believe that it opens
    // again. Memory lacks the write that failed, and the disk may have it or not, so nothing less
    // than loading it again makes both equal.
    // Opening replays the log, and writes what it finds into table files.
    const uint64_t need = kRoomToReopen + 2 * entry.collection->write_buffer_bytes();
    if (!CheckRoom(Path(kCollections, name), need).ok()) return;
    entry.collection->Close(/*flush=*/false).IgnoreError();
  }
  const Entry opened = OpenEntry(name);
  {
    absl::MutexLock lock(&mutex_);
    entries_[name] = opened;
  }
  if (opened.collection != nullptr) opened.collection->StartMaintenance();
}

absl::Status DatabaseImpl::Load() {
  // Recovery. A collection in tmp was never acknowledged, and the drop of one in trash may have
  // been. So neither is wanted any more. A removal need not be durable: if a crash undoes it, the
  // next open repeats it.
  for (const absl::string_view folder : {kTemporary, kTrash}) {
    TQDB_RETURN_IF_ERROR(RemoveTree(Path(folder)));
  }
  for (const absl::string_view folder : {kCollections, kTemporary, kTrash}) {
    TQDB_RETURN_IF_ERROR(MakeDirectories(Path(folder)));
  }
  // The names of the three folders must be durable before a collection is renamed into one of them.
  TQDB_RETURN_IF_ERROR(SyncDirectory(options_.directory));
  TQDB_ASSIGN_OR_RETURN(const std::vector<DirectoryEntry> directories,
                        ListDirectories(Path(kCollections)));
  std::vector<std::string> names;
  for (const DirectoryEntry& directory : directories) {
    // A directory that cannot be a collection, for example lost+found, is not ours.
    if (!ValidateCollectionName(directory.name).ok()) continue;
    absl::MutexLock lock(&mutex_);
    // Links come last, so a link to a collection is the one that is refused.
    const absl::Status claimed = Claim(directory);
    if (claimed.ok()) {
      names.push_back(directory.name);
    } else {
      entries_[directory.name] = {nullptr, claimed};
    }
  }

  // Collections do not depend on each other, so as many threads as the hardware has load them.
  std::atomic<size_t> next{0};
  const auto open_some = [&] {
    for (size_t i; (i = next.fetch_add(1)) < names.size();) {
      // Opening takes seconds for a large collection, so it runs without the lock.
      Entry entry = OpenEntry(names[i]);
      absl::MutexLock lock(&mutex_);
      entries_.emplace(names[i], std::move(entry));
    }
  };
  std::vector<std::thread> threads;
  for (size_t i = 1; i < std::min<size_t>(std::thread::hardware_concurrency(), names.size()); ++i) {
    threads.emplace_back(open_some);
  }
  open_some();
  for (std::thread& thread : threads) thread.join();
#ifdef __GLIBC__
  // Recovery and loading leave large free blocks behind, and this process lives long.
  malloc_trim(0);
#endif
  // Upkeep begins only now, so that it does not slow the loading of other collections.
  absl::MutexLock admin(&admin_mutex_);
  absl::MutexLock lock(&mutex_);
  for (const auto& [name, entry] : entries_) {
    if (entry.collection != nullptr) entry.collection->StartMaintenance();
    watched_[name].health = entry.Health(name);
  }
  ticker_ = std::make_unique<Ticker>(options_.health_interval, [this] {
    try {
      WatchHealth();
    } catch (const std::bad_alloc&) {  // the next look may find more memory
    }
  });
  return absl::OkStatus();
}

absl::StatusOr<DatabaseImpl::Entry> DatabaseImpl::Find(absl::string_view name) const {
  absl::MutexLock lock(&mutex_);
  const auto it = entries_.find(std::string(name));
  if (it == entries_.end()) return NoSuchCollection(name);
  return it->second;
}

absl::StatusOr<std::shared_ptr<Collection>> DatabaseImpl::GetCollection(
    absl::string_view name) const {
  TQDB_ASSIGN_OR_RETURN(const Entry entry, Find(name));
  if (entry.collection != nullptr) return std::shared_ptr<Collection>(entry.collection);
  if (IsShortage(entry.error)) {
    return absl::UnavailableError(
        absl::StrCat("collection '", name,
                     "' cannot be opened for now, and is tried again: ", entry.error.message()));
  }
  return absl::DataLossError(
      absl::StrCat("collection '", name, "' is quarantined: ", entry.error.message()));
}

CollectionInfo DatabaseImpl::Describe(const std::string& name, const Entry& entry) const {
  if (entry.collection != nullptr) return entry.collection->Info();
  CollectionInfo info;
  info.name = name;
  const CollectionHealth health = entry.Health(name);
  info.status = health.status;
  info.error = health.error;
  info.disk_bytes = TreeBytes(Path(kCollections, name));
  return info;
}

absl::StatusOr<CollectionInfo> DatabaseImpl::GetInfo(absl::string_view name) const {
  TQDB_ASSIGN_OR_RETURN(const Entry entry, Find(name));
  return Describe(std::string(name), entry);
}

std::vector<CollectionInfo> DatabaseImpl::ListCollections() const {
  // Info walks the files of a collection, so it must not run under the lock that every call takes.
  std::map<std::string, Entry> entries;
  {
    absl::MutexLock lock(&mutex_);
    entries = entries_;
  }
  std::vector<CollectionInfo> infos;
  for (const auto& [name, entry] : entries) infos.push_back(Describe(name, entry));
  return infos;
}

absl::StatusOr<std::shared_ptr<Collection>> DatabaseImpl::CreateCollection(
    absl::string_view name, const CollectionConfig& config) {
  TQDB_RETURN_IF_ERROR(ValidateCollectionName(name));
  TQDB_RETURN_IF_ERROR(ValidateConfig(config));
  const std::string own_name(name);
  absl::MutexLock admin(&admin_mutex_);
  {
    absl::MutexLock lock(&mutex_);
    // A quarantined collection counts as existing. Its files are still in place, and somebody may
    // want to rescue them.
    if (entries_.count(own_name) > 0) {
      return absl::AlreadyExistsError(absl::StrCat("collection '", name, "' exists already"));
    }
  }
  // The rename is the moment of creation: before it a crash leaves only files in tmp. The store is
  // written and synced first, so the name never stands for a half-made collection. If an earlier
  // attempt failed, its files are still in tmp, and must not be mixed with the new ones.
  const std::string temporary = Path(kTemporary, name);
  TQDB_RETURN_IF_ERROR(RemoveTree(temporary));
  absl::Status status = CollectionImpl::Create(temporary, config, shared_);
  if (status.ok()) status = SyncDirectory(temporary);
  if (status.ok()) status = RenameDurably(temporary, Path(kCollections, name));
  if (!status.ok()) {
    RemoveTree(temporary).IgnoreError();  // files that stay are removed at the next open
    return status;
  }
  // From here on the collection exists. If it does not open, it is listed as quarantined, as after
  // a restart.
  const Entry entry = OpenEntry(own_name);
  {
    absl::MutexLock lock(&mutex_);
    entries_[own_name] = entry;
  }
  if (entry.collection == nullptr) return entry.error;
  return std::shared_ptr<Collection>(entry.collection);
}

absl::Status DatabaseImpl::DeleteCollection(absl::string_view name) {
  const std::string own_name(name);
  absl::MutexLock admin(&admin_mutex_);
  TQDB_ASSIGN_OR_RETURN(const Entry entry, Find(name));
  // Close waits for the calls in progress. The entry stays until the rename, so calls that find it
  // get Unavailable, and NotFound once the collection is gone.
  if (entry.collection != nullptr) entry.collection->Close(/*flush=*/false).IgnoreError();
  // The rename is the moment of the drop. A crash before it keeps the collection. A crash after it
  // leaves files that the next open removes. The number tells apart two collections that were
  // dropped one after the other under one name. It begins at 0 in each process, because the trash
  // is emptied at the open.
  const std::string trash = Path(kTrash, absl::StrCat(name, ".", trash_number_++));
  const absl::Status status = RenameDurably(Path(kCollections, name), trash);
  {
    absl::MutexLock lock(&mutex_);
    if (!status.ok()) {
      // The collection is closed, and its files may still be in place. The entry tells why, and
      // allows another try to drop it.
      entries_[own_name] = {nullptr, status};
      return status;
    }
    entries_.erase(own_name);
    Unclaim(own_name);
    if (entries_.empty()) shared_.FreeCachedBlocks();
  }
  // The collection is gone whatever happens here. An error tells the caller that its space on disk
  // is not free until the next open.
  return RemoveTree(trash);
}

absl::Status DatabaseImpl::Close() {
  ticker_.reset();  // before the lock, which a look in progress holds
  absl::MutexLock admin(&admin_mutex_);
  // No new call finds a collection once the map is empty. Closing itself waits for calls and
  // flushes, so it runs without the lock.
  std::map<std::string, Entry> entries;
  {
    absl::MutexLock lock(&mutex_);
    entries.swap(entries_);
  }
  absl::Status status;
  for (const auto& [name, entry] : entries) {
    // The first error is kept, and the other collections are closed all the same.
    if (entry.collection != nullptr) status.Update(entry.collection->Close(/*flush=*/true));
  }
  return status;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const DatabaseOptions& options) {
  if (options.directory.empty()) {
    return absl::InvalidArgumentError("data directory is empty; need a path");
  }
  TQDB_RETURN_IF_ERROR(MakeDirectories(options.directory));
  // The lock comes before everything else: another process may be writing to the directory.
  TQDB_ASSIGN_OR_RETURN(std::unique_ptr<DirectoryLock> lock,
                        DirectoryLock::Acquire(options.directory));
  TQDB_RETURN_IF_ERROR(CheckDirectory(options.directory));
  auto database = std::make_unique<DatabaseImpl>(options, std::move(lock));
  TQDB_RETURN_IF_ERROR(database->Load());
  return database;
}

}  // namespace tqdb::storage
