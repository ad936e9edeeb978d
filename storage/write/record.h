// Write records: what was asked of a collection, validated and encoded, as plain values.
//
// A record holds everything that decides what a write does, and nothing that depends on the
// process, its threads or the time. Records are put in an order by the commit queue. The planner
// (planner.h) turns each one, together with the state at its place in the order, into changes. So
// two collections that are given the same records in the same order become the same.
//
// A record borrows: ids, payloads, codes and vectors lie in the caller's memory, which waits for
// the commit. OwnedRecord keeps what a record needs besides.
#ifndef TQDB_STORAGE_WRITE_RECORD_H_
#define TQDB_STORAGE_WRITE_RECORD_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "storage/disk/digest.h"
#include "storage/payload/payload_edit.h"
#include "values/field_kind.h"
#include "values/filter.h"
#include "values/sparse_vector.h"
#include "values/types.h"

namespace tqdb::storage {

// The vectors of one space within an upsert.
struct VectorColumn {
  uint32_t space = 0;                 // index in the configuration
  std::vector<int32_t> row_of_point;  // into the rows below; -1: the point has no vector here
  // Row after row. Codes name the version of the mean that they are encoded under.
  absl::string_view codes;      // Codec::code_bytes() each
  absl::string_view originals;  // VectorBytes() each, in stored form; empty if the space keeps none
  // float32 coordinates as they came, little-endian. Only while the space waits for its first mean
  // and keeps no originals: then a later record encodes these rows again (Space::waits_for_mean).
  absl::string_view raw;
};

// The vectors of one sparse space within an upsert.
struct SparseColumn {
  uint32_t space = 0;  // index among the sparse spaces
  std::vector<int32_t> row_of_point;
  std::vector<SparseVectorView> rows;
  std::vector<absl::string_view> encoded;  // the same rows as bytes of the disk
};

struct UpsertRecord {
  absl::Span<const PointId> ids;                 // distinct
  absl::Span<const absl::string_view> payloads;  // one JSON object a point, "" for none; or empty
  std::vector<VectorColumn> vectors;             // every point is in one of these columns
  std::vector<SparseColumn> sparse;
};

struct DeleteRecord {
  absl::Span<const PointId> ids;  // those that do not exist are left out
  // One an id, or empty. A point that has another row by then is not what was to be deleted, and
  // stays.
  absl::Span<const uint64_t> rows;
};

struct EditRecord {
  absl::Span<const PointId> ids;  // distinct; those that do not exist are left out
  PayloadEdit edit;
  std::optional<Filter> condition;  // a point that does not match at its turn is left out
};

// Adopts a mean, or none. Void unless the space still encodes under `base_version` and `version` is
// the next one, so that of several proposals on one base the first in the order wins.
struct MeanRecord {
  uint32_t space = 0;
  uint32_t base_version = 0;  // 0: none
  uint32_t version = 0;       // 0: none, and `mu` is empty
  std::vector<float> mu;      // dim floats
};

struct IndexRecord {
  std::string path;               // KeyPath::ToString
  std::optional<FieldKind> kind;  // none: the index is deleted
};

struct MetadataRecord {
  std::map<std::string, std::string> metadata;
};

// The order of the alternatives is that of RecordKind.
using WriteRecord =
    std::variant<UpsertRecord, DeleteRecord, EditRecord, MeanRecord, IndexRecord, MetadataRecord>;

// Kinds as they are written down; never renumbered.
enum class RecordKind : uint8_t {
  kUpsert = 1,
  kDelete = 2,
  kEdit = 3,
  kMean = 4,
  kIndex = 5,
  kMetadata = 6,
};
inline RecordKind KindOf(const WriteRecord& record) {
  return static_cast<RecordKind>(record.index() + 1);
}

// Returns the digest of what a record says, whatever order its rows lie in.
Digest ContentDigest(const WriteRecord& record);

// A record together with the memory behind its views. May be moved, not copied.
struct OwnedRecord {
  OwnedRecord() = default;
  OwnedRecord(OwnedRecord&&) = default;
  OwnedRecord& operator=(OwnedRecord&&) = default;

  WriteRecord record;
  std::vector<std::unique_ptr<char[]>> buffers;
  std::deque<std::string> texts;
  std::vector<PointId> ids;
  std::vector<uint64_t> rows;
  std::vector<absl::string_view> payloads;
  std::deque<SparseVector> sparse;
};

// The number of points that a record did something to.
struct WriteResult {
  uint64_t inserted = 0;
  uint64_t replaced = 0;
  uint64_t deleted = 0;
  uint64_t edited = 0;
  // Whether a MeanRecord took effect: false when another mean was adopted first.
  bool adopted = false;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_WRITE_RECORD_H_
