// RocksDB, behind the few operations that a collection needs. No other header of storage names it.
//
// A Store is one RocksDB: five column families under one write-ahead log. Settings and their
// reasons are in rocks.cc; the bytes in docs/format.md.
//
// Thread-safe, except Batch and Cursor, which belong to one thread at a time. Errors: DataLoss for
// corruption, ResourceExhausted for a full disk, FailedPrecondition for a store that cannot be
// opened as asked, Internal otherwise.
#ifndef TQDB_STORAGE_DISK_STORE_H_
#define TQDB_STORAGE_DISK_STORE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "storage/api/options.h"
#include "storage/disk/keys.h"

namespace tqdb::storage {

// Column families. Names and order are part of the format.
enum class Family : uint8_t { kPoints, kCodes, kVectors, kPayloads, kMeta };
inline constexpr size_t kNumFamilies = 5;

// What all collections of a database share: block cache, memory budget of memtables, background
// threads.
class SharedResources {
 public:
  explicit SharedResources(const DatabaseOptions& options);
  ~SharedResources();

 private:
  friend class Store;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Writes that happen together or not at all. Outlived by its store.
class Batch {
 public:
  virtual ~Batch() = default;
  virtual void Put(Family family, absl::string_view key, absl::string_view value) = 0;
  virtual void Delete(Family family, absl::string_view key) = 0;
  virtual bool empty() const = 0;
};

// A consistent state of a store, for as long as it lives. Outlived by its store.
class ReadView {
 public:
  virtual ~ReadView() = default;
};

// Walks a range of keys in order. Check status() once Valid() is false.
class Cursor {
 public:
  virtual ~Cursor() = default;
  virtual bool Valid() const = 0;
  virtual void Next() = 0;
  virtual void Seek(absl::string_view key) = 0;
  // Valid until the cursor moves.
  virtual absl::string_view key() const = 0;
  virtual absl::string_view value() const = 0;
  virtual absl::Status status() const = 0;
};

// Range [lower, upper) of a family; an empty bound is no bound.
struct Range {
  Family family;
  absl::string_view lower;
  absl::string_view upper;
  const ReadView* view = nullptr;  // null: the state now
  bool sequential = false;         // reads ahead and leaves the block cache alone
};

class Store {
 public:
  enum class Mode { kCreate, kOpen };
  // kCreate: the directory is made and must not hold a store yet. kOpen: it must.
  static absl::StatusOr<std::unique_ptr<Store>> Open(const std::string& directory, Mode mode,
                                                     const SharedResources& shared);
  virtual ~Store() = default;

  virtual std::unique_ptr<Batch> NewBatch(size_t reserve_bytes) const = 0;
  // Durable before it returns when `sync`.
  virtual absl::Status Write(Batch& batch, bool sync) = 0;
  // Makes every write so far durable.
  virtual absl::Status Sync() = 0;

  // nullopt when there is no such key.
  virtual absl::StatusOr<std::optional<std::string>> Get(Family family,
                                                         absl::string_view key) const = 0;
  // One value a key, in order; nullopt for keys that do not exist. Of the state now when `view`
  // is null.
  virtual absl::StatusOr<std::vector<std::optional<std::string>>> MultiGet(
      Family family, absl::Span<const Key> keys, const ReadView* view) const = 0;
  absl::StatusOr<std::vector<std::optional<std::string>>> MultiGet(
      Family family, absl::Span<const Key> keys) const {
    return MultiGet(family, keys, nullptr);
  }
  virtual std::unique_ptr<ReadView> TakeReadView() const = 0;
  // Memory of writes that are in the log but not yet in a table file.
  virtual uint64_t WriteBufferBytes() const = 0;
  virtual std::unique_ptr<Cursor> Scan(const Range& range) const = 0;

  // Writes memtables to table files, so that the next open replays no log.
  virtual absl::Status Flush() = 0;
  // First error of a background flush or compaction; the store takes no writes after it.
  virtual absl::Status background_error() const = 0;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_DISK_STORE_H_
