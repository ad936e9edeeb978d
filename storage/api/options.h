// Options of a database and its collections, and the limits that hold for all of them.
//
// The configuration of a collection is fixed when it is created, except for its metadata: codes and
// keys on disk depend on the rest.
#ifndef TQDB_STORAGE_API_OPTIONS_H_
#define TQDB_STORAGE_API_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "core/codec/codec.h"
#include "values/sparse_vector.h"
#include "values/types.h"

namespace tqdb::storage {

// Form in which a space keeps original vectors besides their codes. Originals serve exact search,
// reranking and re-encoding. They lie on disk alone: none, 2 or 4 bytes a coordinate. The numbers
// are written to disk and never change.
enum class StoreVectors : uint8_t { kNone = 1, kF16 = 2, kF32 = 3 };
// Point at which a write is acknowledged: after an fsync, or once the log has it in the page cache.
// An asynchronous write survives a crash of the process, but not one of the machine.
enum class Durability : uint8_t { kSync = 1, kAsync = 2 };

// What an upsert does with points that exist, and with ids that do not. Numbers are those of the
// format of records (write/record_format.h).
enum class UpsertMode : uint8_t {
  kUpsert = 1,  // inserts new points, and replaces existing ones as a whole
  kInsert = 2,  // inserts new points, and skips existing ones
  kUpdate = 3,  // replaces existing points as a whole, and skips new ones
  // Sets the given vectors of existing points, and skips new ones. Other vectors and the payload
  // stay.
  kUpdateVectors = 4,
};

struct VectorSpaceConfig {
  std::string name;  // empty: the unnamed space
  CodecOptions codec;
  Centering centering = Centering::kAuto;
  StoreVectors store_vectors = StoreVectors::kF32;
};

// A space of sparse vectors. They are kept and searched as they are, without a codec.
struct SparseSpaceConfig {
  std::string name;  // not empty, and different from the names of the vector spaces
  SparseModifier modifier = SparseModifier::kNone;
};

struct CollectionConfig {
  std::vector<VectorSpaceConfig> spaces;
  std::vector<SparseSpaceConfig> sparse_spaces;
  std::map<std::string, std::string> metadata;  // the user's own texts, without a meaning here
};

// Limits, together so that their relations can be seen.
inline constexpr size_t kMaxNameBytes = 64;  // of a collection or a space
inline constexpr size_t kMaxSpaces =
    16;  // of one collection, of vectors and of sparse vectors each
inline constexpr size_t kMaxMetadataBytes = 1 << 20;
inline constexpr size_t kMaxBatchPoints = 10'000;    // of one upsert, delete or get
inline constexpr size_t kMaxPayloadBytes = 1 << 20;  // of one point
inline constexpr size_t kMaxTopK = 10'000;
inline constexpr size_t kMaxQueries = 1'000;  // of one batch search

// State of a collection. A read-only one serves reads after a failed write. A quarantined one is
// damaged, and refuses every call. An unavailable one could not be opened for a reason that passes:
// a full disk, too few descriptors or too little memory, missing rights, a volume that is not
// mounted. It refuses every call for now. Collections that are read-only or unavailable for such a
// reason are opened again, by themselves, once it has passed.
enum class CollectionStatus { kReady, kReadOnly, kQuarantined, kUnavailable };

// How a collection is doing, and why it is not ready.
struct CollectionHealth {
  std::string name;
  CollectionStatus status;
  std::string error;  // empty when it is ready
};

struct DatabaseOptions {
  std::string directory;                          // made if it does not exist
  size_t block_cache_bytes = size_t{128} << 20;   // shared by all collections
  size_t write_buffer_bytes = size_t{256} << 20;  // shared by all collections
  int background_threads = 2;                     // flushes and compactions of RocksDB
  // Pause between two looks at the health of the collections. One that lacks something is opened
  // again after this time; after each attempt that fails, the pause is twice as long, up to 32
  // times this one. Infinite: never.
  absl::Duration health_interval = absl::Seconds(1);
  // Called from a thread of the database when a collection has got another status or error than at
  // the open, or at the last call. Must not call the database.
  std::function<void(const CollectionHealth&)> on_health = nullptr;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_API_OPTIONS_H_
