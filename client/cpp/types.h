// Plain types of the client library: what a caller passes in and gets back. No type of gRPC or
// Protocol Buffers appears here. All are values; the library copies what it keeps.
#ifndef TQDB_CLIENT_CPP_TYPES_H_
#define TQDB_CLIENT_CPP_TYPES_H_

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cpp/filter.h"

namespace tqdb::client {

// Similarity that a vector space ranks by. A score is higher-is-better under every metric.
enum class Metric : uint8_t { kCosine = 1, kDot = 2, kL2 = 3 };
enum class Residual : uint8_t { kNone = 1, kQjl = 2 };
enum class Centering : uint8_t { kOff = 1, kAuto = 2 };
// Which originals the server keeps beside the codes.
enum class StoreVectors : uint8_t { kNone = 1, kF16 = 2, kF32 = 3 };
// When a write is acknowledged: after fsync, or after it reached the operating system.
enum class Durability : uint8_t { kSync = 1, kAsync = 2 };
enum class CollectionStatus : uint8_t { kUnknown = 0, kReady = 1, kReadOnly = 2, kQuarantined = 3 };

// What the index of a payload key serves; values of another type cost speed, never answers.
enum class PayloadIndexKind : uint8_t {
  kUnknown = 0,
  kKeyword = 1,   // strings as a whole
  kInteger = 2,   // match and range of integers
  kFloat = 3,     // match of integers, range of numbers
  kBool = 4,      // booleans
  kDatetime = 5,  // RFC 3339 times
  kText = 6,      // words of strings
};

// What a value of a sparse query is multiplied with, beside the value of the point.
enum class SparseModifier : uint8_t {
  kNone = 1,
  kIdf = 2,  // how rare its index is: ln(1 + (n - f + 0.5) / (f + 0.5)), f of n points having it
};

// Lower-case names, as the command line and JSON spell them; "unknown" for a value outside the
// enum.
absl::string_view MetricName(Metric metric);
absl::string_view ResidualName(Residual residual);
absl::string_view CenteringName(Centering centering);
absl::string_view StoreVectorsName(StoreVectors store);
absl::string_view CollectionStatusName(CollectionStatus status);
absl::string_view PayloadIndexKindName(PayloadIndexKind kind);
absl::string_view SparseModifierName(SparseModifier modifier);

// External identifier of a point: an unsigned integer or a UUID.
class PointId {
 public:
  PointId() = default;  // number 0
  static PointId Number(uint64_t number) { return PointId(number, std::string()); }
  // 36 characters such as "6ba7b810-9dad-11d1-80b4-00c04fd430c8"; kept in lower case.
  // InvalidArgument otherwise.
  static absl::StatusOr<PointId> Uuid(absl::string_view text);
  // Either form: a decimal uint64 or a UUID. InvalidArgument otherwise.
  static absl::StatusOr<PointId> Parse(absl::string_view text);

  bool is_uuid() const { return !uuid_.empty(); }
  uint64_t number() const { return number_; }        // 0 for a UUID
  const std::string& uuid() const { return uuid_; }  // empty for a number
  std::string ToString() const;

  // Numbers first, ascending; then UUIDs. The order in which the server scrolls.
  friend auto operator<=>(const PointId& a, const PointId& b) = default;
  friend bool operator==(const PointId& a, const PointId& b) = default;
  template <typename H>
  friend H AbslHashValue(H h, const PointId& id) {
    return H::combine(std::move(h), id.uuid_, id.number_);
  }

 private:
  PointId(uint64_t number, std::string uuid) : uuid_(std::move(uuid)), number_(number) {}

  std::string uuid_;  // first, so that numbers (no UUID) order before UUIDs
  uint64_t number_ = 0;
};

struct NamedVector {
  std::string name = {};  // of the vector space; empty is the unnamed one
  std::vector<float> values = {};

  friend bool operator==(const NamedVector&, const NamedVector&) = default;
};

// values[i] stands at indices[i]. Indices are distinct, in any order; at most 65,536.
struct SparseVector {
  std::vector<uint32_t> indices = {};
  std::vector<float> values = {};

  friend bool operator==(const SparseVector&, const SparseVector&) = default;
};

struct NamedSparseVector {
  std::string name = {};  // of the sparse space
  SparseVector vector = {};

  friend bool operator==(const NamedSparseVector&, const NamedSparseVector&) = default;
};

// Has at least one vector, of either sort.
struct Point {
  PointId id = {};
  std::vector<NamedVector> vectors = {};
  std::string payload = {};  // a JSON object in UTF-8; empty means none
  std::vector<NamedSparseVector> sparse_vectors = {};

  friend bool operator==(const Point&, const Point&) = default;
};

// How one vector space is stored and searched; frozen at creation.
struct VectorSpaceConfig {
  std::string name = {};  // [A-Za-z0-9_.-]{0,64}
  uint32_t dim = 0;       // 8..16384
  Metric metric = Metric::kCosine;
  uint32_t code_bits = 4;  // 1, 2, 3, 4 or 8
  Residual residual = Residual::kQjl;
  Centering centering = Centering::kAuto;
  StoreVectors store_vectors = StoreVectors::kF32;
  uint64_t seed = 0;  // 0: the server's default
};

// A space of sparse vectors, searched exactly; frozen at creation.
struct SparseSpaceConfig {
  std::string name = {};  // [A-Za-z0-9_.-]{1,64}, not that of a vector space
  SparseModifier modifier = SparseModifier::kNone;
};

struct CollectionConfig {
  std::vector<VectorSpaceConfig> vector_spaces = {};  // one or more, names distinct
  std::map<std::string, std::string> metadata = {};
  std::vector<SparseSpaceConfig> sparse_spaces = {};
};

struct VectorSpaceInfo {
  std::string name;
  uint64_t rows = 0;
  uint64_t memory_bytes = 0;
  uint32_t code_bytes = 0;  // of one vector
  double bits_per_dim = 0;
  double ratio_to_f32 = 0;
  uint32_t mean_versions = 0;
  uint32_t current_mean_version = 0;  // 0: none is subtracted
  uint64_t rows_under_current_mean = 0;
};

struct SparseSpaceInfo {
  std::string name;
  uint64_t rows = 0;
  uint64_t memory_bytes = 0;
};

struct PayloadIndexInfo {
  std::string key;
  PayloadIndexKind kind = PayloadIndexKind::kUnknown;
  uint64_t points = 0;  // that it has seen
  uint64_t memory_bytes = 0;
  bool ready = false;  // it has seen them all
};

struct CollectionInfo {
  std::string name;
  CollectionConfig config;
  CollectionStatus status = CollectionStatus::kUnknown;
  std::string error;  // empty unless read-only or quarantined
  uint64_t points = 0;
  uint64_t sequence = 0;  // writes that the collection was given since it was made
  std::string digest;     // equal for collections that were given the same writes in the same order
  uint64_t disk_bytes = 0;
  uint64_t write_buffer_bytes = 0;  // memory beside memory_bytes: writes not yet in a table file
  uint64_t memory_bytes = 0;
  double disk_bytes_per_point = 0;
  double memory_bytes_per_point = 0;
  std::vector<VectorSpaceInfo> vector_spaces;
  std::vector<SparseSpaceInfo> sparse_spaces;
  std::vector<PayloadIndexInfo> payload_indexes;  // by key
};

struct CollectionPage {
  std::vector<CollectionInfo> collections;
  std::string next_page_token;  // empty on the last page
};

struct UpsertResult {
  uint64_t inserted = 0;
  uint64_t replaced = 0;
};

// What a returned point carries beside its id.
struct Select {
  bool payload = false;
  bool vectors = false;  // of both sorts
};

struct ServerInfo {
  std::string version;
  std::string commit;
  std::string kernels;
  std::string data_directory;
  uint64_t uptime_s = 0;
  uint64_t memory_bytes = 0;
  uint32_t max_batch_points = 0;
  uint32_t max_limit = 0;
  uint64_t max_message_bytes = 0;
};

}  // namespace tqdb::client

#endif  // TQDB_CLIENT_CPP_TYPES_H_
