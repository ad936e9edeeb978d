// Plain types of the client library, for arguments and results. No type of gRPC or Protocol Buffers
// appears here, so a program that uses the client compiles without their headers. All types are
// values; the library copies what it keeps.
#ifndef TQDB_CLIENT_CPP_TYPES_H_
#define TQDB_CLIENT_CPP_TYPES_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "client/cpp/filter.h"
#include "values/types.h"

namespace tqdb::client {

using tqdb::PointId;

// Similarity that a vector space ranks by. A higher score is better under every metric.
enum class Metric : uint8_t { kCosine = 1, kDot = 2, kL2 = 3 };
// Whether codes have one more bit a dimension, for the sign of the residual.
enum class Residual : uint8_t { kNone = 1, kQjl = 2 };
// Whether the server subtracts a mean from vectors while that improves codes.
enum class Centering : uint8_t { kOff = 1, kAuto = 2 };
// Form of the original vectors that the server keeps besides the codes.
enum class StoreVectors : uint8_t { kNone = 1, kF16 = 2, kF32 = 3 };
// When a write is acknowledged: after fsync, or after it reached the operating system.
enum class Durability : uint8_t { kSync = 1, kAsync = 2 };
enum class CollectionStatus : uint8_t {
  kUnknown = 0,
  kReady = 1,
  kReadOnly = 2,
  kQuarantined = 3,
  kUnavailable = 4,
};

// The conditions that the index of a payload key serves. Values of another type make a filter
// slower, never wrong.
enum class PayloadIndexKind : uint8_t {
  kUnknown = 0,
  kKeyword = 1,   // strings as a whole
  kInteger = 2,   // match and range of integers
  kFloat = 3,     // match of integers, range of numbers
  kBool = 4,      // booleans
  kDatetime = 5,  // RFC 3339 times
  kText = 6,      // words of strings
};

// Factor of the values of a sparse query, applied before the dot product is taken.
enum class SparseModifier : uint8_t {
  kNone = 1,  // nothing
  kIdf = 2,   // ln(1 + (n - f + 0.5) / (f + 0.5)), where f of n points have the value's index
};

// Each returns the lower-case name that the command line and JSON use, or "unknown" for other
// values.
absl::string_view MetricName(Metric metric);
absl::string_view ResidualName(Residual residual);
absl::string_view CenteringName(Centering centering);
absl::string_view StoreVectorsName(StoreVectors store);
absl::string_view CollectionStatusName(CollectionStatus status);
absl::string_view PayloadIndexKindName(PayloadIndexKind kind);
absl::string_view SparseModifierName(SparseModifier modifier);

// The vector of a point in one vector space.
struct NamedVector {
  std::string name = {};  // name of the vector space; empty is the unnamed space
  std::vector<float> values = {};

  friend bool operator==(const NamedVector&, const NamedVector&) = default;
};

// A sparse vector: values[i] is the value at indices[i], and all other values are 0. Indices are
// distinct and may come in any order; there are at most 65,536.
struct SparseVector {
  std::vector<uint32_t> indices = {};
  std::vector<float> values = {};

  friend bool operator==(const SparseVector&, const SparseVector&) = default;
};

// The vector of a point in one sparse space.
struct NamedSparseVector {
  std::string name = {};  // name of the sparse space
  SparseVector vector = {};

  friend bool operator==(const NamedSparseVector&, const NamedSparseVector&) = default;
};

// A point: an id, at least one vector of either kind, and a payload.
struct Point {
  PointId id = {};
  std::vector<NamedVector> vectors = {};
  std::string payload = {};  // a JSON object in UTF-8; empty means none
  std::vector<NamedSparseVector> sparse_vectors = {};

  friend bool operator==(const Point&, const Point&) = default;
};

// How one vector space is stored and searched; frozen at creation.
struct VectorSpaceConfig {
  std::string name = {};  // [A-Za-z0-9_.-]{0,64}; empty is the unnamed space
  uint32_t dim = 0;       // number of coordinates, 1 to 16384
  Metric metric = Metric::kCosine;
  uint32_t code_bits = 4;  // bits of a code for one dimension: 1, 2, 3, 4 or 8
  Residual residual = Residual::kQjl;
  Centering centering = Centering::kAuto;
  StoreVectors store_vectors = StoreVectors::kF32;
  uint64_t seed = 0;  // seed of the random rotations; 0: the server's default
};

// A space of sparse vectors, searched exactly; frozen at creation.
struct SparseSpaceConfig {
  std::string name = {};  // [A-Za-z0-9_.-]{1,64}; distinct from the names of all other spaces
  SparseModifier modifier = SparseModifier::kNone;
};

// The spaces of a collection, frozen at creation, and its metadata.
struct CollectionConfig {
  std::vector<VectorSpaceConfig> vector_spaces = {};  // 1 to 16, with distinct names
  std::map<std::string, std::string> metadata = {};   // returned as stored; at most 1 MiB
  std::vector<SparseSpaceConfig> sparse_spaces = {};  // at most 16
};

// Figures of a vector space.
struct VectorSpaceInfo {
  std::string name;
  uint64_t rows = 0;  // number of live vectors
  uint64_t memory_bytes = 0;
  uint32_t code_bytes = 0;               // bytes of the code of one vector
  double bits_per_dim = 0;               // code_bytes * 8 / dim
  double ratio_to_f32 = 0;               // 4 * dim / code_bytes
  uint32_t mean_versions = 0;            // number of means adopted so far
  uint32_t current_mean_version = 0;     // mean that new vectors are encoded under; 0: none
  uint64_t rows_under_current_mean = 0;  // number of live vectors encoded under it
};

// Figures of a sparse space.
struct SparseSpaceInfo {
  std::string name;
  uint64_t rows = 0;  // number of live vectors
  uint64_t memory_bytes = 0;
};

// Figures of the index of a payload key.
struct PayloadIndexInfo {
  std::string key;
  PayloadIndexKind kind = PayloadIndexKind::kUnknown;
  uint64_t points = 0;  // number of points that the index has seen
  uint64_t memory_bytes = 0;
  bool ready = false;  // whether the index has seen all points
  // Number of points with a value that the index cannot hold: one of another type, or a string that
  // is no time.
  uint64_t unheld_points = 0;
};

// Description of a collection. A quarantined one has only name, status, error and disk_bytes.
struct CollectionInfo {
  std::string name;
  CollectionConfig config;
  CollectionStatus status = CollectionStatus::kUnknown;
  std::string error;  // why the collection is read-only or quarantined; else empty
  uint64_t points = 0;
  uint64_t sequence = 0;  // writes that the collection was given since it was made
  std::string digest;     // equal for collections that were given the same writes in the same order
  uint64_t disk_bytes = 0;          // all files, write-ahead log included
  uint64_t write_buffer_bytes = 0;  // writes in memory, not in a table file; not in memory_bytes
  uint64_t memory_bytes = 0;        // all spaces, the id index and the payload indexes
  uint64_t kept_rows = 0;  // rows of replaced or deleted points, in memory for reads in progress
  double disk_bytes_per_point = 0;
  double memory_bytes_per_point = 0;
  std::vector<VectorSpaceInfo> vector_spaces;
  std::vector<SparseSpaceInfo> sparse_spaces;
  std::vector<PayloadIndexInfo> payload_indexes;  // in the order of keys
};

// One page of a list of collections.
struct CollectionPage {
  std::vector<CollectionInfo> collections;
  std::string next_page_token;  // empty on the last page
};

// Counts of an upsert.
struct UpsertResult {
  uint64_t inserted = 0;  // number of points whose id was new
  uint64_t replaced = 0;  // number of points whose id existed, and that were written
  uint64_t skipped = 0;   // number of points that mode or condition left as they were
};

// What an upsert does with points that exist, and with ids that do not.
enum class UpsertMode {
  kUpsert = 1,  // inserts new points, and replaces existing ones as a whole
  kInsert = 2,  // inserts new points, and skips existing ones
  kUpdate = 3,  // replaces existing points as a whole, and skips new ones
  // Sets the given vectors of existing points, and skips new ones. Other vectors and the payload
  // stay; the points must have no payload.
  kUpdateVectors = 4,
};

// Contents of a returned point besides its id.
struct Select {
  bool payload = false;
  bool vectors = false;  // dense and sparse vectors
  // Paths of the parts of the payload to return, and of those to leave out; at most 64 together.
  // Both empty means all. They need `payload`.
  std::vector<std::string> payload_include = {};
  std::vector<std::string> payload_exclude = {};
};

// Description of a server.
struct ServerInfo {
  std::string version;
  std::string commit;              // commit of the sources from which the server was built
  std::string kernels;             // SIMD level of the scan, for example "avx2"
  std::string data_directory;      // path on the server's machine
  uint64_t uptime_s = 0;           // seconds since the start
  uint64_t memory_bytes = 0;       // resident set of the process
  uint32_t max_batch_points = 0;   // limit of the points of one upsert
  uint32_t max_limit = 0;          // limit of limit + offset of a search
  uint64_t max_message_bytes = 0;  // limit of one request and of one response
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CPP_TYPES_H_
