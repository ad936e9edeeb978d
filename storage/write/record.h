// Write records: the requests to a collection, validated and encoded, as plain values.
//
// A record holds everything that decides what a write does, and nothing that depends on the
// process, its threads or the time. Records are put in an order by the commit queue. The planner
// (planner.h) turns each one, together with the state at its place in the order, into changes. So
// two collections that are given the same records in the same order become the same.
//
// A record borrows: ids, payloads, codes and vectors lie in the caller's memory, because the caller
// waits for the commit anyway and a copy would cost time. OwnedRecord owns the memory of a record
// that has no such caller, for example one that was decoded.
#ifndef TQDB_STORAGE_WRITE_RECORD_H_
#define TQDB_STORAGE_WRITE_RECORD_H_

#include <cstddef>
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
#include "storage/api/options.h"
#include "storage/disk/digest.h"
#include "storage/payload/payload_edit.h"
#include "values/field_kind.h"
#include "values/filter.h"
#include "values/sparse_vector.h"
#include "values/types.h"

namespace tqdb::storage {

// The vectors of one space within an upsert.
struct VectorColumn {
  uint32_t space = 0;  // index in the configuration
  // Index of each point's row in the bytes below; -1 if the point has no vector here.
  std::vector<int32_t> row_of_point;
  // Codes, row after row, of Codec::code_bytes() each. A code names the version of its mean.
  absl::string_view codes;
  // Originals in stored form, of VectorBytes() each. Empty if the space keeps none.
  absl::string_view originals;
  // Coordinates as the caller gave them: float32, little-endian. Set only while the space waits for
  // its first mean and keeps no originals (Space::waits_for_mean). The record that adopts the mean
  // encodes these rows again.
  absl::string_view raw;
};

// The vectors of one sparse space within an upsert.
struct SparseColumn {
  uint32_t space = 0;                      // index among the sparse spaces
  std::vector<int32_t> row_of_point;       // index of each point's row below; -1 for none
  std::vector<SparseVectorView> rows;      // vectors, for memory
  std::vector<absl::string_view> encoded;  // bytes of each of `rows`, for the disk
};

// Inserts points, or replaces them as a whole, or what the mode says. Mode and condition are
// decided when the record is planned, against the points as they are at its turn.
struct UpsertRecord {
  absl::Span<const PointId> ids;                 // distinct
  absl::Span<const absl::string_view> payloads;  // one JSON object a point, "" for none; or empty
  std::vector<VectorColumn> vectors;             // every point is in one of these columns
  std::vector<SparseColumn> sparse;
  UpsertMode mode = UpsertMode::kUpsert;
  std::optional<Filter> condition = {};  // an existing point that does not match stays as it is

  // Returns whether every point is written, whatever exists.
  bool unconditional() const { return mode == UpsertMode::kUpsert && !condition; }
  // Returns whether planning the record reads existing points.
  bool reads_points() const { return mode == UpsertMode::kUpdateVectors || condition.has_value(); }
};

// Deletes points. An id without a point is left out.
struct DeleteRecord {
  absl::Span<const PointId> ids;
  // Rows in which a filter found the points, one an id; or empty. A point that has another row when
  // the record is planned was replaced since, so it stays.
  absl::Span<const uint64_t> rows;
};

// Edits the payloads of points. An id without a point is left out.
struct EditRecord {
  absl::Span<const PointId> ids;  // distinct
  PayloadEdit edit;
  std::optional<Filter> condition;  // a point that does not match at its turn is left out
};

// Makes a mean the one that new rows are encoded under, or goes back to none. The record takes
// effect only if the space still encodes under `base_version` and `version` is the next one. So the
// first of several proposals on one base wins.
struct MeanRecord {
  uint32_t space = 0;         // index in the configuration
  uint32_t base_version = 0;  // mean in force when the proposal was made; 0 for none
  uint32_t version = 0;       // version of the new mean; 0 for none, and `mu` is empty
  std::vector<float> mu;      // dim floats
};

// Creates or deletes the payload index of a key.
struct IndexRecord {
  std::string path;               // in the form of KeyPath::ToString
  std::optional<FieldKind> kind;  // kind to create; nullopt deletes the index
};

// Replaces the metadata as a whole.
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

// Returns the number of points that have a row in a column.
size_t CountRows(const std::vector<int32_t>& row_of_point);
// Returns row r of `rows` rows of equal size that lie in `bytes` one after another. Returns nothing
// when there are no bytes.
absl::string_view RowBytes(absl::string_view bytes, size_t rows, size_t r);

// Returns the digest of the content of a record. It does not depend on the order in which the rows
// of a column lie in memory: every row is hashed together with its point.
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

// Effect of a record: the number of points that it inserted, replaced, skipped, deleted or edited.
struct WriteResult {
  uint64_t inserted = 0;
  uint64_t replaced = 0;
  uint64_t skipped = 0;  // points of an upsert that its mode or condition left as they were
  uint64_t deleted = 0;
  uint64_t edited = 0;
  // Whether a MeanRecord took effect: false when another mean was adopted first.
  bool adopted = false;
};

}  // namespace tqdb::storage

#endif  // TQDB_STORAGE_WRITE_RECORD_H_
