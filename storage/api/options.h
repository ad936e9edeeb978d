// What a user chooses for a database and its collections, and the limits that hold for all of them.
#ifndef TQDB_STORAGE_API_OPTIONS_H_
#define TQDB_STORAGE_API_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/codec/codec.h"
#include "values/sparse_vector.h"
#include "values/types.h"

namespace tqdb::storage {

enum class StoreVectors : uint8_t { kNone = 1, kF16 = 2, kF32 = 3 };
enum class Durability : uint8_t { kSync = 1, kAsync = 2 };

struct VectorSpaceConfig {
  std::string name;  // empty: the unnamed space
  CodecOptions codec;
  Centering centering = Centering::kAuto;
  StoreVectors store_vectors = StoreVectors::kF32;
};

// Sparse vectors, which are kept and searched as they are.
struct SparseSpaceConfig {
  std::string name;  // not empty, and not that of a vector space
  SparseModifier modifier = SparseModifier::kNone;
};

struct CollectionConfig {
  std::vector<VectorSpaceConfig> spaces;
  std::vector<SparseSpaceConfig> sparse_spaces;
  std::map<std::string, std::string> metadata;
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

struct DatabaseOptions {
  std::string directory;
  size_t block_cache_bytes = size_t{128} << 20;   // shared by all collections
  size_t write_buffer_bytes = size_t{256} << 20;  // shared by all collections
  int background_threads = 2;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_API_OPTIONS_H_
