// RocksDB, behind the few operations that a collection needs. No header names RocksDB, so that no
// other file depends on it.
//
// A Store is one RocksDB: five column families under one write-ahead log. Settings and their
// reasons are in rocks_options.h; docs/format.md describes the bytes.
//
// Thread-safe, except Batch and Cursor, which belong to one thread at a time. Errors of all calls
// are DataLoss for corruption, ResourceExhausted for a full disk, and Internal otherwise. Open also
// returns FailedPrecondition if the store cannot be opened in the requested mode.
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

// Column families. Names and order are part of the format; keys.h describes the keys of each.
enum class Family : uint8_t { kPoints, kCodes, kVectors, kPayloads, kMeta };
inline constexpr size_t kNumFamilies = 5;

// Resources that all collections of a database share: the block cache, the memory budget of
// memtables, and the background threads. Sharing bounds the memory of a database as a whole, no
// matter how many collections it has.
class SharedResources {
 public:
  explicit SharedResources(const DatabaseOptions& options);
  ~SharedResources();

  // Frees the cached blocks that no store is reading. The cache keeps blocks of stores that are
  // gone until others need their room, which never happens once the last store is gone.
  void FreeCachedBlocks() const;

 private:
  friend class Store;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Writes that happen together or not at all. The store must outlive its batches.
class Batch {
 public:
  virtual ~Batch() = default;
  // Copies key and value into the batch. Later writes of the same key win.
  virtual void Put(Family family, absl::string_view key, absl::string_view value) = 0;
  // Does the same for a key that has a value already. A store may count them.
  virtual void Replace(Family family, absl::string_view key, absl::string_view value) {
    Put(family, key, value);
  }
  virtual void Delete(Family family, absl::string_view key) = 0;
  virtual bool empty() const = 0;
};

// A read-only view of a store at the moment when the view was taken. Writes after that moment are
// not seen through it. The store must outlive its views. While a view lives, compaction keeps every
// value that it shows.
class ReadView {
 public:
  virtual ~ReadView() = default;
};

// Walks a range of keys in ascending order. A cursor starts at the first key of its range.
// Valid() becomes false at the end of the range and after an error: status() tells which.
class Cursor {
 public:
  virtual ~Cursor() = default;
  virtual bool Valid() const = 0;
  // Requires: Valid().
  virtual void Next() = 0;
  // Moves to the first key at or after `key`.
  virtual void Seek(absl::string_view key) = 0;
  // Requires: Valid(). The bytes of key and value stay until the cursor moves.
  virtual absl::string_view key() const = 0;
  virtual absl::string_view value() const = 0;
  virtual absl::Status status() const = 0;
};

// The keys of a scan: [lower, upper) of one family. An empty bound does not limit that side.
struct Range {
  Family family;
  absl::string_view lower;
  absl::string_view upper;
  const ReadView* view = nullptr;  // state to read; null: the state when the cursor is made
  bool sequential = false;         // whether to read ahead and bypass the block cache
};

// One collection's data on disk.
class Store {
 public:
  enum class Mode { kCreate, kOpen };
  // Opens the store of `directory`. With kCreate the directory is made and must not hold a store.
  // With kOpen it must hold one, and the sizes of its files are verified.
  static absl::StatusOr<std::unique_ptr<Store>> Open(const std::string& directory, Mode mode,
                                                     const SharedResources& shared);
  virtual ~Store() = default;

  // Returns an empty batch with room for `reserve_bytes` of keys and values; it grows as needed.
  virtual std::unique_ptr<Batch> NewBatch(size_t reserve_bytes) const = 0;
  // Writes a batch. With `sync`, it is durable when the call returns: one fsync. Without, it
  // survives the end of the process but not a power failure.
  virtual absl::Status Write(Batch& batch, bool sync) = 0;
  // Makes every earlier write durable.
  virtual absl::Status Sync() = 0;

  // Returns the value of a key, or nullopt if there is no such key.
  virtual absl::StatusOr<std::optional<std::string>> Get(Family family,
                                                         absl::string_view key) const = 0;
  // Returns one value for each key, in the order of `keys`, and nullopt for keys that do not exist.
  // Reads the state of `view`, or the current state if it is null. Much cheaper than one Get after
  // the other: RocksDB looks up keys of the same block together.
  virtual absl::StatusOr<std::vector<std::optional<std::string>>> MultiGet(
      Family family, absl::Span<const Key> keys, const ReadView* view) const = 0;
  absl::StatusOr<std::vector<std::optional<std::string>>> MultiGet(
      Family family, absl::Span<const Key> keys) const {
    return MultiGet(family, keys, nullptr);
  }
  virtual std::unique_ptr<ReadView> TakeReadView() const = 0;
  // Returns the bytes in memory of writes that are in the log but not in a table file.
  virtual uint64_t WriteBufferBytes() const = 0;
  virtual std::unique_ptr<Cursor> Scan(const Range& range) const = 0;

  // Writes memtables to table files, so that the next open replays no log.
  virtual absl::Status Flush() = 0;
  // Returns the first error of a background flush or compaction, or OK. After such an error the
  // store takes no more writes.
  virtual absl::Status background_error() const = 0;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_DISK_STORE_H_
